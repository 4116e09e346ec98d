// Searches beside everything that a store does at the same time: each follows its cursor and must see a partition's
// messages without gap and in order, from the newest that was there when it began.
#include <gtest/gtest.h>

#include <atomic>
#include <map>
#include <random>
#include <thread>

#include "query/request.h"
#include "tests/query/scratch_store.h"

namespace kseek::query {
namespace {

constexpr int32_t kPartitions = 3;
constexpr int64_t kMessages = 3'000;  // a partition
constexpr size_t kMinSearches = 40;   // a searcher

void append_all(store::TopicStore& topic) {
  for (int64_t n = 0; n < kMessages; ++n) {
    for (int32_t p = 0; p < kPartitions; ++p) {
      MessageView message;
      message.partition = {p};
      message.offset = {n};
      message.create_time = message.ingest_time = {n / 7};
      const std::string value = n % 3 == 0 ? "third message" : "message";
      message.value = value;
      topic.append({p}, {&message, 1});
    }
  }
}

void work(store::TopicStore& topic, const std::atomic<bool>& stop) {
  std::mt19937_64 random(1);
  while (!stop) {
    if (random() % 50 == 0) topic.freeze_all();
    need(topic.seal_next());
    need(topic.index_next(random() % 8 == 0));
    need(topic.merge_next());
  }
}

/// Follows one search through some pages; offsets of each partition must fall by `step` from hit to hit.
void follow(store::Store& store, SearchRequest request, int64_t step, std::mt19937_64& random) {
  std::map<PartitionId, Offset> previous;
  Timestamp time = kMaxTimestamp;
  for (int page = 0; page < 12; ++page) {
    request.byte_budget = random() % 2 == 0 ? UINT64_MAX : random() % 5'000;
    const SearchAnswer answer = need(search(store, request));
    for (const Hit& hit : answer.hits) {
      const store::StoredMessage& message = hit.message();
      ASSERT_LE(message.create_time, time);
      time = message.create_time;
      const auto [place, first] = previous.try_emplace(message.partition, message.offset);
      if (!first) {
        ASSERT_EQ(message.offset.value, place->second.value - step);
      }
      place->second = message.offset;
    }
    if (!answer.more) {
      for (const auto& [partition, offset] : previous) ASSERT_EQ(offset, Offset{0});
      return;
    }
    request.cursor = answer.cursor;
  }
}

TEST(Concurrency, SearchesSeeEveryMessageOnce) {
  store::StoreOptions options;
  options.blocks.max_messages = 64;
  ScratchStore scratch(options);
  store::TopicConfig config;
  config.name = "busy";
  config.source = store::Source::kImport;
  const auto topic = need(scratch->create_topic(config));
  for (int32_t p = 0; p < kPartitions; ++p) need(topic->start_partition({p}, kMinOffset));

  std::atomic<bool> appended = false, stop = false;
  std::vector<std::thread> threads;
  threads.emplace_back([&] {
    append_all(*topic);
    appended = true;
  });
  for (int n = 0; n < 2; ++n) threads.emplace_back([&] { work(*topic, stop); });
  std::vector<std::thread> searchers;
  for (uint64_t seed = 0; seed < 2; ++seed) {
    searchers.emplace_back([&, seed] {
      std::mt19937_64 random(seed);
      for (size_t n = 0; n < kMinSearches || !appended; ++n) {
        const bool third = random() % 2 == 0;
        SearchRequest request;
        request.topics = {"busy"};
        request.where = need(parse_text_condition(Scope::kValue, third ? "thi*" : "message"));
        follow(*scratch, request, third ? 3 : 1, random);
        if (testing::Test::HasFatalFailure()) return;
      }
    });
  }
  for (std::thread& searcher : searchers) searcher.join();
  stop = true;
  for (std::thread& thread : threads) thread.join();
}

}  // namespace
}  // namespace kseek::query
