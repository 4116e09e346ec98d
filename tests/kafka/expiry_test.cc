// What Kafka no longer has is not found any more: records deleted, retention by size and time, compaction.
#include <set>

#include "base/time.h"
#include "tests/kafka/kafka_test.h"

namespace kseek::kafka_test {
namespace {

class Expiry : public KafkaTest {
 protected:
  /// Answers hold exactly the offsets from Kafka's low watermark to its high one.
  void expect_what_kafka_has() {
    Admin::Watermarks marks;
    Answer last;
    EXPECT_TRUE(eventually([&] {
      marks = admin->watermarks(topic, 0);
      last = search();
      return last.complete && admin->watermarks(topic, 0).low == marks.low && last.offsets() == range(marks);
    })) << last.why_not
        << " Kafka has " << marks.low << " to " << marks.high << ", found " << last.hits.size() << " from "
        << (last.hits.empty() ? -1 : last.hits.front().offset);
  }

  static std::vector<int64_t> range(const Admin::Watermarks& marks) {
    std::vector<int64_t> all;
    for (int64_t offset = marks.low; offset < marks.high; ++offset) all.push_back(offset);
    return all;
  }
};

TEST_F(Expiry, DeletedRecordsVanishFromAnswers) {
  create(1);
  send_many(200);
  start();
  open();
  ASSERT_TRUE(eventually([this] { return search().hits.size() == 200; }));
  ASSERT_OK(admin->delete_records(topic, 0, 150));
  const auto deleted = std::chrono::steady_clock::now();
  ASSERT_TRUE(eventually([this] { return search().hits.size() == 50; }));
  const auto took = std::chrono::steady_clock::now() - deleted;
  EXPECT_LT(took, options.watermark_interval + milliseconds(1'000));
  expect_what_kafka_has();
  EXPECT_TRUE(search("m149").hits.empty());
  EXPECT_EQ(search("m150").hits.size(), 1U);
  ASSERT_OK(admin->delete_records(topic, 0, 200));
  expect_found({});
  send("after");
  expect_found({"after"});
}

TEST_F(Expiry, DeletedRecordsThatWereNotTakenInYet) {
  create(1);
  send_many(10, "old");
  start();
  open();
  ASSERT_TRUE(eventually([this] { return search().hits.size() == 10; }));
  ASSERT_OK(indexer->pause_topic(topic));
  send_many(10, "gone");
  send_many(3, "kept");
  ASSERT_OK(admin->delete_records(topic, 0, 20));
  ASSERT_OK(indexer->resume_topic(topic));
  expect_found(numbered(3, "kept"));
  EXPECT_TRUE(eventually([this] { return status().state == TopicState::kRunning; })) << status().reason;
}

TEST_F(Expiry, EverythingDeletedWhileStopped) {
  create(1);
  send_many(10, "old");
  start();
  open();
  ASSERT_TRUE(eventually([this] { return search().hits.size() == 10; }));
  stop();
  send_many(5, "unseen");
  ASSERT_OK(admin->delete_records(topic, 0, 15));
  start();
  expect_found({});
  send("after");
  expect_found({"after"});
}

TEST_F(Expiry, RetentionBySize) {
  create(1, {{"segment.bytes", "65536"}, {"retention.bytes", "262144"}, {"compression.type", "uncompressed"}});
  const std::string filler(4'000, 'x');
  renew_producer({{"batch.size", "16384"}});  // a batch fits into a segment
  start();
  open();
  for (int round = 0; round < 5; ++round) send_many(40, "r" + std::to_string(round) + "n", " " + filler);
  ASSERT_TRUE(eventually([this] { return admin->watermarks(topic, 0).low > 100; }));
  expect_what_kafka_has();
  EXPECT_TRUE(search("r0n0").hits.empty());
  EXPECT_EQ(search("r4n39").hits.size(), 1U);
}

TEST_F(Expiry, RetentionByTimeAndItsChange) {
  create(1, {{"segment.ms", "200"}, {"retention.ms", "86400000"}});
  for (int i = 0; i < 20; ++i) {
    OutgoingMessage message = message_of(topic, 0, "m" + std::to_string(i));
    message.timestamp = Timestamp{now().ms - 7'200'000};
    send(message);
  }
  start();
  open();
  expect_found(numbered(20));
  ASSERT_OK(admin->configure_topic(topic, {{"segment.ms", "200"}, {"retention.ms", "3600000"}}));
  send("young");
  ASSERT_TRUE(eventually([this] { return admin->watermarks(topic, 0).low == 20; }));
  expect_found({"young"});
}

/// Compaction removes offsets in the middle, and the low watermark doesn't say so.
TEST_F(Expiry, Compaction) {
  create(1, {{"cleanup.policy", "compact"},
             {"segment.ms", "100"},
             {"min.cleanable.dirty.ratio", "0.01"},
             {"delete.retention.ms", "0"}});
  const auto send_keyed = [this](const std::string& key, const std::string& value) {
    OutgoingMessage message = message_of(topic, 0, value);
    message.key = key;
    return send(message);
  };
  start();
  open();
  for (int round = 0; round < 3; ++round) {
    for (int key = 0; key < 5; ++key) send_keyed("key" + std::to_string(key), "round" + std::to_string(round));
  }
  ASSERT_TRUE(eventually([this] { return search().hits.size() == 15; }));
  // A segment is rolled, and then cleaned, when messages come after its time.
  std::vector<int64_t> kept;
  int64_t last = 0;
  ASSERT_TRUE(eventually([&] {
    last = send_keyed("roller", "roll");
    kept = admin->read_all(topic, 0);
    return !kept.empty() && kept.front() == 10;
  }));
  // Opened before: what was taken in stays, until Kafka's low watermark passes it.
  EXPECT_EQ(search("round0").hits.size(), 5U);
  // Taken in afterwards: the gaps are no lag.
  ASSERT_OK(indexer->close_topic(topic));
  open();
  wait_caught_up();
  ASSERT_TRUE(eventually([&] {
    const Answer all = search();
    return all.complete && !all.hits.empty() && all.hits.back().offset == last;
  })) << search().why_not;
  EXPECT_TRUE(search("round0").hits.empty());
  EXPECT_TRUE(search("round1").hits.empty());
  EXPECT_EQ(search("round2").offsets(), (std::vector<int64_t>{10, 11, 12, 13, 14}));
  EXPECT_TRUE(eventually([this] { return status().state == TopicState::kRunning && status().lag == 0; }));
}

}  // namespace
}  // namespace kseek::kafka_test
