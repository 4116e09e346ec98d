// kseek reindex, jobs and dead-letters as people use them, through a server and in a data directory.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <csignal>

#include "tests/system/system.h"

namespace kseek::testing {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;

class Reindex : public ::testing::Test {
 protected:
  Reindex() : broker_(kseek_arguments({"broker", "--topic", "orders:2"})), address_(broker_.read_line().value_or("")) {}

  void SetUp() override {
    server_.emplace(dir_.file("data"), address_);
    ASSERT_TRUE(server_->ready()) << server_->process().errors();
    ASSERT_EQ(on_server({"open", "orders", "--require", "utf8"}).code, 0);
    std::string lines;
    for (int i = 0; i < 500; ++i) lines += "message number " + std::to_string(i) + "\n";
    ASSERT_EQ(run({"kcat", "-P", "-b", address_, "-t", "orders"}, lines).code, 0);
    ASSERT_TRUE(eventually([&] { return server_->taken_in("orders") == 500; }));
  }

  Finished on_server(std::vector<std::string> arguments) const {
    arguments.insert(arguments.end(), {"--server", server_->url()});
    return kseek(std::move(arguments));
  }

  std::string hits(const std::string& query) const {
    return server_->get("/api/v1/search?topic=orders&q=" + query).json()["hits"].dump();
  }

  void stop_server() {
    server_->process().signal(SIGTERM);
    EXPECT_EQ(server_->process().wait(), 0);
    server_.reset();
  }

