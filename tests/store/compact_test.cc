// What Kafka has compacted away goes from views, counts and disk, wherever it is: open, frozen, sealed, dead letters.
#include <gtest/gtest.h>

#include <thread>

#include "base/time.h"
#include "tests/store/topic_check.h"

namespace kseek::store {
namespace {

class CompactTest : public ::testing::Test {
 protected:
  CompactTest() : store_(open_store(dir_.path())), topic_(create_topic(*store_, config_of("orders"))) {
    EXPECT_TRUE(topic_->start_partition({0}, {0}).has_value());
  }
  void reopen() {
    topic_.reset();
    store_.reset();
    store_ = open_store(dir_.path());
    topic_ = store_->topic("orders");
    ASSERT_NE(topic_, nullptr);
  }
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

  ScratchDirectory dir_;
  std::unique_ptr<Store> store_;
  std::shared_ptr<TopicStore> topic_;
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

}  // namespace
}  // namespace kseek::store
