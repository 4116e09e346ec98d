// Tokens, roles and topic patterns: the file, and every route with every kind of token.
#include "server/access.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <algorithm>
#include <fstream>
#include <sstream>
#include <thread>

#include "tests/server/event_reader.h"
#include "tests/server/world.h"

namespace kseek::testing {
namespace {

using server::Role;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

/// A file of tokens, and the tokens.
class TokenFile {
 public:
  std::string add(const std::string& name, Role role, const std::string& topics) {
    auto made = server::make_token(name, role, server::parse_topic_patterns(topics).value()).value();
    records_.push_back(made.record);
    write();
    return made.token;
  }
  void remove(const std::string& name) {
    std::erase_if(records_, [&](const server::TokenRecord& r) { return r.name == name; });
    write();
  }
  [[nodiscard]] std::string path() const { return dir_.file("tokens"); }
  [[nodiscard]] std::string text() const {
    std::ostringstream out;
    out << std::ifstream(path()).rdbuf();
    return out.str();
  }

 private:
  void write() { ASSERT_TRUE(server::write_tokens(path(), records_)); }
  TempDir dir_;
  std::vector<server::TokenRecord> records_;
};

server::ServerOptions with_tokens(const TokenFile& file) {
  server::ServerOptions options;
  options.listen = "127.0.0.1:0";
  options.tokens_file = file.path();
  return options;
}

TEST(Tokens, AFileKeepsOnlyHashes) {
  TokenFile file;
  const std::string alice = file.add("alice", Role::kSearch, "orders.*,logs-*");
  const std::string bob = file.add("bob", Role::kOperate, "*");
  EXPECT_TRUE(alice.starts_with("kseek_"));
  EXPECT_EQ(alice.size(), 6U + 43U);
  EXPECT_NE(alice, bob);
  EXPECT_THAT(file.text(), Not(HasSubstr(alice.substr(6))));
  const auto read = server::read_tokens(file.path());
  ASSERT_TRUE(read);
  ASSERT_EQ(read->size(), 2U);
  EXPECT_EQ((*read)[0].name, "alice");
  EXPECT_EQ((*read)[0].role, Role::kSearch);
  EXPECT_THAT((*read)[0].topics, ElementsAre("orders.*", "logs-*"));
  EXPECT_TRUE(server::fits((*read)[0], alice));
  EXPECT_FALSE(server::fits((*read)[0], bob));
  EXPECT_FALSE(server::fits((*read)[0], alice.substr(0, alice.size() - 1)));
  EXPECT_FALSE(server::fits((*read)[0], ""));
  struct stat state {};
  ASSERT_EQ(stat(file.path().c_str(), &state), 0);
  EXPECT_EQ(state.st_mode & 0777, 0600U);
  ASSERT_EQ(chmod(file.path().c_str(), 0620), 0);
  const auto shared = server::read_tokens(file.path());
  ASSERT_FALSE(shared);
  EXPECT_THAT(shared.error().hint, HasSubstr("chmod go-w"));
}

TEST(Tokens, WhatIsWrongIsSaidByLineAndNotShown) {
  const std::string salt(32, 'a');
  const std::string hash(64, 'b');
  EXPECT_TRUE(server::parse_tokens("# nothing\n\n"));
  EXPECT_TRUE(server::parse_tokens("a search * " + salt + " " + hash + "  # Alice\n"));
  for (const std::string& wrong :
       {"a search * " + salt, "a search * " + salt + " " + hash + "00", "a search * zz" + salt.substr(2) + " " + hash,
        "a searcher * " + salt + " " + hash, "a search a,,b " + salt + " " + hash, "a search a/b " + salt + " " + hash,
        "a!b search * " + salt + " " + hash, "a search * " + salt + " " + hash + " more"}) {
    const auto refused = server::parse_tokens("# first\n" + wrong + "\n");
    ASSERT_FALSE(refused) << wrong;
    EXPECT_EQ(refused.error().code, ErrorCode::kInvalid);
    EXPECT_THAT(refused.error().message, HasSubstr("line 2"));
    EXPECT_THAT(describe(refused.error()), Not(HasSubstr(salt.substr(2))));
  }
  const std::string line = "a search * " + salt + " " + hash + "\n";
  EXPECT_THAT(server::parse_tokens(line + line).error().message, HasSubstr("two tokens"));
  std::string many;
  for (size_t i = 0; i <= server::kMaxTokens; ++i) many += "n" + std::to_string(i) + line.substr(1);
  EXPECT_FALSE(server::parse_tokens(many));
  EXPECT_FALSE(server::make_token("a b", Role::kSearch, {"*"}));
  EXPECT_FALSE(server::make_token(std::string(65, 'a'), Role::kSearch, {"*"}));
}

/// A world with two topics, "orders" and "secret", a message in each, and tokens for orders alone.
class AccessTest : public ::testing::Test {
 protected:
  void SetUp() override {
    metrics_ = file_.add("prometheus", Role::kMetrics, "*");
    search_ = file_.add("alice", Role::kSearch, "ord*");
    operate_ = file_.add("bob", Role::kOperate, "ord*");
    root_ = file_.add("root", Role::kOperate, "*");
    world_ = std::make_unique<World>(with_tokens(file_));
    for (const char* topic : {"orders", "secret"}) {
      ASSERT_TRUE(world_->broker().create_topic(topic, 1));
      ASSERT_EQ(ask(root_, "POST", "/api/v1/topics", R"({"topic":")" + std::string(topic) + "\"}").status, 201);
      world_->send({topic, PartitionId{0}, "k", "hello world", {}, {}});
    }
  }
  [[nodiscard]] RawAnswer ask(const std::string& token, const std::string& method, const std::string& target,
                              const std::string& body = "") const {
    return http(world_->url(), method, target, body, "Authorization: Bearer " + token + "\r\n");
  }
  [[nodiscard]] int status(const std::string& token, const std::string& method, const std::string& target,
                           const std::string& body = "") const {
    return ask(token, method, target, body).status;
  }

