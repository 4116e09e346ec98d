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

TEST(ImportedTopic, AnImportThatEndsEarlySaysWhatIsLoadedAndHowToGoOn) {
  const TempDir dir;
  const std::vector<std::string> import{"import", "dump", dir.file("a"), dir.file("b"), "--data-dir", dir.file("data")};
  const std::string good = line_of(2, "z", Json::array());
  write_file(dir.file("a"), line_of(0, "x", Json::array()) + line_of(1, "y", Json::array()));
  write_file(dir.file("b"), good + "{\n");
  const Finished broken = kseek(import);
  EXPECT_EQ(broken.code, 1);
  EXPECT_THAT(broken.err, HasSubstr(dir.file("b") + ", line 2: "));
  EXPECT_THAT(broken.err, HasSubstr("3 messages of this import are in topic \"dump\" and durable; when that is mended, "
                                    "give the same command again"));
  write_file(dir.file("b"), good);
  EXPECT_THAT(kseek(import).out, HasSubstr("0 messages imported (0 bytes), 3 there already"));

  const std::vector<std::string> unnumbered{"import", "other", "-", "--data-dir", dir.file("data")};
  const Finished doubling = kseek(unnumbered, "{\"payload\":\"x\"}\n{\n");
  EXPECT_THAT(doubling.err, HasSubstr("1 message of this import is in topic \"other\" and durable; lines without an "
                                      "offset would be doubled"));
  const Finished late = kseek({"import", "dump", "-", "--data-dir", dir.file("data")},
                              line_of(9, "x", Json::array()) + line_of(5, "x", Json::array()));
  EXPECT_THAT(late.err, HasSubstr("1 message of this import is in topic \"dump\" and durable\n"));
}

TEST(ImportedTopic, AnImportOnAFullDiskSaysWhatIsLoadedAndHowToGoOn) {
  const TempDir dir;
  std::string dump;
  for (int offset = 0; offset < 2'000; ++offset) dump += line_of(offset, "x", Json::array());
  write_file(dir.file("dump"), dump);
  const auto import = kseek_arguments({"import", "dump", dir.file("dump"), "--data-dir", dir.file("data")});
  std::vector<std::string> failing{"env", "KSEEK_FAULT=seal.before_commit:ENOSPC:3+"};  // two blocks of 512 messages
  failing.insert(failing.end(), import.begin(), import.end());
  const Finished full = run(failing);
  EXPECT_EQ(full.code, 1);
  EXPECT_THAT(full.err, HasSubstr("1024 messages of this import are in topic \"dump\" and durable; 976 more could not "
                                  "be written and are not; when that is mended, give the same command again"));
  EXPECT_THAT(run(import).out, HasSubstr("976 messages imported (1952 bytes), 1024 there already"));
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
