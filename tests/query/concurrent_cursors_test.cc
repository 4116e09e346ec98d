// Cursors followed to the end over several topics, while messages are appended, sealed, indexed, merged, compacted,
// rewritten and expire: each match that was there when the search began, and did not expire meanwhile, comes once, in
// order; no later one does.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <array>
#include <atomic>
#include <random>
#include <set>
#include <thread>

#include "query/request.h"
#include "query/sort_key.h"
#include "tests/query/scratch_store.h"

namespace kseek::query {
namespace {

constexpr size_t kTopics = 3;
constexpr size_t kPartitions = 2;
constexpr size_t kPlaces = kTopics * kPartitions;
constexpr int64_t kMessages = 2'500;  // a partition
constexpr int64_t kKept = 900;        // about, below the newest
constexpr int64_t kMatchesEvery = 3;  // every third message
constexpr size_t kMinSearches = 15;   // a searcher

/// How far each partition is; read by searchers, written by who appends and who moves low watermarks.
struct Progress {
  std::array<std::atomic<int64_t>, kPlaces> begun{};     ///< appending of all below was begun: others can't be seen
  std::array<std::atomic<int64_t>, kPlaces> appended{};  ///< all below were appended: can be seen
  std::array<std::atomic<int64_t>, kPlaces> low{};
};

std::array<int64_t, kPlaces> now(const std::array<std::atomic<int64_t>, kPlaces>& progress) {
  std::array<int64_t, kPlaces> values{};
  for (size_t i = 0; i < kPlaces; ++i) values[i] = progress[i];
  return values;
}

std::string topic_name(size_t topic) { return fmt::format("topic-{}", topic); }

class ConcurrentCursors : public testing::Test {
 protected:
  ConcurrentCursors() : scratch_(options()) {
    for (size_t t = 0; t < kTopics; ++t) {
      store::TopicConfig config;
      config.name = topic_name(t);
      topics_.push_back(need(scratch_->create_topic(config)));
      for (size_t p = 0; p < kPartitions; ++p) {
        need(topics_[t]->start_partition({static_cast<int32_t>(p)}, kMinOffset));
      }
    }
  }
  static store::StoreOptions options() {
    store::StoreOptions options;
    options.blocks.max_messages = 48;
    return options;
  }

  void append_all() {
    for (int64_t n = 0; n < kMessages; ++n) {
      for (size_t place = 0; place < kPlaces; ++place) {
        MessageView message;
        message.partition = {static_cast<int32_t>(place % kPartitions)};
        message.offset = {n};
        message.create_time = message.ingest_time = {(n * 5 + static_cast<int64_t>(place)) / 9};
        const std::string value = n % kMatchesEvery == 0 ? "wanted word" : "word";
        message.value = value;
        progress_.begun[place] = n + 1;
        topics_[place / kPartitions]->append(message.partition, {&message, 1});
        progress_.appended[place] = n + 1;
      }
    }
  }

  void expire_old(std::mt19937_64& random) {
    const size_t place = random() % kPlaces;
    const int64_t low = progress_.appended[place] - kKept + static_cast<int64_t>(random() % 50);
    if (low <= progress_.low[place]) return;
    progress_.low[place] = low;  // before it is so: what is at or above is surely there
    topics_[place / kPartitions]->set_watermarks({static_cast<int32_t>(place % kPartitions)}, {low}, std::nullopt);
  }

  /// Kafka's cleaner takes what doesn't match.
  void compact(std::mt19937_64& random) {
    const size_t place = random() % kPlaces;
    const Offset end{progress_.appended[place]};
    std::vector<Offset> existing;
    for (Offset offset{0}; offset < end; offset.value += kMatchesEvery) existing.push_back(offset);
    const PartitionId partition{static_cast<int32_t>(place % kPartitions)};
    need(topics_[place / kPartitions]->remove_compacted(partition, {0}, end, existing));
  }

