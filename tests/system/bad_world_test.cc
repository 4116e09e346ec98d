// What goes wrong outside: each a clear error with the next step, and nothing lost.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <csignal>

#include "indexer/producer.h"
#include "indexer/test_broker.h"
#include "tests/system/system.h"

namespace kseek::testing {
namespace {

using ::testing::HasSubstr;

std::unique_ptr<indexer::TestBroker> broker_with(const std::string& topic, int partitions) {
  auto broker = indexer::TestBroker::start();
  if (!broker || !(*broker)->create_topic(topic, partitions)) return nullptr;
  return *std::move(broker);
}

bool produce(const std::string& address, const std::string& topic, int count) {
  auto producer = indexer::Producer::create(address, {});
  if (!producer) return false;
  for (int i = 0; i < count; ++i) {
    const auto queued = (*producer)->enqueue({topic, PartitionId{0}, std::to_string(i), "some value", {}, {}});
    if (!queued) return false;
  }
  return (*producer)->flush(std::chrono::seconds(30)).has_value();
}

/// A server that can't start: its exit code and what it said.
Finished serve_fails(const std::string& data_dir) {
  return kseek({"serve", "--data-dir", data_dir, "--listen", "127.0.0.1:0"});
}

TEST(BadWorld, BrokerDownAtStartComesLater) {
  const auto broker = broker_with("orders", 2);
  ASSERT_NE(broker, nullptr);
  ASSERT_TRUE(produce(broker->address(), "orders", 10));
  broker->set_down(true);
  const TempDir dir;
  const ServerProcess server(dir.file("data"), broker->address());
  ASSERT_TRUE(server.ready());
  const RawAnswer opened = server.call("POST", "/api/v1/topics", R"({"topic":"orders"})");
  ASSERT_EQ(opened.status, 201) << opened.body;
  EXPECT_TRUE(eventually([&] {
    const Json topic = server.get("/api/v1/topics/orders").json();
    return topic["state"] == "starting" && topic["reason"].is_string();
  }));
  const Finished topics = kseek({"topics", "--server", server.url()});
  EXPECT_THAT(topics.out, HasSubstr("starting"));
  EXPECT_THAT(topics.out, HasSubstr("down"));
  const Json before = server.get("/api/v1/search?topic=orders").json();
  EXPECT_EQ(before["hits"].size(), 0U);
  EXPECT_EQ(before["complete"], false) << "nobody knows what Kafka has";
  EXPECT_FALSE(before["incomplete_because"].empty());
  broker->set_down(false);
  EXPECT_TRUE(eventually([&] { return server.taken_in("orders") == 10; }));
  EXPECT_TRUE(eventually([&] { return server.get("/api/v1/search?topic=orders").json()["complete"] == true; }));
}

TEST(BadWorld, BrokerGoesAndComesBack) {
  const auto broker = broker_with("orders", 1);
  ASSERT_NE(broker, nullptr);
  const TempDir dir;
  const ServerProcess server(dir.file("data"), broker->address());
  ASSERT_EQ(server.call("POST", "/api/v1/topics", R"({"topic":"orders"})").status, 201);
  ASSERT_TRUE(produce(broker->address(), "orders", 10));
  ASSERT_TRUE(eventually([&] { return server.taken_in("orders") == 10; }));
  broker->set_down(true);
  EXPECT_EQ(server.get("/api/v1/search?topic=orders&q=some").json()["hits"].size(), 10U) << "it stays searchable";
  broker->set_down(false);
  ASSERT_TRUE(produce(broker->address(), "orders", 5));
  EXPECT_TRUE(eventually([&] { return server.taken_in("orders") == 15; }));
}

TEST(BadWorld, UnknownTopicAndBadRanges) {
  const auto broker = broker_with("orders", 1);
  ASSERT_NE(broker, nullptr);
  const TempDir dir;
  const ServerProcess server(dir.file("data"), broker->address());
  ASSERT_TRUE(server.ready());
  const Finished bad_name = kseek({"open", "a b", "--server", server.url()});
  EXPECT_EQ(bad_name.code, 2) << bad_name.err;
  ASSERT_EQ(kseek({"open", "orders", "--server", server.url()}).code, 0);
  const Finished again = kseek({"open", "orders", "--server", server.url()});
  EXPECT_EQ(again.code, 1);
  EXPECT_THAT(again.err, HasSubstr("orders"));
  const Finished unknown = kseek({"search", "nothere", "x", "--server", server.url()});
  EXPECT_EQ(unknown.code, 1);
  EXPECT_THAT(unknown.err, HasSubstr("kseek open nothere"));
  for (const std::vector<std::string>& wrong : {std::vector<std::string>{"--offset", "9..1"},
                                                {"--offset", "x"},
                                                {"--time", "yesterday"},
                                                {"--partition", "-1"},
                                                {"--limit", "11"},
                                                {"--cursor", "nonsense"},
                                                {"--key", "!!!"}}) {
    std::vector<std::string> arguments{"search", "orders", "--server", server.url()};
    arguments.insert(arguments.end(), wrong.begin(), wrong.end());
    const Finished refused = kseek(arguments);
    EXPECT_EQ(refused.code, 2) << wrong[0] << refused.err;
    EXPECT_THAT(refused.err, HasSubstr(wrong[0].substr(2))) << refused.err;
  }
}

TEST(BadWorld, DirectoriesThatCannotBeUsed) {
  const TempDir dir;
  write_file(dir.file("a-file"), "not a directory");
  for (const std::string& path : {dir.file("a-file"), dir.file("a-file/below"), std::string("/proc/kseek")}) {
    const Finished refused = serve_fails(path);
    EXPECT_EQ(refused.code, 1) << path;
    EXPECT_THAT(refused.err, HasSubstr(path));
    EXPECT_EQ(refused.out, "");
  }
  const Finished missing = kseek({"search", "t", "x", "--data-dir", dir.file("missing")});
  EXPECT_EQ(missing.code, 1);
  EXPECT_THAT(missing.err, HasSubstr("missing"));
  EXPECT_FALSE(std::filesystem::exists(dir.file("missing"))) << "reading makes nothing";
}

TEST(BadWorld, OneOwnerADirectory) {
  const TempDir dir;
  const ServerProcess server(dir.file("data"), "");
  ASSERT_TRUE(server.ready());
  const Finished second = serve_fails(dir.file("data"));
  EXPECT_EQ(second.code, 1);
  EXPECT_THAT(second.err, HasSubstr("owns"));
  const Finished import = kseek({"import", "t", "-", "--data-dir", dir.file("data")});
  EXPECT_EQ(import.code, 1);
  EXPECT_THAT(import.err, HasSubstr("owns"));
  EXPECT_EQ(server.get("/healthz").status, 200);
}

TEST(BadWorld, PortTaken) {
  const TempDir dir;
  const ServerProcess server(dir.file("one"), "");
  const Finished second =
      kseek({"serve", "--data-dir", dir.file("two"), "--listen", server.url().substr(std::string("http://").size())});
  EXPECT_EQ(second.code, 1);
  EXPECT_THAT(second.err, HasSubstr("another program"));
}

TEST(BadWorld, DamagedData) {
  const TempDir dir;
  const std::string line = R"({"topic":"t","partition":0,"offset":0,"ts":1000,"key":"k","payload":"some text"})";
  ASSERT_EQ(kseek({"import", "t", "-", "--data-dir", dir.file("data")}, line + "\n").code, 0);
  write_file(dir.file("data/db/CURRENT"), "MANIFEST-999999\n");
  for (const Finished& refused :
       {serve_fails(dir.file("data")), kseek({"search", "t", "--data-dir", dir.file("data")})}) {
    EXPECT_EQ(refused.code, 1);
    EXPECT_THAT(refused.err, HasSubstr("kseek: "));
    EXPECT_THAT(refused.err, HasSubstr(dir.file("data")));
    EXPECT_GE(std::count(refused.err.begin(), refused.err.end(), '\n'), 2) << "an error and the next step";
  }
}

/// kill -9 while indexing, several times, with messages arriving: then every message is there, once.
TEST(BadWorld, KilledWhileIndexingLosesAndDoublesNothing) {
  constexpr int kPartitions = 3;
  constexpr int kRounds = 6;
  constexpr int kARound = 900;
  const auto broker = broker_with("orders", kPartitions);
  ASSERT_NE(broker, nullptr);
  auto producer = indexer::Producer::create(broker->address(), {});
  ASSERT_TRUE(producer);
  const TempDir dir;
  write_file(dir.file("kseek.toml"), "[store]\nblock_max_messages = 50\nblocks_per_segment = 2\nmerge_width = 3\n");
  for (int round = 0; round < kRounds; ++round) {
    ServerProcess server(dir.file("data"), broker->address(), dir.file("kseek.toml"));
    ASSERT_TRUE(server.ready()) << server.process().errors();
    if (round == 0) {
      ASSERT_EQ(server.call("POST", "/api/v1/topics", R"({"topic":"orders"})").status, 201);
    }
    for (int i = round * kARound; i < (round + 1) * kARound; ++i) {
      ASSERT_TRUE(
          (*producer)->enqueue({"orders", PartitionId{i % kPartitions}, "id-" + std::to_string(i), "v", {}, {}}));
    }
    const int64_t enough = round * kARound + 100 + 130 * round;  // another point of the work each time
    ASSERT_TRUE(eventually([&] { return server.taken_in("orders") >= enough; }));
    server.process().signal(SIGKILL);
    ASSERT_EQ(server.process().wait(), 128 + SIGKILL);
  }
  ASSERT_TRUE((*producer)->flush(std::chrono::seconds(30)));
  const ServerProcess server(dir.file("data"), broker->address(), dir.file("kseek.toml"));
  ASSERT_TRUE(eventually([&] { return server.taken_in("orders") == kRounds * kARound; }));
  // A partition whose messages were all sealed before may still wait to hear where Kafka's log ends.
  ASSERT_TRUE(eventually(
      [&] { return http(server.url(), "GET", "/api/v1/search?topic=orders&limit=1").json()["complete"] == true; }));
  std::vector<int> seen(kRounds * kARound, 0);
  ASSERT_TRUE(for_each_hit(server.url(), "/api/v1/search?topic=orders", [&](const Json& hit) {
    const int id = std::stoi(hit["key"].get<std::string>().substr(3));
    ASSERT_EQ(hit["partition"], id % kPartitions);
    ++seen[static_cast<size_t>(id)];
  }));
  for (size_t id = 0; id < seen.size(); ++id) ASSERT_EQ(seen[id], 1) << "message " << id;
}

}  // namespace
}  // namespace kseek::testing
