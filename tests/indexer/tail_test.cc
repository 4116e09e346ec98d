// From a broker into a store: what is sent is found, once, as it was sent.
#include <gtest/gtest.h>

#include <cstring>

#include "base/time.h"
#include "tests/indexer/world.h"

namespace kseek::indexer {
namespace {

TEST(Tail, TakesInHistoryAndWhatComesLater) {
  World world;
  world.create("orders", 3);
  world.send_many("orders", 3, 1'000);
  world.start();
  world.open("orders");
  world.wait_caught_up("orders");
  expect_whole(world.scan("orders"), 1'000);
  world.send_many("orders", 3, 500, "later");
  world.wait_caught_up("orders");
  const auto all = world.scan("orders");
  expect_whole(all, 1'500);
  EXPECT_EQ(all.back().value, "later497");
  EXPECT_TRUE(eventually([&] { return world.status("orders").state == TopicState::kRunning; }));
  EXPECT_EQ(world.status("orders").lag, 0U);
}

TEST(Tail, FromLatestTakesInOnlyWhatIsSentAfterOpening) {
  World world;
  world.create("t", 2);
  world.send_many("t", 2, 10, "old");
  world.start();
  world.open("t", "latest");
  world.send_many("t", 2, 4, "new");
  world.wait_caught_up("t");
  const auto all = world.scan("t");
  ASSERT_EQ(all.size(), 4U);
  for (const auto& message : all) EXPECT_EQ(message.value->substr(0, 3), "new");
}

TEST(Tail, FromOffsetsBeginsThere) {
  World world;
  world.create("t", 3);
  world.send_many("t", 3, 30);
  world.start();
  world.open("t", "0:4,2:10");
  world.wait_caught_up("t");
  const auto all = world.scan("t");
  ASSERT_EQ(all.size(), 6U + 10U) << "partition 1 isn't named and begins at its first message";
  EXPECT_EQ(all.front().offset, 4);
  EXPECT_TRUE(std::none_of(all.begin(), all.end(), [](const Found& m) { return m.partition == 2; }));
}

// It can't look a time up; tests/kafka has the times of a real one.
TEST(Tail, FromATimeTakesAllThatTheTestBrokerHas) {
  World world;
  world.create("t", 2);
  world.send_many("t", 2, 10);
  world.start();
  world.open("t", "-1h");
  world.wait_caught_up("t");
  EXPECT_EQ(world.scan("t").size(), 10U);
}

TEST(Tail, KeepsEveryShapeOfMessage) {
  World world;
  world.compress(true);
  world.create("t", 1);
  std::vector<OutgoingMessage> sent;
  const auto add = [&](std::optional<std::string> key, std::optional<std::string> value,
                       std::vector<std::pair<std::string, std::optional<std::string>>> headers) {
    OutgoingMessage message = message_of("t", 0, "");
    message.key = std::move(key);
    message.value = std::move(value);
    message.headers = std::move(headers);
    message.timestamp = Timestamp{1'700'000'000'000 + static_cast<int64_t>(sent.size())};
    sent.push_back(message);
  };
  add(std::nullopt, std::nullopt, {});
  add("", "", {});
  add("k", std::nullopt, {{"h", "1"}});
  add(std::nullopt, "v", {{"h", std::nullopt}, {"h", ""}, {"", "x"}});
  add("键", std::string("bin\0\xff\xfe", 6), {{"trace-id", "4bf92f35"}});
  add("k", std::string(6'000'000, 'x') + " needle", {});
  for (const auto& message : sent) {
    const auto delivered = world.producer->send(message, kPatience);
    ASSERT_TRUE(delivered) << describe(delivered.error());
  }
  world.start();
  world.open("t");
  world.wait_caught_up("t");
  const auto topic = world.store->topic("t");
  for (size_t i = 0; i < sent.size(); ++i) {
    const auto found = store::find_message(*topic, PartitionId{0}, Offset{static_cast<int64_t>(i)});
    ASSERT_TRUE(found) << describe(found.error());
    ASSERT_TRUE(*found) << i;
    const Found message = found_of((**found).message);
    EXPECT_EQ(message.key, sent[i].key) << i;
    EXPECT_EQ(message.value, sent[i].value) << i;
    EXPECT_EQ(message.headers, sent[i].headers) << i;
    EXPECT_EQ(message.create_time, sent[i].timestamp->ms) << i;
    EXPECT_EQ(message.timestamp_type, TimestampType::kCreateTime) << i;
  }
}

TEST(Tail, MessagesOverTheLimitAreDeadLetters) {
  World world;
  world.compress(true);
  world.create("t", 1);
  world.start();
  world.open("t");
  ASSERT_TRUE(world.producer->send(message_of("t", 0, std::string(kMaxMessageBytes + 1, 'x')), kPatience));
  ASSERT_TRUE(world.producer->send(message_of("t", 0, "after"), kPatience));
  world.wait_caught_up("t");
  const auto letters = world.store->topic("t")->dead_letters(10);
  ASSERT_EQ(letters.size(), 1U);
  EXPECT_EQ(letters[0].offset.value, 0);
  const auto found = store::find_message(*world.store->topic("t"), PartitionId{0}, Offset{1});
  ASSERT_TRUE(found && *found);
}

TEST(Tail, ManyTopicsAtOnce) {
  World world;
  world.start();
  constexpr int kTopics = 20;
  for (int t = 0; t < kTopics; ++t) {
    const std::string name = "topic-" + std::to_string(t);
    world.create(name, 2);
    world.send_many(name, 2, 100);
    world.open(name);
  }
  for (int t = 0; t < kTopics; ++t) {
    const std::string name = "topic-" + std::to_string(t);
    world.wait_caught_up(name);
    expect_whole(world.scan(name), 100);
  }
  EXPECT_EQ(world.indexer->statuses().size(), static_cast<size_t>(kTopics));
}

TEST(Tail, GoesOnWhereItStopped) {
  World world;
  world.create("t", 2);
  world.start();
  world.open("t");
  size_t total = 0;
  for (int round = 0; round < 4; ++round) {
    world.send_many("t", 2, 150);
    total += 150;
    world.wait_caught_up("t");
    if (round % 2 == 0) world.send_many("t", 2, 30);  // perhaps half taken in when it stops
    if (round % 2 == 0) total += 30;
    world.stop();
    world.start();
    world.wait_caught_up("t");
    expect_whole(world.scan("t"), total);
  }
}

TEST(Tail, WhatIsSentIsFoundSoonAndSearchKnowsTheEnd) {
  World world;
  world.create("t", 1);
  world.start();
  world.open("t");
  world.wait_caught_up("t");
  const auto topic = world.store->topic("t");
  std::vector<double> took_ms;
  for (int i = 0; i < 50; ++i) {
    const auto begin = std::chrono::steady_clock::now();
    const auto sent = world.producer->send(message_of("t", 0, "x"), kPatience);
    ASSERT_TRUE(sent);
    ASSERT_TRUE(eventually([&] {
      const auto view = topic->view();
      return view.partitions[0].indexed_to > sent->offset && view.partitions[0].end == view.partitions[0].indexed_to;
    }));
    took_ms.push_back(std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - begin).count());
  }
  std::sort(took_ms.begin(), took_ms.end());
  RecordProperty("median_ms", std::to_string(took_ms[took_ms.size() / 2]));
  std::printf("from send() to findable: median %.1f ms, slowest %.1f ms\n", took_ms[took_ms.size() / 2],
              took_ms.back());
}

TEST(Tail, StaysUnderATinyMemoryLimit) {
  World world;
  world.options.memory_limit_bytes = 100'000;
  world.store_options.blocks.max_messages = 4'096;
  world.create("t", 2);
  world.start();
  world.open("t");
  const std::string filler(500, 'f');
  for (int round = 0; round < 4; ++round) {
    world.send_many("t", 2, 4'000, filler);
    world.wait_caught_up("t");
  }
  expect_whole(world.scan("t"), 16'000);
  const auto topic = world.store->topic("t");
  EXPECT_TRUE(eventually([&] { return topic->stats().memory_bytes <= world.options.memory_limit_bytes; }))
      << topic->stats().memory_bytes;
  EXPECT_GT(topic->stats().blocks, 0U);
}

TEST(Tail, SealsByAgeAndIndexesTheStragglers) {
  World world;
  world.options.seal_after = std::chrono::milliseconds(200);
  world.create("t", 1);
  world.start();
  world.open("t");
  world.send_many("t", 1, 3);
  world.wait_caught_up("t");
  const auto topic = world.store->topic("t");
  EXPECT_TRUE(eventually([&] {
    const auto stats = topic->stats();
    return stats.blocks == 1 && stats.unindexed_blocks == 0 && stats.segments == 1;
  }));
  expect_whole(world.scan("t"), 3);
}

TEST(Tail, TakesInALotQuickly) {
  World world;
  world.store_options.blocks.max_messages = 4'096;
  world.create("t", 4);
  world.start();
  world.open("t");
  const std::string filler = "the quick brown fox jumps over the lazy dog ";
  constexpr int kMessages = 40'000;  // within the broker's 5 MiB a partition
  const auto begin = std::chrono::steady_clock::now();
  world.send_many("t", 4, kMessages, filler);
  world.wait_caught_up("t");
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - begin;
  std::printf("%d messages sent and taken in within %.2f s\n", kMessages, took.count());
  expect_whole(world.scan("t"), kMessages);
}

}  // namespace
}  // namespace kseek::indexer