  TempDir dir_;
  Process broker_;
  std::string address_;
  std::optional<ServerProcess> server_;
};

TEST_F(Reindex, ThroughAServer) {
  const std::string before = hits("number");
  const Finished from_store = on_server({"reindex", "orders"});
  EXPECT_EQ(from_store.code, 0) << from_store.err;
  EXPECT_THAT(from_store.out, StartsWith("job 1 done: "));
  EXPECT_EQ(from_store.out.find('\r'), std::string::npos) << "a bar only on a terminal";
  const Finished from_kafka = on_server({"reindex", "orders", "--source", "kafka", "--rate-limit", "50"});
  EXPECT_EQ(from_kafka.code, 0) << from_kafka.err;
  EXPECT_THAT(from_kafka.out, StartsWith("job 2 done: 500 messages"));
  ASSERT_TRUE(eventually([&] { return server_->taken_in("orders") == 500; }));
  EXPECT_EQ(Json::parse(hits("number")).size(), Json::parse(before).size());

  const Finished detached = on_server({"reindex", "orders", "--source", "kafka", "--rate-limit", "0.0001", "--detach"});
  EXPECT_EQ(detached.code, 0) << detached.err;
  EXPECT_THAT(detached.out, StartsWith("job 3 is "));
  const Finished twice = on_server({"reindex", "orders"});
  EXPECT_EQ(twice.code, 1);
  EXPECT_THAT(twice.err, HasSubstr("kseek jobs cancel 3"));
  EXPECT_THAT(on_server({"jobs"}).out, HasSubstr("kafka"));
  EXPECT_EQ(on_server({"jobs", "cancel", "3"}).out, "job 3 is cancelled\n");
  EXPECT_EQ(Json::parse(on_server({"jobs", "--json"}).out)["jobs"].size(), 3U);
  EXPECT_EQ(on_server({"jobs", "cancel", "99"}).code, 1);
  EXPECT_EQ(on_server({"reindex", "others"}).code, 1);
  EXPECT_EQ(on_server({"reindex", "orders", "--from", "earliest"}).code, 2);
}

TEST_F(Reindex, InterruptedItGoesOn) {
  Process waiting(kseek_arguments(
      {"reindex", "orders", "--source", "kafka", "--rate-limit", "0.0001", "--server", server_->url()}));
  ASSERT_TRUE(eventually([&] { return server_->get("/api/v1/jobs/1").json().value("messages_done", 0) > 0; }));
  waiting.signal(SIGINT);
  EXPECT_EQ(waiting.wait(), 1);
  EXPECT_THAT(waiting.errors(), HasSubstr("kseek jobs cancel 1"));
  EXPECT_EQ(server_->get("/api/v1/jobs/1").json()["state"], "running");
}

TEST_F(Reindex, InADataDirectory) {
  stop_server();
  const std::string data = dir_.file("data");
  const Finished from_store = kseek({"reindex", "orders", "--data-dir", data});
  EXPECT_EQ(from_store.code, 0) << from_store.err;
  EXPECT_THAT(from_store.out, HasSubstr("job 1 done: 500 messages"));
  EXPECT_EQ(kseek({"reindex", "orders", "--data-dir", data, "--source", "kafka"}).code, 2) << "without brokers";
  {
    Process slow(kseek_arguments({"reindex", "orders", "--data-dir", data, "--source", "kafka", "--brokers", address_,
                                  "--rate-limit", "0.0001"}));
    ASSERT_TRUE(eventually([&] { return slow.errors().find("job 2: reindexing") != std::string::npos; }));
    slow.signal(SIGTERM);
    EXPECT_EQ(slow.wait(), 1) << slow.errors();
    EXPECT_THAT(slow.errors(), HasSubstr("goes on when this command"));
  }
  const Finished again = kseek({"reindex", "others", "--data-dir", data});
  EXPECT_EQ(again.code, 1) << again.err;
  server_.emplace(data, address_);
  ASSERT_TRUE(server_->ready()) << server_->process().errors();
  EXPECT_EQ(server_->get("/api/v1/jobs/2").json()["state"], "running") << "a server goes on with it, too";
  EXPECT_EQ(server_->call("DELETE", "/api/v1/jobs/2").status, 200);
  EXPECT_EQ(on_server({"search", "orders", "number"}).code, 0);
}

TEST_F(Reindex, KilledAtAnyMomentItIsWholeAfterwards) {
  for (int round = 0; round < 6; ++round) {
    const std::string source = round % 2 == 0 ? "store" : "kafka";
    ASSERT_EQ(server_->call("POST", "/api/v1/topics/orders/reindex", R"({"source":")" + source + "\"}").status, 202);
    const auto id = std::to_string(server_->get("/api/v1/jobs").json()["jobs"][0]["id"].get<int>());
    std::this_thread::sleep_for(std::chrono::milliseconds(25 * round));  // any moment will do
    server_->process().signal(SIGKILL);
    EXPECT_TRUE(server_->process().wait().has_value());
    server_.emplace(dir_.file("data"), address_);
    ASSERT_TRUE(server_->ready()) << server_->process().errors();
    ASSERT_TRUE(eventually([&] { return server_->get("/api/v1/jobs/" + id).json()["state"] == "done"; }));
    ASSERT_TRUE(eventually([&] { return server_->taken_in("orders") == 500; }));
    size_t found = 0;
    ASSERT_TRUE(eventually([&] { return server_->get("/api/v1/search?topic=orders").json()["complete"] == true; }));
    ASSERT_TRUE(for_each_hit(server_->url(), "/api/v1/search?topic=orders&q=number", [&](const Json&) { ++found; }));
    EXPECT_EQ(found, 500U) << "round " << round;
  }
}

TEST_F(Reindex, DeadLettersAreListed) {
  ASSERT_EQ(run({"kcat", "-P", "-b", address_, "-t", "orders", "-p", "0"}, "not UTF-8: \xFF\xFE\n").code, 0);
  ASSERT_TRUE(
      eventually([&] { return !server_->get("/api/v1/topics/orders/dead-letters").json()["dead_letters"].empty(); }));
  const Finished listed = on_server({"dead-letters", "orders"});
  EXPECT_EQ(listed.code, 0) << listed.err;
  EXPECT_THAT(listed.out, HasSubstr("not_utf8"));
  EXPECT_THAT(listed.out, HasSubstr("not UTF-8: "));
  const Json letter = server_->get("/api/v1/topics/orders/dead-letters").json()["dead_letters"][0];
  const Finished got = on_server({"get", "orders", letter["partition"].dump(), letter["offset"].dump()});
  EXPECT_EQ(got.code, 1);
  EXPECT_THAT(got.err, HasSubstr("is a dead letter: not_utf8"));
  EXPECT_THAT(got.err, HasSubstr("kseek dead-letters orders"));
  const Json answer = server_->get("/api/v1/search?topic=orders").json();
  EXPECT_EQ(answer["complete"], false) << "it may be what is looked for";
}

}  // namespace
}  // namespace kseek::testing
