// What `kseek doctor` learns of a real Kafka.
#include "indexer/probe.h"

#include "base/time.h"

#include "tests/kafka/kafka_test.h"

namespace kseek::kafka_test {
namespace {

constexpr milliseconds kStep{10'000};

class Probe : public KafkaTest {};

TEST_F(Probe, TellsOfTheClusterAndItsTopics) {
  create(3);
  create_topic(topic + "-empty", 1);
  const Timestamp before = now();
  send("hello", 2);
  const auto probed =
      indexer::probe_cluster(broker->address(), {}, {topic, topic + "-empty", topic + "-missing"}, kStep);
  ASSERT_OK(probed);
  ASSERT_EQ(probed->brokers.size(), 1U);
  EXPECT_EQ(probed->brokers[0].host, "127.0.0.1");
  EXPECT_FALSE(probed->id.empty());
  EXPECT_TRUE(probed->version.starts_with("3.9")) << probed->version;
  ASSERT_EQ(probed->topics.size(), 3U);
  const indexer::ProbedTopic& filled = probed->topics[0];
  EXPECT_FALSE(filled.describe || filled.read);
  EXPECT_EQ(filled.partitions, 3);
  EXPECT_FALSE(filled.settings) << describe(*filled.settings);
  EXPECT_FALSE(probed->is_test);
  ASSERT_TRUE(filled.newest);
  EXPECT_GE(filled.newest->ms, before.ms - 1'000);
  const indexer::ProbedTopic& empty = probed->topics[1];
  EXPECT_FALSE(empty.describe || empty.read) << (empty.read ? describe(*empty.read) : "");
  EXPECT_FALSE(empty.newest);
  ASSERT_TRUE(probed->topics[2].describe);
  EXPECT_EQ(probed->topics[2].describe->code, ErrorCode::kNotFound);
}

TEST_F(Probe, SaysWhyItMayNotComeIn) {
  const Settings wrong{{"security.protocol", "SASL_SSL"},
                       {"ssl.ca.location", shared_certificate().string()},
                       {"sasl.mechanism", "PLAIN"},
                       {"sasl.username", "kseek"},
                       {"sasl.password", "hunter2-not-it"}};
  const auto refused = indexer::probe_cluster(broker->secure_address(), wrong, {}, kStep);
  ASSERT_FALSE(refused);
  EXPECT_NE(refused.error().message.find("uthentication"), std::string::npos) << refused.error().message;
  EXPECT_EQ(refused.error().message.find("hunter2"), std::string::npos);
}

}  // namespace
}  // namespace kseek::kafka_test