  void work(const std::atomic<bool>& stop, uint64_t seed) {
    std::mt19937_64 random(seed);
    while (!stop) {
      store::TopicStore& topic = *topics_[random() % kTopics];
      if (random() % 40 == 0) topic.freeze_all();
      need(topic.seal_next());
      need(topic.index_next(random() % 8 == 0));
      need(topic.merge_next());
      if (seed == 0) expire_old(random);
      if (seed == 1 && random() % 10 == 0) compact(random);
      need(topic.rewrite_next());
      if (random() % 20 == 0) need(topic.expire({0}));
    }
  }

  /// One search, followed to its end; what is wrong, or nothing.
  std::string follow(SearchRequest request, std::mt19937_64& random) {
    const bool newest = request.order == Order::kNewest;
    const auto there_before = now(progress_.appended);
    std::array<int64_t, kPlaces> there_after{};
    std::set<std::pair<size_t, int64_t>> seen;
    std::optional<SortKey> previous;
    for (bool more = true, first_page = true; more; first_page = false) {
      request.byte_budget = random() % 3 == 0 ? random() % 3'000 : UINT64_MAX;
      const SearchAnswer answer = need(search(*scratch_, request));
      if (first_page) there_after = now(progress_.begun);
      for (const Hit& hit : answer.hits) {
        const store::StoredMessage& message = hit.message();
        const auto topic = static_cast<uint32_t>(hit.topic.back() - '0');
        const SortKey key{message.create_time, message.partition, message.offset, topic};
        if (previous && !precedes(*previous, key, request.order))
          return fmt::format("hit {} is out of order", seen.size());
        previous = key;
        seen.emplace(topic * kPartitions + static_cast<size_t>(message.partition.value), message.offset.value);
      }
      more = answer.more;
      request.cursor = answer.cursor;
    }
    const auto low = now(progress_.low);
    for (const auto& [place, offset] : seen) {
      if (offset >= there_after[place]) return fmt::format("{}/{} came after the search began", place, offset);
      if (offset % kMatchesEvery != 0) return fmt::format("{}/{} does not match", place, offset);
    }
    for (size_t place = 0; place < kPlaces; ++place) {
      const int64_t first = (low[place] + kMatchesEvery - 1) / kMatchesEvery * kMatchesEvery;
      for (int64_t offset = first; offset < there_before[place]; offset += kMatchesEvery) {
        if (!seen.contains({place, offset})) {
          return fmt::format("{}/{} was missed, {} first", place, offset, newest ? "newest" : "oldest");
        }
      }
    }
    return "";
  }

  ScratchStore scratch_;
  std::vector<std::shared_ptr<store::TopicStore>> topics_;
  Progress progress_;
};

TEST_F(ConcurrentCursors, GiveEachMatchOnceInOrder) {
  std::atomic<bool> appended = false, stop = false;
  std::thread appender([&] {
    append_all();
    appended = true;
  });
  std::vector<std::thread> workers;
  for (uint64_t seed = 0; seed < 2; ++seed) workers.emplace_back([&, seed] { work(stop, seed); });
  std::vector<std::thread> searchers;
  for (uint64_t seed = 0; seed < 2; ++seed) {
    searchers.emplace_back([&, seed] {
      std::mt19937_64 random(seed);
      for (size_t n = 0; n < kMinSearches || !appended; ++n) {
        SearchRequest request;
        request.topics = {"topic-*"};
        request.where = need(parse_text_condition(Scope::kValue, n % 2 == 0 ? "wanted" : "*ante*"));
        request.order = random() % 2 == 0 ? Order::kNewest : Order::kOldest;
        const std::string wrong = follow(std::move(request), random);
        EXPECT_EQ(wrong, "") << "search " << n << " of searcher " << seed;
        if (!wrong.empty()) return;
      }
    });
  }
  for (std::thread& searcher : searchers) searcher.join();
  stop = true;
  appender.join();
  for (std::thread& worker : workers) worker.join();
}

}  // namespace
}  // namespace kseek::query
