// Dead letters on their way to a Kafka topic: as they were, with Kafka Connect's headers, at least once.
#include <gmock/gmock.h>

#include "tests/indexer/world.h"

namespace kseek::indexer {
namespace {

class DeadLetters : public ::testing::Test {
 protected:
  void SetUp() override {
    world_.create("orders", 2);
    world_.start();
  }

  void open(const std::string& to, store::Require require = store::Require::kJson) {
    OpenRequest request;
    request.topic = "orders";
    request.require = require;
    request.dead_letter_topic = to;
    const auto opened = world_.indexer->open_topic(request);
    ASSERT_TRUE(opened) << describe(opened.error());
  }

  void send(const std::string& value, int partition = 0) {
    OutgoingMessage message = message_of("orders", partition, value);
    message.key = "the key";
    message.headers = {{"trace", "4bf9"}, {"none", std::nullopt}};
    message.timestamp = Timestamp{1'700'000'000'123};
    const auto sent = world_.producer->send(message, kPatience);
    ASSERT_TRUE(sent) << describe(sent.error());
  }

  /// What a consumer reads of the letters' topic, once there are so many.
  std::vector<Found> letters(size_t count) {
    if (!world_.store->topic("letters")) world_.open("letters");
    EXPECT_TRUE(eventually([&] { return world_.scan("letters").size() >= count; }));
    return world_.scan("letters");
  }

  static std::string header(const Found& letter, const std::string& name) {
    for (const auto& [key, value] : letter.headers) {
      if (key == "__connect.errors." + name) return value.value_or("null");
    }
    return "absent";
  }

  World world_;
};

TEST_F(DeadLetters, AreSentOnAsTheyWereAndWhy) {
  world_.create("letters", 1);
  open("letters");
  send(R"({"fine":1})");
  send("not JSON", 1);
  world_.wait_caught_up("orders");
  const auto all = letters(1);
  ASSERT_EQ(all.size(), 1U);
  const Found& letter = all.front();
  EXPECT_EQ(letter.key, "the key");
  EXPECT_EQ(letter.value, "not JSON");
  EXPECT_EQ(letter.create_time, 1'700'000'000'123);
  ASSERT_GE(letter.headers.size(), 2U);
  EXPECT_EQ(letter.headers[0], (std::pair<std::string, std::optional<std::string>>("trace", "4bf9")));
  EXPECT_EQ(letter.headers[1].second, std::nullopt);
  EXPECT_EQ(header(letter, "topic"), "orders");
  EXPECT_EQ(header(letter, "partition"), "1");
  EXPECT_EQ(header(letter, "offset"), "0");
  EXPECT_EQ(header(letter, "connector.name"), "kseek-orders");
  EXPECT_EQ(header(letter, "task.id"), "0");
  EXPECT_EQ(header(letter, "stage"), "VALUE_CONVERTER");
  EXPECT_EQ(header(letter, "class.name"), "kseek");
  EXPECT_EQ(header(letter, "exception.class.name"), "org.apache.kafka.connect.errors.DataException");
  EXPECT_THAT(header(letter, "exception.message"), ::testing::HasSubstr("not a JSON object"));
  EXPECT_EQ(world_.scan("orders").size(), 1U);
}

TEST_F(DeadLetters, EachOnceOverARestartAndAReindex) {
  world_.create("letters", 1);
  open("letters");
  for (int i = 0; i < 20; ++i) send("bad " + std::to_string(i), i % 2);
  EXPECT_EQ(letters(20).size(), 20U);
  world_.stop();
  world_.start();
  send("bad 20");
  world_.wait_caught_up("orders");
  EXPECT_EQ(letters(21).size(), 21U);
  const auto job = world_.indexer->jobs().reindex({"orders", store::JobSource::kKafka});
  ASSERT_TRUE(job) << describe(job.error());
  ASSERT_TRUE(eventually([&] { return world_.indexer->jobs().find(job->id)->ended(); }));
  EXPECT_EQ(world_.store->topic("orders")->dead_letters(100).size(), 21U);
  send("bad 21");
  const auto all = letters(22);
  EXPECT_EQ(all.size(), 22U);
  EXPECT_EQ(all.back().value, "bad 21");
}

TEST_F(DeadLetters, TheLargeOnesToo) {
  world_.compress(true);
  world_.create("letters", 1);
  open("letters", store::Require::kAnything);
  send(std::string(11 * 1024 * 1024, 'x'));
  send("after");
  world_.wait_caught_up("orders");
  EXPECT_EQ(world_.scan("orders").size(), 1U) << "the topic goes on";
  world_.open("letters");
  ASSERT_TRUE(eventually([&] { return !world_.store->topic("letters")->dead_letters(10).empty(); }));
  EXPECT_GT(world_.store->topic("letters")->dead_letters(10).front().bytes, 11U * 1024 * 1024) << "whole";
}

TEST_F(DeadLetters, WhatCannotBeSentWaitsAndTheTopicGoesOn) {
  open("letters");  // the broker makes it when it is asked for; until then there is none
  world_.broker->set_down(true);
  world_.broker->set_down(false);
  send("bad");
  send(R"({"fine":1})");
  world_.wait_caught_up("orders");
  EXPECT_EQ(world_.scan("orders").size(), 1U);
  EXPECT_TRUE(eventually([&] { return world_.store->topic("orders")->unsent_dead_letters(1).empty(); }));
}

TEST_F(DeadLetters, NotToTheTopicItself) {
  OpenRequest request;
  request.topic = "orders";
  request.dead_letter_topic = "orders";
  EXPECT_EQ(world_.indexer->open_topic(request).error().code, ErrorCode::kInvalid);
  request.dead_letter_topic = "no such/name";
  EXPECT_EQ(world_.indexer->open_topic(request).error().code, ErrorCode::kInvalid);
}

}  // namespace
}  // namespace kseek::indexer
