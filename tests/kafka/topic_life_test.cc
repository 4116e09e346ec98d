// What happens to a topic in Kafka while it is open here: it grows, is deleted, is created again; and what Kafka's own
// tools see of us.
#include <algorithm>
#include <regex>

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
  /// Waits until an event says this.
  void expect_event(const std::string& part) {
    std::string all;
    EXPECT_TRUE(eventually([&] {
      all.clear();
      for (const auto& event : store->topic(topic)->events()) all += event.text + "\n";
      return all.find(part) != std::string::npos;
    })) << "\""
        << part << "\" in: " << all << status().reason;
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
  EXPECT_NE(wait_failed().find("deleted in Kafka"), std::string::npos) << status().reason;
  expect_event("deleted in Kafka");
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
  expect_found(numbered(3, "new"));
  expect_event("deleted and created again");
  // It is another topic for good.
  stop();
  start();
  expect_found(numbered(3, "new"));
  expect_event("deleted and created again");
  send("more");
  EXPECT_TRUE(eventually([this] { return search("more").hits.size() == 1; }));
}

TEST_F(TopicLife, DeletedForAWhileAndCreatedAgain) {
  create(2);
  for (int i = 0; i < 6; ++i) send("old" + std::to_string(i), i % 2);
  start();
  open("latest");
  send("seen", 1);
  expect_found({"seen"});
  ASSERT_OK(admin->delete_topic(topic));
  wait_failed();
  EXPECT_FALSE(search().complete);
  create(2);
  renew_producer();
  send("anew0", 0);
  send("anew1", 1);
  expect_found({"anew0", "anew1"});
  EXPECT_EQ(store->topic(topic)->config().from, "earliest") << "all of it came after it was opened";
  expect_event("Kafka has a topic of this name again");
  EXPECT_TRUE(eventually([this] { return status().state == TopicState::kRunning; })) << status().reason;
}

/// Nothing of what was indexed is left to compare: Kafka's first offset tells.
TEST_F(TopicLife, EverythingExpiredThenCreatedAgainWhileStopped) {
  create(1);
  send_many(10, "old");
  start();
  open();
  expect_found(numbered(10, "old"));
  ASSERT_OK(admin->delete_records(topic, 0, 10));
  expect_found({});
  ASSERT_OK(store->topic(topic)->flush());
  stop();
  ASSERT_OK(admin->delete_topic(topic));
  create(1);
  renew_producer();
  send_many(30, "new");
  start();
  expect_found(numbered(30, "new"));
  expect_event("went back");
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
  expect_found(numbered(30, "new"));
  expect_event("deleted and created again");
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
  expect_found(numbered(30, "new"));
  expect_event("deleted and created again");
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
  expect_found(numbered(30, "new"));
  expect_event("another message than the one that was indexed");
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
  expect_found(numbered(10, "new"));
  expect_event("only 1 partitions");
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

TEST_F(TopicLife, KafkasOwnToolShowsOffsetAndLag) {
  create(2);
  send_many(200);
  send("alone", 1);
  start();
  open();
  wait_caught_up();
  ASSERT_OK(store->topic(topic)->flush());
  const std::string group = "kseek-" + topic;
  ASSERT_TRUE(eventually([&] {
    return admin->committed(group, topic, 0) == 200 && admin->committed(group, topic, 1) == 1;
  })) << admin->committed(group, topic, 0);
  ASSERT_OK(indexer->pause_topic(topic));
  send_many(7);
  const auto shown = broker->run_tool({"org.apache.kafka.tools.consumer.group.ConsumerGroupCommand",
                                       "--bootstrap-server", broker->address(), "--describe", "--group", group,
                                       "--timeout", "60000"});  // its own 5 s are few on a busy machine
  ASSERT_OK(shown);
  // Group, topic, partition, current offset, end, lag, and nobody's consumer, host and client.
  const auto row = [&](const std::string& numbers) {
    return std::regex_search(*shown, std::regex(group + " +" + topic + " +" + numbers + " +- +- +-"));
  };
  EXPECT_TRUE(row("0 +200 +207 +7")) << *shown;
  EXPECT_TRUE(row("1 +1 +1 +0")) << *shown;
}

TEST_F(TopicLife, ConsumerGroupsAreShownAsKafkasToolsShowThem) {
  create(2);
  send_many(130);
  start();
  open();
  wait_caught_up();
  const auto ours = [this]() -> std::optional<indexer::GroupRow> {
    const auto rows = indexer->groups(topic);
    EXPECT_TRUE(rows) << describe(rows.error());
    if (!rows) return std::nullopt;
    for (const auto& row : *rows) {
      if (row.group == "kseek-" + topic && row.partition == PartitionId{0}) return row;
    }
    return std::nullopt;
  };
  std::optional<indexer::GroupRow> row;
  EXPECT_TRUE(eventually([&] {
    row = ours();
    return row && row->offset && *row->offset >= Offset{128};
  }));
  ASSERT_TRUE(row);
  EXPECT_EQ(row->state, "Empty");
  EXPECT_TRUE(row->member.empty());
  EXPECT_EQ(row->lag, 130 - row->offset->value);
  // A group with a member.
  auto consumer = indexer::Client::create(RD_KAFKA_CONSUMER, broker->address(), {},
                                          {{"group.id", topic + "-readers"}, {"client.id", "reader-1"}}, {});
  ASSERT_OK(consumer);
  const auto list = indexer::make_partition_list(1);
  rd_kafka_topic_partition_list_add(list.get(), topic.c_str(), RD_KAFKA_PARTITION_UA);
  ASSERT_EQ(rd_kafka_subscribe((*consumer)->get(), list.get()), RD_KAFKA_RESP_ERR_NO_ERROR);
  EXPECT_TRUE(eventually([&] {
    if (rd_kafka_message_t* message = rd_kafka_consumer_poll((*consumer)->get(), 50)) rd_kafka_message_destroy(message);
    const auto rows = indexer->groups(topic);
    return rows && std::count_if(rows->begin(), rows->end(), [this](const indexer::GroupRow& found) {
                     return found.group == topic + "-readers" && found.client == "reader-1" && !found.host.empty() &&
                            !found.member.empty() && found.state == "Stable";
                   }) == 2;
  }));
  rd_kafka_consumer_close((*consumer)->get());
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
