// Another Kafka cluster at the address of the one that was indexed, with a topic of the same name: nothing of what is
// stored goes, nothing of the other one's is taken in, and it goes on when the right one is back.
#include "tests/kafka/kafka_test.h"

namespace kseek::kafka_test {
namespace {

class ForeignCluster : public KafkaTest {
 protected:
  void SetUp() override {
    KafkaTest::SetUp();
    if (broker == nullptr) return;
    create(1);
    send_many(10, "own");
    broker->kill_now();
    make_other();
  }
  void TearDown() override {
    stop();
    if (broker == nullptr) return;
    other_.reset();
    if (!own_is_up_) ASSERT_OK(broker->start_again());
  }

  /// A cluster whose topic has more messages than ours; it is down afterwards, and ours is up.
  void make_other() {
    const auto kafka = find_kafka();
    ASSERT_OK(kafka);
    BrokerSettings settings;
    settings.cluster_id = "YW5vdGhlci1jbHVzdGVyLQ";
    settings.port = broker->port();
    auto started = BrokerProcess::start(*kafka, settings);
    ASSERT_OK(started);
    other_ = *std::move(started);
    auto connected = Admin::connect(broker->address());
    ASSERT_OK(connected);
    ASSERT_OK((*connected)->create_topic(topic, 1));
    renew_producer();
    send_many(40, "foreign");
    ASSERT_OK((*connected)->delete_records(topic, 0, 5));  // its first offset would expire some of ours
    switch_to_own();
  }
  void switch_to_own() {
    other_->kill_now();
    ASSERT_OK(broker->start_again());
    own_is_up_ = true;
    renew_producer();
  }
  void switch_to_other() {
    broker->kill_now();
    own_is_up_ = false;
    ASSERT_OK(other_->start_again());
  }

  void expect_waits_for_its_own() const {
    EXPECT_TRUE(eventually([this] {
      return status().state == TopicState::kFailed &&
             status().reason.find("another Kafka cluster (YW5vdGhlci1jbHVzdGVyLQ)") != std::string::npos;
    })) << indexer::to_string(status().state)
        << ": " << status().reason;
    const Answer left = search();
    EXPECT_EQ(left.values(), numbered(10, "own"));
    EXPECT_FALSE(left.complete);
  }

 private:
  std::unique_ptr<BrokerProcess> other_;
  bool own_is_up_ = false;
};

TEST_F(ForeignCluster, NothingIsDroppedNorMixed) {
  options.watermark_interval = milliseconds(50);
  start();
  open();
  expect_found(numbered(10, "own"));
  EXPECT_EQ(store->topic(topic)->config().cluster_id, "a3NlZWstdGVzdC1jbHVzdA");
  switch_to_other();
  expect_waits_for_its_own();
  stop();
  start();  // it is known after a restart, too
  expect_waits_for_its_own();
  // Reading it anew from there would be the operator's word; a job that ran would end.
  EXPECT_EQ(indexer::scan(*store->topic(topic)).size(), 10U);
  switch_to_own();
  send("more");
  auto expected = numbered(10, "own");
  expected.push_back("more");
  expect_found(expected);
  EXPECT_TRUE(eventually([this] { return status().state == TopicState::kRunning && status().reason.empty(); }))
      << status().reason;
  EXPECT_EQ(store->topic(topic)->events().back().text, "its own Kafka cluster answers again");
}

}  // namespace
}  // namespace kseek::kafka_test
