// The program as people use it: broker, server and clients in processes of their own.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <iostream>

#include "indexer/producer.h"
#include "tests/system/system.h"

namespace kseek::testing {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;

class EndToEnd : public ::testing::Test {
 protected:
  EndToEnd()
      : broker_(kseek_arguments({"broker", "--topic", "orders:3", "--topic", "logs:1"})),
        address_(broker_.read_line().value_or("")),
        server_(dir_.file("data"), address_) {}

  void SetUp() override {
    ASSERT_THAT(address_, StartsWith("127.0.0.1:"));
    ASSERT_TRUE(server_.ready()) << server_.process().errors();
  }

  Finished on_server(std::vector<std::string> arguments) const {
    arguments.insert(arguments.end(), {"--server", server_.url()});
    return kseek(std::move(arguments));
  }

  TempDir dir_;
  Process broker_;
  std::string address_;
  ServerProcess server_;
};

TEST_F(EndToEnd, KcatProducesKseekFinds) {
  ASSERT_EQ(on_server({"open", "orders", "--label", "shop"}).code, 0);
  const Finished sent = run({"kcat", "-P", "-b", address_, "-t", "orders", "-p", "1", "-K", "=", "-H", "trace-id=4bf9"},
                            "order-1=payment timeout at 你好\norder-2=paid\n");
  ASSERT_EQ(sent.code, 0) << sent.err;
  ASSERT_TRUE(eventually([&] { return server_.taken_in("orders") == 2; }));
  const Json answer = server_.get("/api/v1/search?topic=orders&q=timeout").json();
  ASSERT_EQ(answer["hits"].size(), 1U);
  EXPECT_EQ(answer["hits"][0]["key"], "order-1");
  EXPECT_EQ(answer["hits"][0]["headers"][0]["value"], "4bf9");
  EXPECT_EQ(answer["complete"], true);

  const Finished table = on_server({"search", "orders", "timeout", "--partition", "1"});
  EXPECT_EQ(table.code, 0) << table.err;
  EXPECT_THAT(table.out, HasSubstr("payment timeout at 你好"));
  EXPECT_THAT(table.out, HasSubstr("1 hit in"));
  EXPECT_EQ(table.out.find('\x1b'), std::string::npos) << "styles only on a terminal";
  const Finished json = on_server({"search", "orders", "timeout", "--json"});
  EXPECT_EQ(Json::parse(json.out)["hits"], answer["hits"]);

  const Finished topics = on_server({"topics"});
  EXPECT_THAT(topics.out, HasSubstr("orders"));
  EXPECT_THAT(on_server({"details", "orders"}).out, HasSubstr("shop"));
  EXPECT_THAT(on_server({"progress", "orders"}).out, HasSubstr("PARTITION"));
  EXPECT_EQ(on_server({"get", "orders", "1", "0", "--key"}).out, "order-1");
  EXPECT_EQ(on_server({"get", "orders", "1", "0", "--value", "-o", dir_.file("value")}).code, 0);
  EXPECT_EQ(std::filesystem::file_size(dir_.file("value")), 25U);
  const Finished from = on_server({"messages", "orders", "--partition", "1", "--offset", "1"});
  EXPECT_EQ(from.code, 0) << from.err;
  EXPECT_THAT(from.out, HasSubstr("order-2"));
  EXPECT_THAT(from.out, HasSubstr("what comes next: --offset 2"));
  EXPECT_THAT(on_server({"messages", "orders", "--at", "-1h"}).out, HasSubstr("2 messages in"));
  EXPECT_EQ(on_server({"pause", "orders"}).code, 0);
  EXPECT_THAT(on_server({"topics"}).out, HasSubstr("paused"));
  EXPECT_EQ(on_server({"resume", "orders"}).code, 0);
}

TEST_F(EndToEnd, SendIsFoundAndCloseForgets) {
  ASSERT_EQ(on_server({"open", "logs"}).code, 0);
  const Finished sent = on_server({"send", "logs", "--key", "k", "--value", "hello there", "--header", "a=b=c"});
  ASSERT_EQ(sent.code, 0) << sent.err;
  EXPECT_EQ(sent.out, "partition 0, offset 0\n");
  ASSERT_TRUE(eventually([&] { return server_.taken_in("logs") == 1; }));
  EXPECT_THAT(on_server({"search", "logs", "hello"}).out, HasSubstr("hello there"));
  EXPECT_EQ(on_server({"close", "logs"}).code, 0);
  const Finished gone = on_server({"search", "logs", "hello"});
  EXPECT_EQ(gone.code, 1);
  EXPECT_THAT(gone.err, HasSubstr("kseek open logs"));
}

TEST_F(EndToEnd, FollowPrintsWhatComes) {
  ASSERT_EQ(on_server({"open", "tail"}).code, 0);
  const auto send = [this](const char* value) {
    return on_server({"send", "tail", "--key", "k", "--value", value}).code;
  };
  ASSERT_EQ(send("hello one"), 0);
  ASSERT_EQ(send("hello two"), 0);
  ASSERT_TRUE(eventually([&] { return server_.taken_in("tail") == 2; }));
  const std::vector<std::string> search{"search", "tail", "hello", "--follow", "--server", server_.url()};
  Process people(kseek_arguments(search));
  EXPECT_THAT(people.read_line().value_or(""), HasSubstr("hello one"));
  EXPECT_THAT(people.read_line().value_or(""), HasSubstr("hello two"));
  auto as_json = search;
  as_json.emplace_back("--json");
  Process programs(kseek_arguments(as_json));
  EXPECT_EQ(Json::parse(programs.read_line().value_or("{}"))["value"], "hello one");
  EXPECT_EQ(Json::parse(programs.read_line().value_or("{}"))["value"], "hello two");
  ASSERT_EQ(send("not it"), 0);
  ASSERT_EQ(send("hello three"), 0);
  EXPECT_THAT(people.read_line().value_or(""), HasSubstr("hello three"));
  EXPECT_EQ(Json::parse(programs.read_line().value_or("{}"))["value"], "hello three");
  EXPECT_EQ(on_server({"close", "tail"}).code, 0);
  EXPECT_EQ(people.wait(), 1);
  EXPECT_THAT(people.errors(), HasSubstr("\"tail\" was closed"));
  const Finished wrong = on_server({"search", "tail", "(", "--follow"});
  EXPECT_EQ(wrong.code, 2);
}

TEST_F(EndToEnd, StopsOnSignalAndKeepsEverything) {
  ASSERT_EQ(on_server({"open", "logs"}).code, 0);
  ASSERT_EQ(on_server({"send", "logs", "--value", "kept for later"}).code, 0);
  ASSERT_TRUE(eventually([&] { return server_.taken_in("logs") == 1; }));
  server_.process().signal(SIGTERM);
  EXPECT_EQ(server_.process().wait(std::chrono::seconds(20)), 0) << server_.process().errors();
  const Finished offline = kseek({"search", "logs", "kept", "--data-dir", dir_.file("data"), "--json"});
  ASSERT_EQ(offline.code, 0) << offline.err;
  EXPECT_EQ(Json::parse(offline.out)["hits"].size(), 1U);
  broker_.signal(SIGTERM);
  EXPECT_EQ(broker_.wait(), 0);
}

/// The reach of the issue: found within 100 ms of its production. Each round measures from before the send until a
/// search over HTTP finds the message.
TEST_F(EndToEnd, AMessageIsFoundWithin100ms) {
  ASSERT_EQ(on_server({"open", "logs"}).code, 0);
  auto producer = indexer::Producer::create(address_, {});
  ASSERT_TRUE(producer);
  std::vector<double> took_ms;
  for (int i = 0; i < 60; ++i) {
    const std::string word = "unique" + std::to_string(i);
    const auto begin = std::chrono::steady_clock::now();
    ASSERT_TRUE((*producer)->send({"logs", PartitionId{0}, std::nullopt, word, {}, {}}, std::chrono::seconds(10)));
    ASSERT_TRUE(
        eventually([&] { return server_.get("/api/v1/search?topic=logs&q=" + word).json()["hits"].size() == 1; }));
    took_ms.push_back(std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - begin).count());
  }
  std::sort(took_ms.begin(), took_ms.end());
  std::cout << "from send to found over HTTP: median " << took_ms[30] << " ms, 90% " << took_ms[54] << " ms, worst "
            << took_ms[59] << " ms\n";
  EXPECT_LT(took_ms[30], 100);
}

TEST(Demo, OnceChecksItsAnswers) {
  const Finished demo = kseek({"demo", "--once", "--listen", "127.0.0.1:0"});
  EXPECT_EQ(demo.code, 0) << demo.err;
  EXPECT_THAT(demo.out, HasSubstr("All answers are as produced"));
}

TEST(Demo, TakesAFreePortAndEndsOnSignal) {
  Process first(kseek_arguments({"broker"}));
  const std::string taken = first.read_line().value_or("");
  Process demo(kseek_arguments({"demo", "--listen", taken}));
  EXPECT_THAT(demo.read_line().value_or(""), HasSubstr("taking a free port"));
  for (std::string line; line.find("Live traffic") == std::string::npos;) {
    const auto next = demo.read_line();
    ASSERT_TRUE(next) << demo.errors();
    line = *next;
  }
  demo.signal(SIGINT);
  EXPECT_EQ(demo.wait(std::chrono::seconds(40)), 0) << demo.errors();
}

}  // namespace
}  // namespace kseek::testing
