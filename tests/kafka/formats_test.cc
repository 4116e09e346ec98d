// Whatever shape messages have in Kafka: codecs, sizes, headers, nothing at all, the broker's own time.
#include "base/bytes.h"
#include "base/time.h"
#include "tests/kafka/kafka_test.h"

namespace kseek::kafka_test {
namespace {

using Formats = KafkaTest;

class Codecs : public KafkaTest, public ::testing::WithParamInterface<const char*> {
 protected:
  void SetUp() override {
    KafkaTest::SetUp();
    topic = std::string("Codecs.") + GetParam();
  }
};

TEST_P(Codecs, OfTheProducerAndOfTheBroker) {
  const std::string filler = " the same words in each of them, so that there is something to compress";
  std::vector<std::string> expected;
  for (const std::string& value : numbered(300)) expected.push_back(value + filler);
  create(1);
  renew_producer({{"compression.type", GetParam()}, {"linger.ms", "20"}});
  send_many(300, "m", filler);
  start();
  open();
  expect_found(expected);

  // The broker compresses anew what comes as something else: its encoder, not librdkafka's.
  topic += ".by-the-broker";
  create(1, {{"compression.type", GetParam()}});
  renew_producer({{"compression.type", "none"}, {"linger.ms", "20"}});
  send_many(300, "m", filler);
  open();
  expect_found(expected);
}

INSTANTIATE_TEST_SUITE_P(Each, Codecs, ::testing::Values("gzip", "snappy", "lz4", "zstd"),
                         [](const auto& codec) { return std::string(codec.param); });

TEST_F(Formats, MessagesUpToTheLimitAreFoundAndLargerOnesAreDeadLetters) {
  create(1, {{"max.message.bytes", std::to_string(24_MiB)}});
  renew_producer({{"message.max.bytes", std::to_string(24_MiB)}});
  const auto sized = [](const std::string& words, size_t bytes) {
    std::string value = words + " ";
    value.resize(bytes, 'x');
    return value;
  };
  const std::string largest = sized("largest", kMaxMessageBytes);
  send("small one");                                       // 0
  send(largest);                                           // 1
  send(sized("too large by a byte", largest.size() + 1));  // 2
  send(sized("far too large", 20'000'000));                // 3
  send("small two");                                       // 4
  start();
  open();
  wait_caught_up();
  ASSERT_TRUE(eventually([this] { return status().state == TopicState::kRunning; })) << status().reason;
  const Answer all = search();
  EXPECT_EQ(all.offsets(), (std::vector<int64_t>{0, 1, 4}));
  ASSERT_EQ(all.hits.size(), 3U);
  EXPECT_TRUE(all.hits[1].value == largest);
  EXPECT_EQ(search("largest").offsets(), std::vector<int64_t>{1});
  EXPECT_TRUE(search("far").hits.empty());
  EXPECT_FALSE(all.complete) << "there are messages that nothing was found in";
  ASSERT_EQ(all.coverage.size(), 1U);
  EXPECT_EQ(all.coverage.front().dead_letters, 2U);
  EXPECT_EQ(all.coverage.front().lag, 0U);
  const auto dead = store->topic(topic)->dead_letters(10);
  ASSERT_EQ(dead.size(), 2U);
  std::vector<std::pair<int64_t, uint64_t>> letters;
  for (const auto& letter : dead) letters.emplace_back(letter.offset.value, letter.bytes);
  std::sort(letters.begin(), letters.end());
  EXPECT_EQ(letters, (std::vector<std::pair<int64_t, uint64_t>>{{2, largest.size() + 1}, {3, 20'000'000}}));
}

TEST_F(Formats, HeadersAreKeptAsTheyAre) {
  create(1);
  OutgoingMessage message = message_of(topic, 0, "with headers");
  message.key = "k";
  message.headers = {{"trace", "4bf92f35"}, {"empty", ""},          {"null", std::nullopt}, {"trace", "again"},
                     {"", "nameless"},      {"bytes", "\xff\x01z"}, {"中文", "你好"}};
  send(message);
  send("without");
  start();
  open();
  expect_found({"with headers", "without"});
  const auto hits = search().hits;
  EXPECT_EQ(hits[0].headers, message.headers);
  EXPECT_TRUE(hits[1].headers.empty());
}

TEST_F(Formats, NullIsNotEmpty) {
  create(1);
  std::vector<std::pair<std::optional<std::string>, std::optional<std::string>>> pairs;
  const std::vector<std::optional<std::string>> choices{std::nullopt, "", "text"};
  for (const auto& key : choices) {
    for (const auto& value : choices) pairs.emplace_back(key, value);
  }
  for (const auto& [key, value] : pairs) {
    OutgoingMessage message;
    message.topic = topic;
    message.partition = PartitionId{0};
    message.key = key;
    message.value = value;
    send(message);
  }
  start();
  open();
  ASSERT_TRUE(eventually([&] { return search().hits.size() == pairs.size(); }));
  const Answer all = search();
  EXPECT_TRUE(all.complete) << all.why_not;
  for (size_t i = 0; i < pairs.size(); ++i) {
    EXPECT_EQ(std::pair(all.hits[i].key, all.hits[i].value), pairs[i]) << i;
  }
}

TEST_F(Formats, TheBrokersTimeWhereTheTopicSaysSo) {
  create(1, {{"message.timestamp.type", "LogAppendTime"}});
  const Timestamp before = now();
  OutgoingMessage message = message_of(topic, 0, "stamped");
  message.timestamp = Timestamp{1'000'000'000'000};
  send(message);
  start();
  open();
  expect_found({"stamped"});
  const Found hit = search().hits.at(0);
  EXPECT_EQ(hit.timestamp_type, TimestampType::kLogAppendTime);
  EXPECT_GE(hit.create_time, before.ms);
  EXPECT_LE(hit.create_time, now().ms);
}

TEST_F(Formats, TheProducersTimeOtherwise) {
  create(1, {{"retention.ms", "-1"}});
  OutgoingMessage message = message_of(topic, 0, "stamped");
  message.timestamp = Timestamp{1'000'000'000'000};
  send(message);
  start();
  open();
  expect_found({"stamped"});
  const Found hit = search().hits.at(0);
  EXPECT_EQ(hit.timestamp_type, TimestampType::kCreateTime);
  EXPECT_EQ(hit.create_time, 1'000'000'000'000);
}

/// Larger than librdkafka takes by itself (100 MB), on the wire or unpacked.
TEST_F(KafkaTest, AMessageLargerThanClientsTakeIsADeadLetterAndTheTopicGoesOn) {
  constexpr size_t kBytes = 120'000'000;
  create(1, {{"max.message.bytes", "150000000"}});
  start();
  open();
  send("before");
  renew_producer({{"message.max.bytes", "150000000"}});
  OutgoingMessage large = message_of(topic, 0, std::string(kBytes, 'x'));
  EXPECT_EQ(send(large), 1);
  EXPECT_EQ(send("between"), 2);
  for (const char* compression : {"zstd", "lz4", "gzip"}) {
    renew_producer({{"message.max.bytes", "150000000"}, {"compression.type", compression}});
    send(large);
  }
  send("after");
  EXPECT_TRUE(eventually([this] {
    return search().values() == std::vector<std::string>{"before", "between", "after"};
  })) << search().hits.size()
      << ", " << status().reason;
  const auto letters = store->topic(topic)->dead_letters(10, std::nullopt);
  ASSERT_EQ(letters.size(), 4U);
  for (const auto& letter : letters) {
    EXPECT_EQ(letter.bytes, kBytes);
    EXPECT_EQ(letter.reason, "too_large");
  }
}

}  // namespace
}  // namespace kseek::kafka_test
