// Where tailing begins: from the first message, the next one, a time, offsets; and topics that aren't there.
#include "base/time.h"
#include "tests/kafka/kafka_test.h"

namespace kseek::kafka_test {
namespace {

using Start = KafkaTest;

TEST_F(Start, FromTheFirstMessageThatKafkaHas) {
  create(2);
  send("one", 0);
  send("two", 1);
  send("three", 0);
  start();
  open("earliest");
  expect_found({"one", "two", "three"});
  EXPECT_TRUE(eventually([this] { return status().state == TopicState::kRunning && status().lag == 0; }));
}

TEST_F(Start, FromTheNextMessage) {
  create(1);
  send_many(5, "old");
  start();
  open("latest");
  wait_caught_up();
  EXPECT_TRUE(search().hits.empty());
  EXPECT_EQ(send("new"), 5);
  expect_found({"new"});
}

TEST_F(Start, FromATime) {
  create(2);
  const auto send_at = [this](int partition, int64_t ms) {
    OutgoingMessage message = message_of(topic, partition, "at" + std::to_string(ms));
    message.timestamp = Timestamp{ms};
    send(message);
  };
  const int64_t base = now().ms - 3'600'000;
  for (int i = 0; i < 6; ++i) send_at(0, base + i * 1'000);
  send_at(1, base);  // a partition without a message of that time or later: from its end
  start();
  open(format_time(Timestamp{base + 3'000}));
  expect_found(
      {"at" + std::to_string(base + 3'000), "at" + std::to_string(base + 4'000), "at" + std::to_string(base + 5'000)});
  send_at(1, base + 9'000);
  EXPECT_TRUE(eventually([this] { return search().hits.size() == 4; }));
}

TEST_F(Start, FromATimeAfterTheLastMessage) {
  create(1);
  send_many(3, "old");
  start();
  open(format_time(Timestamp{now().ms + 3'600'000}));
  wait_caught_up();
  send("new");
  expect_found({"new"});
}

TEST_F(Start, FromOffsets) {
  create(2);
  for (int i = 0; i < 5; ++i) {
    send("a" + std::to_string(i), 0);
    send("b" + std::to_string(i), 1);
  }
  start();
  open("0:3,1:1");
  expect_found({"b1", "b2", "a3", "b3", "a4", "b4"});
}

TEST_F(Start, OffsetsThatAreNotThereAreRefusedWhenOpening) {
  create(1);
  send_many(3);
  start();
  indexer::OpenRequest request;
  request.topic = topic;
  for (const char* from : {"0:4", "1:0"}) {
    request.from = from;
    const auto opened = indexer->open_topic(request);
    ASSERT_FALSE(opened) << from;
    EXPECT_EQ(opened.error().code, ErrorCode::kInvalid) << describe(opened.error());
  }
  open("0:3");
  send("next");
  expect_found({"next"});
}

TEST_F(Start, ATopicThatIsNotThereIsRefusedAtOnce) {
  start();
  indexer::OpenRequest request;
  request.topic = topic;
  const auto before = std::chrono::steady_clock::now();
  const auto opened = indexer->open_topic(request);
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error().code, ErrorCode::kNotFound) << describe(opened.error());
  EXPECT_LT(std::chrono::steady_clock::now() - before, std::chrono::seconds(3));
  EXPECT_EQ(store->topic(topic), nullptr);
}

TEST_F(Start, AnEmptyTopicIsComplete) {
  create(3);
  start();
  open();
  expect_found({});
  EXPECT_TRUE(eventually([this] { return status().state == TopicState::kRunning; }));
}

}  // namespace
}  // namespace kseek::kafka_test
