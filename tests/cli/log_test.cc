// Lines of the log: what of them becomes a field.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "cli/log_setup.h"
#include "cli/text_table.h"

namespace kseek::cli {
namespace {

using ::testing::HasSubstr;

TEST(LogSubject, IsTakenFromTheBeginning) {
  const LogSubject topic = subject_of("topic orders: Kafka has it again");
  EXPECT_EQ(topic.topic, "orders");
  EXPECT_EQ(topic.partition, "");
  EXPECT_EQ(topic.text, "Kafka has it again");
  const LogSubject partition = subject_of("topic a.b-c, partition 12: reset: to 4");
  EXPECT_EQ(partition.topic, "a.b-c");
  EXPECT_EQ(partition.partition, "12");
  EXPECT_EQ(partition.text, "reset: to 4");
  const LogSubject job = subject_of("job 7: done");
  EXPECT_EQ(job.job, "7");
  EXPECT_EQ(job.text, "done");
}

TEST(LogSubject, OtherLinesStayWhole) {
  for (const char* line : {"serving /data at http://127.0.0.1:1", "topic", "topic :", "topic orders", "job x: y", "",
                           "topic two words: x", "topic orders, partition x: y", "job 7 can't be noted: disk full"}) {
    const LogSubject subject = subject_of(line);
    EXPECT_EQ(subject.text, line);
    EXPECT_EQ(subject.topic, "") << line;
    EXPECT_EQ(subject.job, "") << line;
  }
}

TEST(TextTable, FitsTheTerminal) {
  const Rows rows{{"TOPIC", "REASON"}, {"orders", std::string(100, 'x')}, {"宽字符宽字符", "短"}};
  for (const int columns : {20, 40, 79}) {
    const std::string table = text_table(rows, columns);
    EXPECT_THAT(table, HasSubstr("…"));
    size_t begin = 0;
    for (size_t end = 0; (end = table.find('\n', begin)) != std::string::npos; begin = end + 1) {
      int wide = 0;  // as a terminal counts: a Chinese character is two columns wide, and three bytes long
      for (size_t i = begin; i < end; ++i) {
        const auto byte = static_cast<unsigned char>(table[i]);
        if ((byte & 0xc0U) != 0x80) wide += byte >= 0xe3 ? 2 : 1;
      }
      EXPECT_LE(wide, columns) << table;
    }
  }
  EXPECT_THAT(text_table(rows, 1000), HasSubstr(std::string(100, 'x')));
}

TEST(MillisecondsText, IsNeverAZeroThatIsNone) {
  EXPECT_EQ(milliseconds_text(1234.4), "1234 ms");
  EXPECT_EQ(milliseconds_text(3.44), "3.4 ms");
  EXPECT_EQ(milliseconds_text(0.25), "0.25 ms");
  EXPECT_EQ(milliseconds_text(0.0042), "0.004 ms");
  EXPECT_EQ(milliseconds_text(0.0002), "under 0.001 ms");
  EXPECT_EQ(milliseconds_text(0), "0.00 ms");
}

}  // namespace
}  // namespace kseek::cli