  TokenFile file_;
  std::string metrics_, search_, operate_, root_;
  std::unique_ptr<World> world_;
};

TEST_F(AccessTest, WithoutATokenThereIsHealthAndThePage) {
  for (const char* open : {"/healthz", "/readyz", "/", "/page/app.js"})
    EXPECT_EQ(world_->get(open).status, 200) << open;
  for (const char* closed :
       {"/metrics", "/api/v1/topics", "/api/v1/search?topic=orders", "/api/v1/search?topic=orders&follow=1",
        "/api/v1/timeline?topic=orders", "/api/v1/jobs", "/api/v1/jobs/1", "/api/v1/topics/orders",
        "/api/v1/topics/orders/progress", "/api/v1/topics/orders/messages?partition=0",
        "/api/v1/topics/orders/messages/0/0", "/api/v1/topics/orders/messages/0/0/value",
        "/api/v1/topics/orders/groups", "/api/v1/topics/orders/dead-letters", "/api/v1/topics/nothere"}) {
    const RawAnswer refused = world_->get(closed);
    EXPECT_EQ(refused.status, 401) << closed;
    EXPECT_EQ(refused.headers.at("www-authenticate"), "Bearer realm=\"kseek\"");
    EXPECT_EQ(refused.json()["error"]["code"], "unauthorized");
    EXPECT_THAT(refused.json()["error"]["hint"].get<std::string>(), HasSubstr("Authorization: Bearer"));
  }
  EXPECT_EQ(world_->call("DELETE", "/api/v1/topics/orders").status, 401);
  EXPECT_EQ(world_->call("POST", "/api/v1/topics", R"({"topic":"x"})").status, 401);
  for (const std::string& wrong : {std::string("kseek_no"), search_.substr(1), search_ + "x", std::string()}) {
    EXPECT_EQ(status(wrong, "GET", "/api/v1/topics"), 401) << wrong;
  }
  const RawAnswer basic = http(world_->url(), "GET", "/api/v1/topics", "", "Authorization: Basic " + search_ + "\r\n");
  EXPECT_EQ(basic.status, 401);
  EXPECT_EQ(http(world_->url(), "GET", "/api/v1/topics", "", "authorization: bearer  " + search_ + "\r\n").status, 200);
}

/// Nobody is to send ten megabytes to hear that they may not.
TEST_F(AccessTest, ABodyIsRefusedBeforeItIsSent) {
  RawConnection big(world_->url());
  ASSERT_TRUE(
      big.send("POST /api/v1/topics/orders/messages HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9000000\r\n\r\n"));
  EXPECT_EQ(big.read_answer().value_or(RawAnswer{}).status, 401);
}

TEST_F(AccessTest, RolesMayWhatTheyMay) {
  EXPECT_EQ(status(metrics_, "GET", "/metrics"), 200);
  EXPECT_EQ(status(metrics_, "GET", "/api/v1/topics"), 403);
  EXPECT_EQ(status(metrics_, "GET", "/api/v1/search?topic=orders"), 403);
  EXPECT_EQ(status(search_, "GET", "/api/v1/topics/orders"), 200);
  EXPECT_EQ(status(search_, "GET", "/api/v1/topics/orders/messages/0/0/value"), 200);
  const std::vector<std::pair<std::string, std::string>> changes{{"POST", "/api/v1/topics"},
                                                                 {"POST", "/api/v1/topics/orders/pause"},
                                                                 {"POST", "/api/v1/topics/orders/resume"},
                                                                 {"POST", "/api/v1/topics/orders/reindex"},
                                                                 {"POST", "/api/v1/topics/orders/messages"},
                                                                 {"PATCH", "/api/v1/topics/orders"},
                                                                 {"DELETE", "/api/v1/topics/orders"},
                                                                 {"DELETE", "/api/v1/jobs/1"}};
  for (const auto& [method, path] : changes) {
    const RawAnswer refused = ask(search_, method, path, "{}");
    EXPECT_EQ(refused.status, 403) << method << path;
    EXPECT_EQ(refused.json()["error"]["code"], "forbidden");
    EXPECT_THAT(refused.json()["error"]["hint"].get<std::string>(), HasSubstr("operate"));
  }
  EXPECT_EQ(status(operate_, "POST", "/api/v1/topics/orders/pause"), 200);
  EXPECT_EQ(status(operate_, "POST", "/api/v1/topics/orders/resume"), 200);
  EXPECT_EQ(status(operate_, "POST", "/api/v1/topics/orders/messages", R"({"value":"sent"})"), 201);
  EXPECT_EQ(status(operate_, "GET", "/api/v1/search?topic=orders"), 200);
  EXPECT_EQ(status(search_, "POST", "/api/v1/search", R"({"topic":"orders"})"), 200);
  EXPECT_EQ(status(search_, "POST", "/api/v1/topics/orders/messages/read", R"({"time":0})"), 200);
  EXPECT_EQ(status(metrics_, "POST", "/api/v1/search", R"({"topic":"orders"})"), 403);
}

/// Wherever a topic is named: forbidden, and the same for one that is not there.
TEST_F(AccessTest, AForbiddenTopicIsNowhere) {
  for (const char* topic : {"secret", "secret-not-opened"}) {
    for (const char* rest : {"", "/progress", "/groups", "/messages?partition=0", "/messages/0/0", "/messages/0/0/key",
                             "/messages/0/0/value", "/dead-letters"}) {
      EXPECT_EQ(status(operate_, "GET", std::string("/api/v1/topics/") + topic + rest), 403) << topic << rest;
    }
    EXPECT_EQ(status(search_, "POST", "/api/v1/search", R"({"topic":")" + std::string(topic) + "\"}"), 403);
    for (const char* rest : {"/pause", "/resume", "/reindex", "/messages", "/messages/read"}) {
      EXPECT_EQ(status(operate_, "POST", std::string("/api/v1/topics/") + topic + rest, "{}"), 403) << topic << rest;
    }
    EXPECT_EQ(status(operate_, "DELETE", std::string("/api/v1/topics/") + topic), 403);
    EXPECT_EQ(status(operate_, "POST", "/api/v1/topics", R"({"topic":")" + std::string(topic) + "\"}"), 403);
    for (const char* path : {"/api/v1/search?topic=", "/api/v1/timeline?topic=", "/api/v1/search?follow=1&topic="}) {
      EXPECT_EQ(status(search_, "GET", path + std::string(topic)), 403) << path;
      EXPECT_EQ(status(search_, "GET", path + std::string("orders,") + topic), 403) << path;
    }
  }
  EXPECT_EQ(status(operate_, "POST", "/api/v1/topics", R"({"topic":"ord2","dead_letter_topic":"secret"})"), 403);
  EXPECT_EQ(status(root_, "GET", "/api/v1/topics/secret/messages/0/0"), 200);
}

