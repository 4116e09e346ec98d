// What Kafka has compacted away goes from views, counts and disk, wherever it is: open, frozen, sealed, dead letters.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <cmath>
#include <cstdlib>
#include <random>
#include <set>
#include <thread>

#include "base/time.h"
#include "tests/store/topic_check.h"

namespace kseek::store {
namespace {

class CompactTest : public OrdersTest {
 protected:
  size_t remove(int64_t first, int64_t end, const std::vector<int64_t>& existing) {
    std::vector<Offset> offsets;
    offsets.reserve(existing.size());
    for (const int64_t offset : existing) offsets.push_back({offset});
    const auto removed = topic_->remove_compacted({0}, {first}, {end}, offsets);
    EXPECT_TRUE(removed.has_value()) << describe(removed.error());
    return removed ? *removed : 0;
  }
  std::vector<int64_t> offsets() {
    std::vector<int64_t> found;
    for (const auto& [place, text] : read_all(*topic_, topic_->view())) found.push_back(place.second.value);
    return found;
  }
  bool has(int64_t offset) {
    const auto found = find_message(*topic_, {0}, {offset});
    EXPECT_TRUE(found.has_value());
    return found && found->has_value();
  }
};

TEST_F(CompactTest, OpenFrozenAndSealedBlocks) {
  append_range(*topic_, 0, 0, 8);  // of 8: sealed
  const auto sealed = topic_->seal_next();
  ASSERT_TRUE(sealed && *sealed);
  append_range(*topic_, 0, 8, 16);   // frozen
  append_range(*topic_, 0, 16, 20);  // open
  EXPECT_EQ(remove(0, 20, {1, 7, 8, 9, 17}), 15U);
  EXPECT_EQ(offsets(), (std::vector<int64_t>{1, 7, 8, 9, 17}));
  EXPECT_EQ(topic_->stats().messages, 5U);
  EXPECT_EQ(topic_->view().partitions[0].messages, 5U);
  EXPECT_FALSE(has(0));
  EXPECT_TRUE(has(7));
  EXPECT_FALSE(has(16));
  EXPECT_TRUE(has(17));
  append_range(*topic_, 0, 20, 22);
  ASSERT_TRUE(topic_->flush().has_value());
  reopen();
  EXPECT_EQ(offsets(), (std::vector<int64_t>{1, 7, 8, 9, 17, 20, 21}));
  EXPECT_EQ(topic_->stats().messages, 7U);
  EXPECT_EQ(topic_->next_offset({0}), Offset{22});
}

TEST_F(CompactTest, TheRangesEndsAreKept) {
  append_range(*topic_, 0, 0, 8);
  ASSERT_TRUE(topic_->flush().has_value());
  EXPECT_EQ(remove(2, 6, {3}), 3U);
  EXPECT_EQ(offsets(), (std::vector<int64_t>{0, 1, 3, 6, 7}));
  EXPECT_EQ(remove(0, 8, {0, 7}), 3U);
  EXPECT_EQ(offsets(), (std::vector<int64_t>{0, 7}));
  EXPECT_EQ(remove(5, 5, {}), 0U);
}

TEST_F(CompactTest, ABlockWithNothingLeftGoesWithItsSpace) {
  for (int64_t offset = 0; offset < 64; offset += 8) append_range(*topic_, 0, offset, offset + 8);
  ASSERT_TRUE(topic_->flush().has_value());
  for (auto merged = topic_->merge_next(); merged && *merged;) merged = topic_->merge_next();
  const TopicView before = topic_->view();
  ASSERT_EQ(before.blocks->size(), 8U);
  EXPECT_EQ(remove(0, 64, {63}), 63U);
  EXPECT_EQ(topic_->stats().blocks, 1U);
  EXPECT_EQ(topic_->stats().messages, 1U);
  ASSERT_TRUE(topic_->expire(now()).has_value());
  check_index(*topic_, topic_->view(), 1);
  reopen();
  EXPECT_EQ(offsets(), (std::vector<int64_t>{63}));
  EXPECT_EQ(segments_on_disk(dir_.path()), segments_named(*store_));
}

TEST_F(CompactTest, WhatAFrozenBlockLosesIsNotSealed) {
  append_range(*topic_, 0, 0, 8);
  EXPECT_EQ(remove(0, 8, {}), 8U);
  for (auto sealed = topic_->seal_next(); sealed && *sealed;) sealed = topic_->seal_next();
  EXPECT_EQ(topic_->stats().blocks, 0U);
  EXPECT_EQ(topic_->stats().frozen_blocks, 0U);
  reopen();
  EXPECT_EQ(topic_->next_offset({0}), Offset{8});
}

TEST_F(CompactTest, DeadLetters) {
  const std::string large(kMaxMessageBytes + 1, 'x');
  append_one(*topic_, plain_message(0, 0, large));
  append_one(*topic_, plain_message(0, 1, "small"));
  append_one(*topic_, plain_message(0, 2, large));
  ASSERT_TRUE(topic_->flush().has_value());
  append_one(*topic_, plain_message(0, 3, large));
  ASSERT_EQ(topic_->view().partitions[0].dead_letters, 3U);
  EXPECT_EQ(remove(0, 4, {1, 2}), 0U);
  EXPECT_EQ(topic_->view().partitions[0].dead_letters, 1U);
  reopen();
  EXPECT_EQ(topic_->view().partitions[0].dead_letters, 1U);
  ASSERT_EQ(topic_->dead_letters(10).size(), 1U);
  EXPECT_EQ(topic_->dead_letters(10)[0].offset, Offset{2});
  EXPECT_TRUE(has(1));
}

/// Beside sealing, indexing, merging and expiring; what is kept is in every view exactly once.
TEST_F(CompactTest, BesideEverythingElse) {
  constexpr int64_t kEnd = 4'000;
  std::atomic<bool> stop{false};
  std::atomic<int64_t> written{0};
  std::vector<std::thread> threads;
  for (int i = 0; i < 2; ++i) {
    threads.emplace_back([&] {
      while (!stop) {
        static_cast<void>(topic_->seal_next());
        static_cast<void>(topic_->index_next(false));
        static_cast<void>(topic_->merge_next());
        static_cast<void>(topic_->expire(now()));
      }
    });
  }
  threads.emplace_back([&] {
    for (int64_t offset = 0; offset < kEnd; offset += 5) {
      append_range(*topic_, 0, offset, offset + 5);
      written = offset + 5;
    }
  });
  // Multiples of 10 are never cleaned.
  std::vector<int64_t> kept;
  int64_t end = 0;
  while (end < kEnd) {
    end = written;
    kept.clear();
    for (int64_t offset = 0; offset < end; offset += 10) kept.push_back(offset);
    remove(0, end, kept);
    std::vector<int64_t> found = offsets();
    std::erase_if(found, [end](int64_t offset) { return offset >= end; });
    ASSERT_EQ(found, kept);
  }
  stop = true;
  for (auto& thread : threads) thread.join();
  ASSERT_TRUE(topic_->flush().has_value());
  EXPECT_EQ(offsets(), kept);
  EXPECT_EQ(topic_->stats().messages, kept.size());
}

TEST_F(CompactTest, BlockIdsThatPowerFailureTakesBackAreNotGivenAgain) {
  append_range(*topic_, 0, 0, 64);
  ASSERT_TRUE(topic_->flush().has_value());
  EXPECT_EQ(remove(0, 64, {0, 20, 40, 60}), 60U);
  const ScratchDirectory elsewhere;
  std::filesystem::copy(dir_.path(), elsewhere.path() / "copy", std::filesystem::copy_options::recursive);
  const auto rewrite = [](TopicStore& topic) {
    const auto rewritten = topic.rewrite_next();
    EXPECT_TRUE(rewritten && *rewritten);
    return topic.view().blocks;
  };
  const auto lost = rewrite(*topic_);
  const auto store = open_store(elsewhere.path() / "copy");
  const auto kept = rewrite(*store->topic("orders"));
  kept->for_each([&](const BlockMeta& meta) { EXPECT_GE(meta.id, lost->ids_end()); });
}

/// By hand, with KSEEK_COMPACT_SPACE=1: what a compacted topic keeps, in messages and in bytes, without and with
/// rewriting of mostly empty blocks. Keys are drawn evenly, or some of them far more often than others.
TEST(CompactSpace, OfAStreamOfUpdates) {
  if (std::getenv("KSEEK_COMPACT_SPACE") == nullptr) GTEST_SKIP() << "set KSEEK_COMPACT_SPACE to run it";
  constexpr size_t kKeys = 20'000;
  constexpr int64_t kUpdates = 600'000;
  constexpr int64_t kRound = 60'000;  // after so many Kafka compacts all but the newest half of them
  for (const auto& [skew, rewrite] : {std::pair(1, false), {1, true}, {3, false}, {3, true}}) {
    const ScratchDirectory dir;
    StoreOptions options;
    options.write_buffer_bytes = 2_MiB;  // so that most of it is in files
    const auto store = Store::open(dir.path(), OpenMode::kOwner, options);
    ASSERT_TRUE(store.has_value());
    const auto topic = create_topic(**store, config_of("orders"));
    ASSERT_TRUE(topic->start_partition({0}, {0}).has_value());
    std::mt19937_64 random(1);
    std::vector<int64_t> newest(kKeys, -1);
    for (int64_t offset = 0; offset < kUpdates; ++offset) {
      const double draw = std::uniform_real_distribution<>(0, 1)(random);
      const auto id = static_cast<size_t>(std::pow(draw, skew) * kKeys);
      newest[id] = offset;
      const std::string key = fmt::format("customer-{:07}", id);
      std::string value = fmt::format("{{\"customer\":{},\"trace\":\"{:016x}\",\"text\":\"", id, random());
      while (value.size() < 300) value += fmt::format("word{} ", random() % 5'000);
      MessageView message;
      message.offset = {offset};
      message.create_time = message.ingest_time = {1'700'000'000'000 + offset};
      message.key = key;
      message.value = value;
      topic->append({0}, {&message, 1});
      if (offset % kRound != kRound - 1) continue;
      ASSERT_TRUE(topic->flush().has_value());
      std::set<int64_t> left(newest.begin(), newest.end());
      left.erase(-1);
      const int64_t end = offset - kRound / 2;
      std::vector<Offset> existing;
      for (const int64_t one : left) {
        if (one < end) existing.push_back({one});
      }
      ASSERT_TRUE(topic->remove_compacted({0}, {0}, {end}, existing).has_value());
      for (auto more = rewrite ? topic->rewrite_next() : false; more && *more;) more = topic->rewrite_next();
      ASSERT_TRUE(topic->flush().has_value());
      for (auto more = topic->merge_next(); more && *more;) more = topic->merge_next();
      for (int i = 0; i < 20; ++i) ASSERT_TRUE(topic->expire({0}).has_value());
      const TopicStats stats = topic->stats();
      uint64_t disk = 0;
      for (const auto& entry : std::filesystem::recursive_directory_iterator(dir.path() / "db")) {
        if (entry.path().extension() == ".sst") disk += entry.file_size();
      }
      fmt::print(
          "skew {} rewrite {} updates {:6} live {:6} blocks {:4} (full ones for these: {:4}, rewritten {:4}) stored "
          "{:5.1f} MB, files {:5.1f} MB, index {:5.1f} MB\n",
          skew, rewrite, offset + 1, stats.messages, stats.blocks, stats.messages / BlockOptions().max_messages + 1,
          stats.activity.blocks_rewritten, static_cast<double>(stats.stored_bytes) / 1e6,
          static_cast<double>(disk) / 1e6, static_cast<double>(stats.index_bytes) / 1e6);
    }
  }
}

}  // namespace
}  // namespace kseek::store
