// The broker goes away and comes back: nothing is lost, nothing is there twice, and meanwhile answers say that they may
// be short. And how soon a message is found while all is well.
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <thread>

#include "tests/kafka/kafka_test.h"

namespace kseek::kafka_test {
namespace {

class Outage : public KafkaTest {
 protected:
  void SetUp() override {
    KafkaTest::SetUp();
    if (broker == nullptr) return;
    create(2);
    // Idempotent: what it sends again after the outage is in Kafka once.
    // And patient: on a busy machine the broker takes long to come back.
    renew_producer({{"enable.idempotence", "true"}, {"message.timeout.ms", "600000"}});
  }
  void TearDown() override {
    stop();
    if (broker != nullptr && down_) ASSERT_OK(broker->start_again());
  }

  void kill_broker() {
    broker->kill_now();
    down_ = true;
  }
  void start_broker() {
    ASSERT_OK(broker->start_again());
    down_ = false;
  }

  void enqueue_many(int first, int count) const {
    for (int i = first; i < first + count; ++i) {
      ASSERT_OK(producer->enqueue(message_of(topic, i % 2, "m" + std::to_string(i))));
    }
  }

  /// Each of m0 … m<total - 1> is there once, and each partition is whole.
  void expect_each_once(int total) {
    Answer last;
    EXPECT_TRUE(eventually([&] {
      last = search();
      return last.complete && last.hits.size() >= static_cast<size_t>(total);
    })) << last.hits.size()
        << " found; " << last.why_not << indexer::to_string(status().state) << ": " << status().reason;
    std::vector<std::string> values = last.values();
    std::vector<std::string> expected = numbered(total);
    std::sort(values.begin(), values.end());
    std::sort(expected.begin(), expected.end());
    EXPECT_EQ(values, expected);
    indexer::expect_whole(indexer::scan(*store->topic(topic)), static_cast<size_t>(total));
  }

 private:
  bool down_ = false;
};

TEST_F(Outage, AKilledBrokerComesBack) {
  start();
  open();
  enqueue_many(0, 500);
  ASSERT_OK(producer->flush(kPatience));
  expect_each_once(500);
  enqueue_many(500, 300);  // some of them on their way when it dies
  kill_broker();
  enqueue_many(800, 200);
  EXPECT_TRUE(eventually([this] { return !search().complete && !status().reason.empty(); }));
  EXPECT_NE(status().reason.find("is down"), std::string::npos) << status().reason;
  EXPECT_NE(status().state, TopicState::kFailed);
  // By hand: an outage as long as real ones.
  if (const char* seconds = std::getenv("KSEEK_OUTAGE_SECONDS")) {
    std::this_thread::sleep_for(std::chrono::seconds(std::atoi(seconds)));
    EXPECT_FALSE(search().complete);
    EXPECT_NE(status().state, TopicState::kFailed) << status().reason;
  }
  start_broker();
  enqueue_many(1'000, 100);
  ASSERT_OK(producer->flush(kPatience));
  expect_each_once(1'100);
  EXPECT_TRUE(eventually([this] { return status().state == TopicState::kRunning && status().reason.empty(); }))
      << indexer::to_string(status().state) << ": " << status().reason;
}

TEST_F(Outage, StartedWhileTheBrokerIsAway) {
  start();
  open();
  enqueue_many(0, 100);
  ASSERT_OK(producer->flush(kPatience));
  expect_each_once(100);
  stop();
  broker->shut_down();
  kill_broker();
  start();
  EXPECT_TRUE(eventually([this] { return status().reason.find("is down") != std::string::npos; })) << status().reason;
  EXPECT_EQ(status().state, TopicState::kStarting);
  EXPECT_EQ(search().hits.size(), 100U);
  EXPECT_FALSE(search().complete);
  enqueue_many(100, 50);
  start_broker();
  ASSERT_OK(producer->flush(kPatience));
  expect_each_once(150);
}

TEST_F(KafkaTest, MessagesAreFoundWithinATenthOfASecond) {
  topic = "latency";
  create(1);
  start();
  open();
  send("warm up");
  expect_found({"warm up"});
  std::vector<double> ms;
  for (int i = 0; i < 60; ++i) {
    const std::string word = "needle" + std::to_string(i);
    const auto begin = std::chrono::steady_clock::now();
    send(word);
    ASSERT_TRUE(eventually([&] { return search(word).hits.size() == 1; }));
    ms.push_back(std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - begin).count());
  }
  std::sort(ms.begin(), ms.end());
  const double median = ms[ms.size() / 2];
  std::printf("from sending to finding: median %.1f ms, largest %.1f ms of %zu\n", median, ms.back(), ms.size());
  EXPECT_LT(median, 100.0);
}

}  // namespace
}  // namespace kseek::kafka_test