TEST_F(AccessTest, ListsAndPatternsAreCut) {
  EXPECT_THAT(ask(search_, "GET", "/api/v1/topics").body, Not(HasSubstr("secret")));
  EXPECT_THAT(ask(root_, "GET", "/api/v1/topics").body, HasSubstr("secret"));
  for (const char* pattern : {"*", "ord*,*", "orders,*e*"}) {
    const RawAnswer found = ask(search_, "GET", "/api/v1/search?explain=1&topic=" + std::string(pattern));
    ASSERT_EQ(found.status, 200) << found.body;
    EXPECT_EQ(found.json()["hits"].size(), 1U);
    EXPECT_THAT(found.body, Not(HasSubstr("secret"))) << pattern;
  }
  EXPECT_EQ(ask(root_, "GET", "/api/v1/search?topic=*").json()["hits"].size(), 2U);
  const RawAnswer nothing = ask(search_, "GET", "/api/v1/search?topic=sec*");
  EXPECT_EQ(nothing.status, 404);
  EXPECT_EQ(ask(search_, "GET", "/api/v1/timeline?topic=*").json()["messages"], 1);
  EXPECT_THAT(ask(operate_, "GET", "/metrics").body, Not(HasSubstr("secret")));
  EXPECT_THAT(ask(operate_, "GET", "/metrics").body, HasSubstr("topic=\"orders\""));
  EXPECT_THAT(ask(metrics_, "GET", "/metrics").body, HasSubstr("topic=\"secret\""));
  const RawAnswer job = ask(root_, "POST", "/api/v1/topics/secret/reindex", "{}");
  ASSERT_EQ(job.status, 202) << job.body;
  const std::string path = "/api/v1/jobs/" + std::to_string(job.json()["id"].get<int>());
  EXPECT_EQ(status(root_, "GET", path), 200);
  EXPECT_EQ(status(operate_, "GET", path), 404);
  EXPECT_EQ(status(operate_, "DELETE", path), 404);
  EXPECT_EQ(ask(operate_, "GET", "/api/v1/jobs").json()["jobs"].size(), 0U);
}

