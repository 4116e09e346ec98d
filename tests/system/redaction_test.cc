// The real program and a broker: what rules of redaction take out is in no file, answer, log, metric or list, nor in
// what is sent on; and rules that are changed while it serves.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <csignal>
#include <fstream>
#include <iterator>

#include "tests/system/system.h"

namespace kseek::testing {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

// Words that nothing else holds, each in a place of its own.
constexpr const char* kInField = "Zq7Xw4Kv9Bn2Rt";
constexpr const char* kInText = "4929518374650192";
constexpr const char* kInHeader = "Yp3Lm8Hd6Gs1Fc";
constexpr const char* kInKey = "Ju5Ew0Qa4Zx9Vb";
constexpr const char* kInBroken = "Oi2Kj7Nm3Tg8Ry";
const std::vector<std::string> kSecrets{kInField, kInText, kInHeader, kInKey, kInBroken};

std::string rules_of(const std::string& topic) {
  return "[[redact]]\ntopics = \"" + topic + "\"\nfield = \"card.number\"\n" + "[[redact]]\ntopics = \"" + topic +
         "\"\nfield = \"user\"\nin = \"key\"\n" + "[[redact]]\ntopics = \"" + topic + "\"\nregex = '\\b\\d{16}\\b'\n" +
         "[[redact]]\ntopics = \"" + topic + "\"\nheader = \"authorization\"\n";
}

/// Everything in the directory's files, as bytes.
std::string bytes_below(const std::string& directory) {
  std::string bytes;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(directory)) {
    if (!entry.is_regular_file()) continue;
    std::ifstream file(entry.path(), std::ios::binary);
    bytes.append(std::istreambuf_iterator<char>(file), {});
  }
  return bytes;
}

std::vector<std::string> secrets_in(const std::string& text) {
  std::vector<std::string> found;
  for (const std::string& secret : kSecrets) {
    if (text.find(secret) != std::string::npos) found.push_back(secret);
  }
  return found;
}

/// Messages with each secret in its place, and one that is no JSON.
void send_secrets(const std::string& broker, const std::string& topic) {
  const std::string key = std::string(R"({"user":")") + kInKey + "\"}";
  std::string lines;
  for (int i = 0; i < 50; ++i) {
    lines += key + "\t" + R"({"card":{"number":")" + kInField + R"("},"text":"paid with )" + kInText + R"(","n":)" +
             std::to_string(i) + "}\n";
  }
  lines += key + "\t" + R"({"card":{"number":")" + kInBroken + "\n";
  const Finished sent = run(
      {"kcat", "-P", "-b", broker, "-t", topic, "-p", "0", "-K", "\t", "-H", std::string("Authorization=") + kInHeader},
      lines);
  ASSERT_EQ(sent.code, 0) << sent.err;
}

/// All that the server says of the topic, also whether its index knows the secrets.
std::string answers_about(const ServerProcess& server, const std::string& topic) {
  const std::string path = "/api/v1/topics/" + topic;
  std::string seen;
  const auto ask = [&](const std::string& target) {
    const RawAnswer answer = server.get(target);
    EXPECT_EQ(answer.status, 200) << target;
    seen += answer.body;
    for (const auto& [name, value] : answer.headers) seen += name + ": " + value + "\n";
  };
  for (const std::string& target :
       {path, path + "/progress", path + "/dead-letters", path + "/messages?partition=0&offset=0",
        path + "/messages/0/0/key", path + "/messages/0/0/value", std::string("/metrics"),
        "/api/v1/search?topic=" + topic + "&limit=10&explain=1"}) {
    ask(target);
  }
  for (int i = 0; i < 50; i += 7) ask(path + "/messages/0/" + std::to_string(i));
  return seen;
}

uint64_t hits_of(const ServerProcess& server, const std::string& topic, const std::string& word) {
  return server.get("/api/v1/search?topic=" + topic + "&q=" + word).json()["hits"].size();
}

/// What finds the secrets that whole messages hold.
std::vector<std::string> queries() {
  return {kInField, kInText, kInKey, std::string("header.Authorization:") + kInHeader};
}

class Redacted : public ::testing::Test {
 protected:
  void SetUp() override {
    broker_ = std::make_unique<Process>(
        kseek_arguments({"broker", "--topic", "cards:1", "--topic", "plain:1", "--topic", "letters:1"}));
    address_ = broker_->read_line().value_or("");
  }
  void start(const std::string& rules) {
    write_file(config(),
               "[log]\nlevel = \"debug\"\n[server]\naccess_log = true\n[store]\nblock_max_messages = 16\n" + rules);
    server_ = std::make_unique<ServerProcess>(dir_.file("data"), address_, config());
    ASSERT_TRUE(server_->ready()) << server_->process().errors();
  }
  void open(const std::string& topic) {
    const Json body{{"topic", topic}, {"require", "json"}, {"dead_letter_topic", "letters"}};
    ASSERT_EQ(server_->call("POST", "/api/v1/topics", body.dump()).status, 201);
  }
  void wait_for(const std::string& topic, int64_t messages) {
    ASSERT_TRUE(eventually([&] { return server_->taken_in(topic) >= messages; })) << server_->process().errors();
  }
  [[nodiscard]] bool log_has(const std::string& text) const {
    return eventually([&] { return server_->process().errors().find(text) != std::string::npos; });
  }
  [[nodiscard]] std::string config() const { return dir_.file("kseek.toml"); }

