// What happens to a topic in Kafka while it is open here: it grows, is deleted, is created again; and what Kafka's own
// tools see of us.
#include "tests/kafka/kafka_test.h"

namespace kseek::kafka_test {
namespace {

class TopicLife : public KafkaTest {
 protected:
  /// Waits until the topic has failed; the reason.
  std::string wait_failed() {
    EXPECT_TRUE(eventually([this] { return status().state == TopicState::kFailed; }))
        << indexer::to_string(status().state) << ": " << status().reason;
    return status().reason;
  }
  void expect_says_why(const std::string& part) {
    EXPECT_NE(wait_failed().find(part), std::string::npos) << status().reason;
  }
};

TEST_F(TopicLife, AddedPartitionsAreTakenInFromTheirFirstMessage) {
  create(1);
  send("first", 0);
  start();
  open("latest");
  wait_caught_up();
  ASSERT_OK(admin->grow_topic(topic, 3));
  // A producer of its own: one that knows the topic takes a while to see its new partitions.
  renew_producer();
  send("second", 1);
  send("third", 2);
  send("fourth", 0);
  expect_found({"second", "third", "fourth"});
  EXPECT_EQ(search().coverage.size(), 3U);
  stop();
  start();
  send("fifth", 2);
  expect_found({"second", "third", "fourth", "fifth"});
}

TEST_F(TopicLife, ADeletedTopicFailsAndWhatWasIndexedIsStillFound) {
  create(2);
  send_many(10);
  start();
  open();
  expect_found(numbered(10));
  ASSERT_OK(admin->delete_topic(topic));
  expect_says_why("has no topic");
  const Answer left = search();
  EXPECT_EQ(left.hits.size(), 10U);
  EXPECT_FALSE(left.complete);
  // Neither closing nor stopping hangs.
  const auto before = std::chrono::steady_clock::now();
  ASSERT_OK(indexer->close_topic(topic));
  EXPECT_EQ(store->topic(topic), nullptr);
  stop();
  EXPECT_LT(std::chrono::steady_clock::now() - before, std::chrono::seconds(15));
}

TEST_F(TopicLife, DeletingOneTopicDoesNotDisturbAnother) {
  create(1);
  create_topic(topic + ".other", 1);
  start();
  open();
  const std::string kept = topic;
  topic += ".other";
  open();
  send("other");
  expect_found({"other"});
  ASSERT_OK(admin->delete_topic(topic));
  topic = kept;
  send_many(20);
  expect_found(numbered(20));
  EXPECT_TRUE(eventually([this] { return status().state == TopicState::kRunning; })) << status().reason;
}

TEST_F(TopicLife, CreatedAgainWithFewerMessages) {
  create(1);
  send_many(10, "old");
  start();
  open();
  expect_found(numbered(10, "old"));
  ASSERT_OK(admin->delete_topic(topic));
  create(1);
  renew_producer();
  send_many(3, "new");
  expect_says_why("deleted and created again");
  EXPECT_FALSE(search().complete);
  // The way back.
  ASSERT_OK(indexer->close_topic(topic));
  open();
  expect_found(numbered(3, "new"));
}

/// The new topic has the offset where tailing would go on: only what stands before it tells that it is another one.
TEST_F(TopicLife, CreatedAgainAndOutgrownWhileTailing) {
  create(1);
  send_many(10, "old");
  start();
  open();
  expect_found(numbered(10, "old"));
  ASSERT_OK(admin->delete_topic(topic));
  create(1);
  renew_producer();
  send_many(30, "new");
  expect_says_why("deleted and created again");
  EXPECT_FALSE(search().complete);
}

TEST_F(TopicLife, CreatedAgainAndOutgrownWhilePaused) {
  create(1);
  send_many(10, "old");
  start();
  open();
  expect_found(numbered(10, "old"));
  ASSERT_OK(indexer->pause_topic(topic));
  ASSERT_OK(admin->delete_topic(topic));
  create(1);
  renew_producer();
  send_many(30, "new");
  ASSERT_OK(indexer->resume_topic(topic));
  expect_says_why("deleted and created again");
}

TEST_F(TopicLife, CreatedAgainWhileStopped) {
  create(1);
  send_many(10, "old");
  start();
  open();
  expect_found(numbered(10, "old"));
  stop();
  ASSERT_OK(admin->delete_topic(topic));
  create(1);
  renew_producer();
  send_many(30, "new");
  start();
  expect_says_why("another message than the one that was indexed");
}

TEST_F(TopicLife, CreatedAgainWithFewerPartitions) {
  create(3);
  for (int i = 0; i < 6; ++i) send("m" + std::to_string(i), i % 3);
  start();
  open();
  expect_found(numbered(6));
  stop();
  ASSERT_OK(admin->delete_topic(topic));
  create(1);
  renew_producer();
  send_many(10, "new");
  start();
  expect_says_why("partitions");
}

TEST_F(TopicLife, WhatIsSealedIsCommittedForKafkasTools) {
  create(1);
  send_many(130);
  start();
  open();
  wait_caught_up();
  // Blocks of 64: two are sealed.
  EXPECT_TRUE(eventually([this] { return admin->committed("kseek-" + topic, topic, 0) >= 128; }))
      << admin->committed("kseek-" + topic, topic, 0);
}

TEST_F(TopicLife, PausedAndResumed) {
  create(1);
  start();
  open();
  send_many(5, "a");
  expect_found(numbered(5, "a"));
  ASSERT_OK(indexer->pause_topic(topic));
  send_many(5, "b");
  EXPECT_EQ(status().state, TopicState::kPaused);
  EXPECT_TRUE(eventually([this] { return !search().complete && status().lag == 5; })) << status().lag;
  EXPECT_EQ(search().hits.size(), 5U);
  ASSERT_OK(indexer->resume_topic(topic));
  auto expected = numbered(5, "a");
  for (const auto& value : numbered(5, "b")) expected.push_back(value);
  expect_found(expected);
}

}  // namespace
}  // namespace kseek::kafka_test
