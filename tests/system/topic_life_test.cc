// Topics opened, paused, resumed, changed and closed at random, with searches going on and kill -9 in between, against
// a model: after a restart each topic stands as it did before the interrupted request, or as after it; never in
// between.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <atomic>
#include <csignal>
#include <cstdlib>
#include <mutex>
#include <random>
#include <thread>
#include <tuple>

#include "indexer/producer.h"
#include "indexer/test_broker.h"
#include "tests/system/system.h"

namespace kseek::testing {
namespace {

constexpr int kTopics = 3;
constexpr int kPartitions = 2;

/// What of a topic must survive.
struct Life {
  bool open = false;
  bool paused = false;
  std::string retention = "follow";
  bool operator==(const Life&) const = default;
};

struct Request {
  std::string method, target, body;
  Life after;  ///< of its topic, if it is carried out
};

class TopicLifeTest : public ::testing::Test {
 protected:
  void SetUp() override {
    const char* given = std::getenv("KSEEK_SEED");
    seed = given != nullptr ? std::strtoull(given, nullptr, 10) : std::random_device()();
    random.seed(seed);
    auto started = indexer::TestBroker::start();
    ASSERT_TRUE(started);
    broker = *std::move(started);
    for (int t = 0; t < kTopics; ++t) ASSERT_TRUE(broker->create_topic(name(t), kPartitions));
    auto made = indexer::Producer::create(broker->address(), {});
    ASSERT_TRUE(made);
    producer = *std::move(made);
    write_file(dir.file("kseek.toml"), "[store]\nblock_max_messages = 50\nblocks_per_segment = 2\nmerge_width = 3\n");
    restart();
  }

  static std::string name(int topic) { return "topic-" + std::to_string(topic); }
  int below(int n) { return static_cast<int>(random() % static_cast<uint32_t>(n)); }

  void restart() {
    server.reset();
    server = std::make_unique<ServerProcess>(dir.file("data"), broker->address(), dir.file("kseek.toml"));
    ASSERT_TRUE(server->ready()) << server->process().errors();
  }

  void produce() {
    for (int i = below(300); i > 0; --i, ++sent) {
      for (int t = 0; t < kTopics; ++t) {
        ASSERT_TRUE(
            producer->enqueue({name(t), PartitionId{sent % kPartitions}, "id-" + std::to_string(sent), "v", {}, {}}));
      }
    }
    ASSERT_TRUE(producer->flush(std::chrono::seconds(30)));
  }

  /// A request that changes a topic as it stands.
  Request some_request(int topic) {
    const std::string target = "/api/v1/topics/" + name(topic);
    Life after = lives[static_cast<size_t>(topic)];
    if (!after.open) {
      after.open = true;
      return {"POST", "/api/v1/topics", R"({"topic":")" + name(topic) + "\"}", after};
    }
    switch (below(8)) {
      case 0: return {"DELETE", target, "", Life{}};
      case 1:
      case 2:
      case 3: after.paused = true; return {"POST", target + "/pause", "", after};
      case 4:
      case 5: after.paused = false; return {"POST", target + "/resume", "", after};
      default: after.retention = below(2) == 0 ? "forever" : "follow"; break;
    }
    return {"PATCH", target, R"({"retention":")" + after.retention + "\"}", after};
  }

  Life seen(int topic) const {
    const RawAnswer answer = server->get("/api/v1/topics/" + name(topic));
    if (answer.status != 200) {
      EXPECT_EQ(answer.status, 404) << answer.body;
      return {};
    }
    const Json json = answer.json();
    EXPECT_NE(json["state"], "failed") << answer.body;
    return {true, json["state"] == "paused", json["retention"]};
  }

  void step() {
    produce();
    const int topic = below(kTopics);
    Life& life = lives[static_cast<size_t>(topic)];
    const Request request = some_request(topic);
    if (below(3) > 0) {
      const RawAnswer answer = server->call(request.method, request.target, request.body);
      ASSERT_TRUE(answer.status >= 200 && answer.status < 300) << request.method << request.target << answer.body;
      life = request.after;
    } else {
      const std::string url = server->url();
      RawAnswer answer;
      std::thread asking([&] { answer = http(url, request.method, request.target, request.body); });
      std::this_thread::sleep_for(std::chrono::microseconds(below(8'000)));
      server->process().signal(SIGKILL);
      asking.join();
      ASSERT_EQ(server->process().wait(), 128 + SIGKILL);
      restart();
      const Life now = seen(topic);
      const bool answered = answer.status >= 200 && answer.status < 300;
      ASSERT_TRUE(now == request.after || (!answered && now == life))
          << request.method << request.target << request.body;
      life = now;
      ++kills;
    }
    for (int t = 0; t < kTopics; ++t) {
      const Life now = seen(t);
      const Life& expected = lives[static_cast<size_t>(t)];
      ASSERT_EQ(std::tie(now.open, now.paused, now.retention),
                std::tie(expected.open, expected.paused, expected.retention))
          << name(t) << " after " << request.method << " " << request.target;
    }
  }

  /// Every message of an open topic is there, once.
  void check_whole(int topic) {
    ASSERT_EQ(server->call("POST", "/api/v1/topics/" + name(topic) + "/resume").status, 200);
    ASSERT_TRUE(eventually([&] {
      return server->taken_in(name(topic)) == sent &&
             server->get("/api/v1/search?limit=1&topic=" + name(topic)).json()["complete"] == true;
    }));
    std::vector<int> times(static_cast<size_t>(sent), 0);
    ASSERT_TRUE(for_each_hit(server->url(), "/api/v1/search?topic=" + name(topic), [&](const Json& hit) {
      ++times[static_cast<size_t>(std::stoi(hit["key"].get<std::string>().substr(3)))];
    }));
    for (size_t i = 0; i < times.size(); ++i) ASSERT_EQ(times[i], 1) << name(topic) << ", message " << i;
  }

  uint64_t seed = 0;
  std::mt19937 random;
  TempDir dir;
  std::unique_ptr<indexer::TestBroker> broker;
  std::unique_ptr<indexer::Producer> producer;
  std::unique_ptr<ServerProcess> server;
  std::array<Life, kTopics> lives;
  int sent = 0;
  int kills = 0;
};

TEST_F(TopicLifeTest, EachStateSurvivesKillsAndSearches) {
  SCOPED_TRACE("KSEEK_SEED=" + std::to_string(seed));
  std::atomic<bool> stop{false};
  std::atomic<int> answers{0};
  std::mutex url_mutex;
  std::string url = server->url();
  std::thread searching([&] {
    while (!stop) {
      std::string target;
      {
        const std::lock_guard lock(url_mutex);
        target = url;
      }
      const RawAnswer answer = http(target, "GET", "/api/v1/search?topic=topic-*&q=v");
      if (answer.status == 0) continue;  // killed
      EXPECT_TRUE(answer.status == 200 || answer.status == 404) << answer.status << answer.body;
      ++answers;
    }
  });
  for (int i = 0; i < 40 && !HasFailure(); ++i) {
    SCOPED_TRACE("step " + std::to_string(i));
    step();
    const std::lock_guard lock(url_mutex);
    url = server->url();
  }
  for (int t = 0; t < kTopics && !HasFailure(); ++t) {
    if (lives[static_cast<size_t>(t)].open) check_whole(t);
  }
  stop = true;
  searching.join();
  EXPECT_GT(answers, 0);
  EXPECT_GT(kills, 0);
}

}  // namespace
}  // namespace kseek::testing
