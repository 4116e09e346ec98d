// What can and what can't be done with a topic that no Kafka has.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/system/system.h"

namespace kseek::testing {
namespace {

using ::testing::HasSubstr;

std::string line_of(int64_t offset, const std::string& payload, const Json& headers) {
  const Json message{{"topic", "dump"}, {"partition", 0}, {"offset", offset},   {"tstype", "create"},
                     {"ts", 1'000'000}, {"key", "k"},     {"headers", headers}, {"payload", payload}};
  return message.dump() + "\n";
}

TEST(ImportedTopic, GetSaysWhatIsCutAndWhatIsADeadLetter) {
  const TempDir dir;
  write_file(dir.file("dump.json"), line_of(0, "small", Json::array()) +
                                        line_of(1, std::string(11'000'000, 'x'), Json::array()) +
                                        line_of(2, "v", {"large", std::string(3'000'000, 'h'), "small", "s"}));
  const std::string data = dir.file("data");
  const Finished imported = kseek({"import", "dump", dir.file("dump.json"), "--data-dir", data});
  ASSERT_EQ(imported.code, 0) << imported.err;
  const auto get = [&](const char* offset) { return kseek({"get", "dump", "0", offset, "--data-dir", data}); };
  EXPECT_EQ(get("0").code, 0);
  EXPECT_EQ(get("0").err, "");
  EXPECT_EQ(get("1").code, 1);
  EXPECT_THAT(get("1").err, HasSubstr("partition 0, offset 1 of topic \"dump\" is a dead letter: "));
  EXPECT_THAT(get("1").err, HasSubstr("kseek dead-letters dump"));
  const Finished cut = get("2");
  EXPECT_EQ(cut.code, 0);
  EXPECT_THAT(cut.err, HasSubstr("too long to be shown whole"));
  EXPECT_EQ(Json::parse(cut.out)["headers"].size(), 2U);
  EXPECT_EQ(kseek({"get", "dump", "0", "2", "--value", "--data-dir", data}).err, "");
  EXPECT_THAT(get("3").err, HasSubstr("not taken in yet"));
}

TEST(ImportedTopic, TakesNoTestMessages) {
  const TempDir dir;
  write_file(dir.file("dump.json"), line_of(0, "small", Json::array()));
  Process broker(kseek_arguments({"broker", "--topic", "dump:1"}));
  const std::string address = broker.read_line().value_or("");
  ASSERT_EQ(kseek({"import", "dump", dir.file("dump.json"), "--data-dir", dir.file("data")}).code, 0);
  const ServerProcess server(dir.file("data"), address);
  ASSERT_TRUE(server.ready());
  const RawAnswer refused = server.call("POST", "/api/v1/topics/dump/messages", R"({"value":"lost"})");
  EXPECT_EQ(refused.status, 409) << refused.body;
  EXPECT_THAT(refused.body, HasSubstr("was imported"));
  const Finished sent = kseek({"send", "dump", "--value", "lost", "--server", server.url()});
  EXPECT_EQ(sent.code, 1);
  EXPECT_THAT(sent.err, HasSubstr("was imported"));
}

}  // namespace
}  // namespace kseek::testing