  TempDir dir_;
  std::unique_ptr<Process> broker_;
  std::string address_;
  std::unique_ptr<ServerProcess> server_;
};

TEST_F(Redacted, NothingOfItIsAnywhere) {
  start(rules_of("cards"));
  open("cards");
  send_secrets(address_, "cards");
  wait_for("cards", 50);
  ASSERT_TRUE(
      eventually([&] { return !server_->get("/api/v1/topics/cards/dead-letters").json()["dead_letters"].empty(); }));
  // Sent on: one letter, of the message that no rule of a field could read.
  const Finished sent_on = run({"timeout", "60", "kcat", "-C", "-b", address_, "-t", "letters", "-c", "1", "-o",
                                "beginning", "-f", "%k %s %h\n"});
  EXPECT_EQ(sent_on.code, 0) << sent_on.err;
  EXPECT_THAT(sent_on.out, HasSubstr("*** "));
  EXPECT_THAT(sent_on.out, HasSubstr("kseek.redacted=key,value,headers"));
  EXPECT_THAT(secrets_in(sent_on.out), IsEmpty()) << sent_on.out;
  const std::string answers = answers_about(*server_, "cards");
  EXPECT_THAT(secrets_in(answers), IsEmpty());
  EXPECT_THAT(answers, HasSubstr("kseek_topic_messages_redacted_total{topic=\"cards\"} 51"));
  for (const std::string& query : queries()) EXPECT_EQ(hits_of(*server_, "cards", query), 0U) << query;
  EXPECT_EQ(hits_of(*server_, "cards", "header.kseek.redacted:*"), 10U);
  EXPECT_THAT(secrets_in(bytes_below(dir_.file("data"))), IsEmpty()) << "while it runs";
  ASSERT_EQ(server_->call("POST", "/api/v1/topics/cards/reindex", R"({"source":"kafka"})").status, 202);
  ASSERT_TRUE(eventually([&] { return server_->get("/api/v1/jobs/1").json()["state"] == "done"; }));
  EXPECT_THAT(secrets_in(answers_about(*server_, "cards")), IsEmpty());
  server_->process().signal(SIGTERM);
  ASSERT_EQ(server_->process().wait(), 0);
  EXPECT_THAT(secrets_in(bytes_below(dir_.file("data"))), IsEmpty()) << "sealed and indexed";
  EXPECT_THAT(secrets_in(server_->process().errors()), IsEmpty());
}

/// The same without rules: each place in which it was looked for shows it.
TEST_F(Redacted, WhichIsSeenWithoutRules) {
  start(rules_of("cards"));
  open("plain");
  send_secrets(address_, "plain");
  wait_for("plain", 50);
  EXPECT_EQ(secrets_in(answers_about(*server_, "plain")), kSecrets);
  const Finished sent_on = run({"timeout", "60", "kcat", "-C", "-b", address_, "-t", "letters", "-c", "1", "-o",
                                "beginning", "-f", "%k %s %h\n"});
  EXPECT_THAT(sent_on.out, HasSubstr(kInBroken));
  for (const std::string& query : queries()) EXPECT_EQ(hits_of(*server_, "plain", query), 10U) << query;
  server_->process().signal(SIGTERM);
  ASSERT_EQ(server_->process().wait(), 0);
  EXPECT_THAT(secrets_in(bytes_below(dir_.file("data"))), Not(IsEmpty()));
}

TEST_F(Redacted, RulesAreReadAgainOnSighup) {
  start("");
  ASSERT_EQ(server_->call("POST", "/api/v1/topics", R"({"topic":"cards"})").status, 201);
  const auto send = [&](const std::string& value, int64_t messages) {
    ASSERT_EQ(run({"kcat", "-P", "-b", address_, "-t", "cards", "-p", "0"}, value + "\n").code, 0);
    wait_for("cards", messages);
  };
  send(kInText, 1);
  EXPECT_EQ(hits_of(*server_, "cards", kInText), 1U);
  const std::string head = "[log]\nlevel = \"debug\"\n[server]\naccess_log = true\n[store]\nblock_max_messages = 16\n";
  write_file(config(), head + rules_of("cards"));
  server_->process().signal(SIGHUP);
  EXPECT_TRUE(log_has("[[redact]] new: field card.number of cards")) << server_->process().errors();
  EXPECT_TRUE(log_has("[[redact]] new: a regular expression of cards"));
  EXPECT_TRUE(log_has("reloaded [[redact]]: 4 rules"));
  send(kInText, 2);
  EXPECT_EQ(hits_of(*server_, "cards", kInText), 1U) << "the one from before";
  // A file with an error changes nothing, and says where the error is.
  write_file(config(), head + "[[redact]]\ntopics = \"cards\"\nregex = '('\n");
  server_->process().signal(SIGHUP);
  EXPECT_TRUE(log_has("the configuration is not reloaded: " + config() + ", line 7")) << server_->process().errors();
  send(kInText, 3);
  EXPECT_EQ(hits_of(*server_, "cards", kInText), 1U);
  write_file(config(), head);
  server_->process().signal(SIGHUP);
  EXPECT_TRUE(log_has("[[redact]] gone: header authorization of cards"));
  EXPECT_TRUE(log_has("reloaded [[redact]]: 0 rules"));
  send(kInText, 4);
  EXPECT_EQ(hits_of(*server_, "cards", kInText), 2U);
  EXPECT_THAT(server_->process().errors(), Not(HasSubstr("d{16}"))) << "an expression may be a secret itself";
}

}  // namespace
}  // namespace kseek::testing
