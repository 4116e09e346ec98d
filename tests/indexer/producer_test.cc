// The test broker and the producer against each other, and against a consumer that isn't ours (kcat).
#include "indexer/producer.h"

#include <gtest/gtest.h>

#include <array>
#include <cstdio>

#include "indexer/test_broker.h"

namespace kseek::indexer {
namespace {

using std::chrono::milliseconds;
constexpr milliseconds kPatience{20'000};

std::string output_of(const std::string& command) {
  std::string out;
  FILE* pipe = popen(command.c_str(), "r");
  if (pipe == nullptr) return out;
  std::array<char, 4096> buffer{};
  while (const size_t n = fread(buffer.data(), 1, buffer.size(), pipe)) out.append(buffer.data(), n);
  pclose(pipe);
  return out;
}

struct Kafka {
  std::unique_ptr<TestBroker> broker;
  std::unique_ptr<Producer> producer;
};

Kafka start_kafka(const std::map<std::string, std::string>& properties = {}) {
  auto broker = TestBroker::start();
  EXPECT_TRUE(broker) << describe(broker.error());
  auto producer = Producer::create((*broker)->address(), properties);
  EXPECT_TRUE(producer) << describe(producer.error());
  return {*std::move(broker), *std::move(producer)};
}

OutgoingMessage text_message(const std::string& topic, int partition, const std::string& value) {
  OutgoingMessage message;
  message.topic = topic;
  message.partition = PartitionId{partition};
  message.value = value;
  return message;
}

TEST(TestBroker, ListensOnLoopbackAndKnowsItsTopics) {
  auto kafka = start_kafka();
  EXPECT_EQ(kafka.broker->address().rfind("127.0.0.1:", 0), 0U) << kafka.broker->address();
  EXPECT_TRUE(kafka.broker->create_topic("orders", 2));
  EXPECT_EQ(kafka.broker->create_topic("orders", 2).error().code, ErrorCode::kConflict);
  EXPECT_EQ(kafka.broker->create_topic("none", 0).error().code, ErrorCode::kInvalid);
}

TEST(Producer, SendsAndSaysWhere) {
  auto kafka = start_kafka();
  ASSERT_TRUE(kafka.broker->create_topic("orders", 2));
  for (int i = 0; i < 3; ++i) {
    const auto sent = kafka.producer->send(text_message("orders", 1, "hello"), kPatience);
    ASSERT_TRUE(sent) << describe(sent.error());
    EXPECT_EQ(sent->partition.value, 1);
    EXPECT_EQ(sent->offset.value, i);
  }
}

TEST(Producer, NullEmptyAndHeadersArriveAsSent) {
  auto kafka = start_kafka();
  ASSERT_TRUE(kafka.broker->create_topic("t", 1));
  OutgoingMessage message = text_message("t", 0, "");
  message.headers = {{"a", "1"}, {"a", std::nullopt}, {"b", ""}};
  message.timestamp = Timestamp{1'700'000'000'123};
  ASSERT_TRUE(kafka.producer->send(message, kPatience));
  message.value = std::nullopt;
  message.key = "";
  message.headers.clear();
  ASSERT_TRUE(kafka.producer->send(message, kPatience));
  const std::string dump =
      output_of("kcat -b " + kafka.broker->address() + " -C -t t -p 0 -o beginning -e -q -f '%T|%K|%S|%h\\n'");
  EXPECT_EQ(dump, "1700000000123|-1|0|a=1,a=NULL,b=\n1700000000123|0|-1|\n");
}

TEST(Producer, KeysChooseThePartitionAsKafkasOwnClientsDo) {
  auto kafka = start_kafka();
  ASSERT_TRUE(kafka.broker->create_topic("t", 4));
  OutgoingMessage message = text_message("t", 0, "x");
  message.partition = std::nullopt;
  message.key = "foobar";  // murmur2 of "foobar" is 0xcf9ab8a2 in Kafka's own test; & 0x7fffffff, mod 4
  const auto first = kafka.producer->send(message, kPatience);
  const auto second = kafka.producer->send(message, kPatience);
  ASSERT_TRUE(first && second);
  EXPECT_EQ(first->partition, second->partition);
}

TEST(Producer, EnqueueAndFlushDeliverEverything) {
  auto kafka = start_kafka();
  ASSERT_TRUE(kafka.broker->create_topic("t", 1));
  constexpr int kMessages = 20'000;
  for (int i = 0; i < kMessages; ++i) ASSERT_TRUE(kafka.producer->enqueue(text_message("t", 0, "m")));
  const auto flushed = kafka.producer->flush(kPatience);
  ASSERT_TRUE(flushed) << describe(flushed.error());
  const auto sent = kafka.producer->send(text_message("t", 0, "last"), kPatience);
  ASSERT_TRUE(sent);
  EXPECT_EQ(sent->offset.value, kMessages);
}

TEST(Producer, SaysWhatIsWrong) {
  auto kafka = start_kafka();
  ASSERT_TRUE(kafka.broker->create_topic("t", 1));
  EXPECT_EQ(kafka.producer->send(text_message("t", 7, "x"), kPatience).error().code, ErrorCode::kNotFound);
  EXPECT_EQ(kafka.producer->send(text_message("", 0, "x"), kPatience).error().code, ErrorCode::kInvalid);
  EXPECT_EQ(kafka.producer->send(text_message("t", 0, std::string(70'000'000, 'x')), kPatience).error().code,
            ErrorCode::kTooLarge);
  EXPECT_EQ(Producer::create("", {}).error().code, ErrorCode::kInvalid);

  const auto unknown = Producer::create("127.0.0.1:1", {{"no.such.property", "secret"}});
  ASSERT_FALSE(unknown);
  EXPECT_EQ(unknown.error().code, ErrorCode::kInvalid);
  EXPECT_NE(unknown.error().message.find("no.such.property"), std::string::npos) << unknown.error().message;
  const auto bad_value = Producer::create("127.0.0.1:1", {{"security.protocol", "secret"}});
  ASSERT_FALSE(bad_value);
  EXPECT_NE(bad_value.error().message.find("security.protocol"), std::string::npos) << bad_value.error().message;
  EXPECT_EQ(describe(bad_value.error()).find("secret"), std::string::npos) << "values may be secrets";
}

TEST(Producer, TimesOutWhileTheBrokerIsDownAndGoesOnAfterwards) {
  auto kafka = start_kafka();
  ASSERT_TRUE(kafka.broker->create_topic("t", 1));
  ASSERT_TRUE(kafka.producer->send(text_message("t", 0, "1"), kPatience));
  kafka.broker->set_down(true);
  EXPECT_EQ(kafka.producer->send(text_message("t", 0, "2"), milliseconds(300)).error().code, ErrorCode::kTimeout);
  kafka.broker->set_down(false);
  const auto later = kafka.producer->send(text_message("t", 0, "3"), kPatience);
  ASSERT_TRUE(later) << describe(later.error());
  EXPECT_EQ(later->offset.value, 2) << "the second message arrived late, and before the third";
}

TEST(Producer, ReportsUndeliveredMessagesOnFlush) {
  auto kafka = start_kafka({{"message.timeout.ms", "200"}});
  ASSERT_TRUE(kafka.broker->create_topic("t", 1));
  kafka.broker->set_down(true);
  ASSERT_TRUE(kafka.producer->enqueue(text_message("t", 0, "lost")));
  const auto flushed = kafka.producer->flush(kPatience);
  ASSERT_FALSE(flushed);
  EXPECT_EQ(flushed.error().code, ErrorCode::kTimeout);
}

}  // namespace
}  // namespace kseek::indexer