/// The file is looked at every second: a token that is new works, one that is gone does not, and its live tail ends.
TEST_F(AccessTest, TheFileIsReadAgain) {
  EventReader tail(world_->url(), "/api/v1/search?topic=*&follow=1", "Authorization: Bearer " + search_ + "\r\n");
  ASSERT_EQ(tail.head().status, 200);
  const std::string carol = file_.add("carol", Role::kSearch, "secret");
  file_.remove("alice");
  const auto until = std::chrono::steady_clock::now() + std::chrono::seconds(30);
  while (status(carol, "GET", "/api/v1/topics") != 200 && std::chrono::steady_clock::now() < until) {
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  }
  EXPECT_EQ(status(carol, "GET", "/api/v1/topics/secret"), 200);
  EXPECT_EQ(status(search_, "GET", "/api/v1/topics"), 401);
  EXPECT_EQ(status(operate_, "GET", "/api/v1/topics"), 200);
  std::string last;
  while (const auto event = tail.next()) last = event->name + event->data.dump();
  EXPECT_THAT(last, HasSubstr("error"));
  EXPECT_THAT(last, HasSubstr("unauthorized"));
  std::ofstream(file_.path()) << "nonsense\n";
  EXPECT_FALSE(world_->reload());
  EXPECT_EQ(status(carol, "GET", "/api/v1/topics"), 200) << "what was read last goes on to hold";
}

TEST(Access, AServerWithoutTokensInItsFileDoesNotStart) {
  const TempDir dir;
  const auto missing = server::Access::open(dir.file("none"));
  ASSERT_FALSE(missing);
  EXPECT_THAT(missing.error().hint, HasSubstr("kseek token add"));
  std::ofstream(dir.file("empty")) << "# nothing\n";
  EXPECT_FALSE(server::Access::open(dir.file("empty")));
  EXPECT_TRUE(server::Access::open(""));
}

}  // namespace
}  // namespace kseek::testing
