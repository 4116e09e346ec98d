// Mostly empty blocks of compacted topics are written anew: the same messages, less space, and no view notices.
#include <gtest/gtest.h>

#include <atomic>
#include <thread>

#include "base/time.h"
#include "tests/store/topic_check.h"

namespace kseek::store {
namespace {

class RewriteTest : public OrdersTest {
 protected:
  static constexpr int64_t kEnd = 64;  // eight blocks

  /// Eight blocks of which offsets that `keep` divides are left.
  void fill(int64_t keep) {
    append_range(*topic_, 0, 0, kEnd);
    ASSERT_TRUE(topic_->flush().has_value());
    ASSERT_EQ(topic_->stats().blocks, 8U);
    compact(0, kEnd, keep);
  }
  void compact(int64_t first, int64_t end, int64_t keep) {
    std::vector<Offset> existing;
    for (int64_t offset = first; offset < end; ++offset) {
      if (offset % keep == 0) existing.push_back({offset});
    }
    const auto removed = topic_->remove_compacted({0}, {first}, {end}, existing);
    ASSERT_TRUE(removed.has_value()) << describe(removed.error());
  }
  size_t rewrite_all() {
    size_t steps = 0;
    for (auto more = topic_->rewrite_next(); more && *more; more = topic_->rewrite_next()) ++steps;
    return steps;
  }
  /// Gives space back until nothing is left to be given.
  void expire() {
    for (int i = 0; i < 3; ++i) ASSERT_TRUE(topic_->expire(now()).has_value());
  }
  static std::vector<int64_t> multiples(int64_t of, int64_t end = kEnd) {
    std::vector<int64_t> all;
    for (int64_t offset = 0; offset < end; offset += of) all.push_back(offset);
    return all;
  }
  static std::vector<int64_t> offsets(const TopicStore& topic, const TopicView& view) {
    return offsets_of(read_all(topic, view));
  }
  static std::vector<int64_t> offsets_of(const std::map<Place, std::string>& messages) {
    std::vector<int64_t> found;
    for (const auto& [place, text] : messages) found.push_back(place.second.value);
    return found;
  }
  /// How many of the view's blocks are there no more.
  size_t gone(const TopicView& view) const {
    size_t count = 0;
    view.blocks->for_each([&](const BlockMeta& meta) {
      const auto block = topic_->read_block(meta);
      ASSERT_TRUE(block.has_value()) << describe(block.error());
      count += *block == nullptr ? 1 : 0;
    });
    return count;
  }
};

TEST_F(RewriteTest, TheSameMessagesInFewerBlocks) {
  fill(4);
  ASSERT_EQ(topic_->stats().blocks, 8U);
  const auto before = read_all(*topic_, topic_->view());
  const TopicStats old = topic_->stats();
  EXPECT_GT(rewrite_all(), 0U);
  const TopicStats stats = topic_->stats();
  EXPECT_EQ(stats.blocks, 2U);
  EXPECT_EQ(stats.messages, old.messages);
  EXPECT_LT(stats.stored_bytes, old.stored_bytes);
  EXPECT_LT(stats.raw_bytes, old.raw_bytes / 3);
  EXPECT_EQ(stats.activity.blocks_rewritten, 8U);
  EXPECT_EQ(topic_->view().partitions[0].messages, 16U);
  EXPECT_EQ(read_all(*topic_, topic_->view()), before);
  for (const int64_t offset : multiples(4)) {
    const auto found = find_message(*topic_, {0}, {offset});
    ASSERT_TRUE(found && *found) << offset;
  }
  EXPECT_FALSE(*find_message(*topic_, {0}, {5}));
  const auto newest = newest_message(*topic_, {0}, {50});
  ASSERT_TRUE(newest && *newest);
  EXPECT_EQ((*newest)->message.offset, Offset{48});
  check_index(*topic_, topic_->view(), 1);
  ASSERT_TRUE(topic_->flush().has_value());
  expire();
  check_index(*topic_, topic_->view(), 1);
  EXPECT_EQ(topic_->stats().unindexed_blocks, 0U);
  EXPECT_EQ(topic_->stats().segments, 1U) << "those of the old blocks are dropped";
  reopen();
  EXPECT_EQ(read_all(*topic_, topic_->view()), before);
  EXPECT_EQ(topic_->stats().messages, 16U);
  EXPECT_EQ(topic_->stats().blocks, 2U);
  EXPECT_EQ(segments_on_disk(dir_.path()), segments_named(*store_));
}

TEST_F(RewriteTest, WhatIsDenseStays) {
  append_range(*topic_, 0, 0, kEnd);
  ASSERT_TRUE(topic_->flush().has_value());
  compact(0, 16, 4);   // two blocks
  compact(24, 32, 8);  // one alone
  EXPECT_EQ(rewrite_all(), 1U);
  EXPECT_EQ(topic_->stats().blocks, 7U);
  EXPECT_EQ(topic_->stats().activity.blocks_rewritten, 2U);
  EXPECT_EQ(rewrite_all(), 0U);
  reopen();
  EXPECT_EQ(rewrite_all(), 0U);
  EXPECT_EQ(topic_->stats().messages, 4U + 8 + 1 + 32);
}

TEST_F(RewriteTest, WhatIsCompactedAndRewrittenAgainAndAgain) {
  fill(2);
  append_range(*topic_, 0, kEnd, kEnd + 20);
  ASSERT_TRUE(topic_->flush().has_value());
  for (const int64_t keep : {4, 8, 16}) {
    compact(0, kEnd, keep);
    rewrite_all();
    auto expected = multiples(keep);
    for (int64_t offset = kEnd; offset < kEnd + 20; ++offset) expected.push_back(offset);
    EXPECT_EQ(offsets(*topic_, topic_->view()), expected);
    ASSERT_TRUE(topic_->flush().has_value());
    expire();
    check_index(*topic_, topic_->view(), 1);
    EXPECT_EQ(topic_->view().partitions[0].low, Offset{0});
  }
  reopen();
  EXPECT_EQ(topic_->stats().messages, 4U + 20);
  EXPECT_EQ(topic_->next_offset({0}), Offset{kEnd + 20});
}

TEST_F(RewriteTest, AnOldViewReadsOnAndThenTheSpaceComesBack) {
  fill(4);
  auto old = std::make_unique<const TopicView>(topic_->view());
  rewrite_all();
  ASSERT_TRUE(topic_->flush().has_value());
  const auto middle = std::make_unique<const TopicView>(topic_->view());
  compact(0, kEnd, 16);  // of the new blocks
  rewrite_all();
  expire();
  ASSERT_TRUE(topic_->flush().has_value());
  expire();
  // What was removed before it was taken stays removed.
  EXPECT_EQ(offsets(*topic_, *old), multiples(4));
  EXPECT_EQ(gone(*old), 0U);
  check_index(*topic_, *old, 1);
  const TopicView now_view = topic_->view();
  EXPECT_EQ(offsets(*topic_, now_view), multiples(16));
  EXPECT_EQ(offsets_of(read_old(*topic_, *middle)), multiples(16));
  EXPECT_EQ(gone(*middle), 0U);
  const TopicView kept = *old;
  old.reset();
  expire();
  EXPECT_EQ(gone(kept), 0U) << "a copy of the view counts as well";
  EXPECT_EQ(offsets(*topic_, kept), multiples(4));
}

TEST_F(RewriteTest, AViewFromBeforeTheCompactionReadsOn) {
  append_range(*topic_, 0, 0, kEnd);
  ASSERT_TRUE(topic_->flush().has_value());
  const TopicView old = topic_->view();
  compact(0, kEnd, 4);
  ASSERT_GT(rewrite_all(), 0U);
  ASSERT_TRUE(topic_->flush().has_value());
  expire();
  EXPECT_EQ(gone(old), 0U);
  EXPECT_EQ(offsets_of(read_old(*topic_, old)), multiples(4));
}

/// Of messages with everything that may be strange about them, some of which fill frames of their own.
TEST_F(RewriteTest, EveryByteIsKept) {
  for (const uint64_t seed : {1, 2, 3}) {
    SCOPED_TRACE(seed);
    RandomMessages random(seed);
    const PartitionId partition{static_cast<int32_t>(seed)};
    int64_t offset = kMaxOffset.value - 1'000'000;
    const Offset first{offset};
    ASSERT_TRUE(topic_->start_partition(partition, first).has_value());
    std::vector<Offset> existing;
    for (int i = 0; i < 400; ++i) {
      OwnedMessage message = random.message(partition, offset);
      if (random.one_in(20)) {
        message.value = std::string(random.below(200'000), static_cast<char>('a' + random.below(26)));
        for (char& c : *message.value) c = random.one_in(8) ? static_cast<char>(random.below(256)) : c;
      }
      append_one(*topic_, message);
      if (random.one_in(4)) existing.push_back(message.view.offset);
    }
    ASSERT_TRUE(topic_->flush().has_value());
    auto expected = read_all(*topic_, topic_->view());
    std::erase_if(expected, [&](const auto& entry) {
      const auto& [place, text] = entry;
      return place.first == partition && !std::binary_search(existing.begin(), existing.end(), place.second);
    });
    ASSERT_TRUE(topic_->remove_compacted(partition, first, {offset}, existing).has_value());
    ASSERT_GT(rewrite_all(), 0U);
    reopen();  // nothing of it is in memory
    EXPECT_EQ(read_all(*topic_, topic_->view()), expected);
    for (const Offset kept : existing) {
      const auto found = find_message(*topic_, partition, kept);
      ASSERT_TRUE(found && *found) << kept.value;
      EXPECT_EQ(digest((*found)->message), expected.at({partition, kept}));
    }
    ASSERT_TRUE(topic_->flush().has_value());
    check_index(*topic_, topic_->view(), 1);
  }
}

/// Small files, so that dead ones go at once; no cache, so that what is read is on the disk.
TEST_F(RewriteTest, FilesGoWhenTheLastViewIsGone) {
  topic_.reset();
  store_.reset();
  StoreOptions options = small_blocks();
  options.block_cache_bytes = 0;
  store_ = open_store(dir_.path(), options);
  topic_ = store_->topic("orders");
  const auto files_bytes = [&] {
    uint64_t bytes = 0;
    for (const auto& entry : std::filesystem::directory_iterator(dir_.path() / "db")) {
      if (entry.path().extension() == ".sst") bytes += entry.file_size();
    }
    return bytes;
  };
  const std::string noise = [] {
    RandomMessages random(7);
    std::string text;
    while (text.size() < 20'000) text.push_back(static_cast<char>(random.below(256)));
    return text;
  }();
  for (int64_t offset = 0; offset < kEnd; ++offset) {
    append_one(*topic_, plain_message(0, offset, noise.substr(static_cast<size_t>(offset) * 100)));
  }
  ASSERT_TRUE(topic_->flush().has_value());
  reopen();  // what is in the log goes into a file
  topic_.reset();
  store_.reset();
  store_ = open_store(dir_.path(), options);
  topic_ = store_->topic("orders");
  compact(0, kEnd, 8);
  const uint64_t full = files_bytes();
  BlockMeta first;
  {
    const TopicView old = topic_->view();
    first = *old.blocks->find({0}, {0});
    ASSERT_GT(rewrite_all(), 0U);
    expire();
    EXPECT_EQ(gone(old), 0U);
    EXPECT_EQ(offsets(*topic_, old), multiples(8));
    EXPECT_GE(files_bytes(), full / 2) << "nothing was given back: the view keeps it";
  }
  expire();
  const auto block = topic_->read_block(first);
  ASSERT_TRUE(block.has_value()) << describe(block.error());
  EXPECT_EQ(*block, nullptr) << "nobody can ask for it";
  EXPECT_LT(files_bytes(), full / 2);
  EXPECT_EQ(offsets(*topic_, topic_->view()), multiples(8));
}

TEST_F(RewriteTest, AfterACrashTheOldBlocksAreDead) {
  fill(4);
  const TopicView keeps_them = topic_->view();
  rewrite_all();
  const ScratchDirectory elsewhere;
  std::filesystem::copy(dir_.path(), elsewhere.path() / "copy", std::filesystem::copy_options::recursive);
  const auto store = open_store(elsewhere.path() / "copy");
  const auto topic = store->topic("orders");
  ASSERT_NE(topic, nullptr);
  EXPECT_EQ(offsets(*topic, topic->view()), multiples(4));
  EXPECT_EQ(topic->stats().blocks, 2U);
  ASSERT_TRUE(topic->expire(now()).has_value());
  EXPECT_EQ(offsets(*topic, topic->view()), multiples(4));
  EXPECT_EQ(offsets(*topic_, keeps_them), multiples(4));
}

TEST_F(RewriteTest, AReaderBesideTheOwnerReadsOnAndSeesItWhenItOpensAnew) {
  fill(4);
  const auto reader = open_store(dir_.path(), small_blocks(), OpenMode::kReadOnly);
  rewrite_all();
  ASSERT_TRUE(topic_->flush().has_value());
  expire();
  const auto beside = reader->topic("orders");
  EXPECT_EQ(offsets(*beside, beside->view()), multiples(4));
  EXPECT_EQ(beside->view().blocks->size(), 8U);
  const auto rewritten = beside->rewrite_next();
  ASSERT_TRUE(rewritten.has_value());
  EXPECT_FALSE(*rewritten) << "it only reads";
  const auto anew = open_store(dir_.path(), small_blocks(), OpenMode::kReadOnly);
  EXPECT_EQ(offsets(*anew->topic("orders"), anew->topic("orders")->view()), multiples(4));
  EXPECT_EQ(anew->topic("orders")->view().blocks->size(), 2U);
}

TEST_F(RewriteTest, BlocksThatAreNotIndexedYetAndARebuild) {
  append_range(*topic_, 0, 0, kEnd);
  for (auto sealed = topic_->seal_next(); sealed && *sealed;) sealed = topic_->seal_next();
  ASSERT_TRUE(topic_->begin_rebuild().has_value());
  compact(0, kEnd, 4);
  EXPECT_GT(rewrite_all(), 0U);
  check_index(*topic_, topic_->view(), 1);
  EXPECT_EQ(topic_->stats().unindexed_blocks, 2U);
  for (auto step = topic_->rebuild_next(); step && step->state != RebuildStep::State::kReady;) {
    step = topic_->rebuild_next();
  }
  ASSERT_TRUE(topic_->finish_rebuild().has_value());
  check_index(*topic_, topic_->view(), 1);
  ASSERT_TRUE(topic_->flush().has_value());
  expire();
  check_index(*topic_, topic_->view(), 1);
  EXPECT_EQ(offsets(*topic_, topic_->view()), multiples(4));
}

TEST_F(RewriteTest, ExpiryOfRewrittenBlocks) {
  fill(4);
  rewrite_all();
  topic_->set_watermarks({0}, {40}, std::nullopt);
  expire();
  EXPECT_EQ(topic_->stats().blocks, 1U);
  topic_->set_watermarks({0}, {kEnd}, std::nullopt);
  expire();
  const TopicStats stats = topic_->stats();
  EXPECT_EQ(stats.blocks, 0U);
  EXPECT_EQ(stats.messages, 0U);
  EXPECT_EQ(stats.raw_bytes, 0U);
  EXPECT_EQ(stats.stored_bytes, 0U);
  reopen();
  EXPECT_EQ(topic_->stats().messages, 0U);
  EXPECT_EQ(topic_->next_offset({0}), Offset{kEnd});
}

/// Views are taken and read, some of them late, while everything else goes on.
TEST_F(RewriteTest, ViewsBesideEverythingElse) {
  constexpr int64_t kFirst = 640;
  constexpr int64_t kMessages = 3'000;
  append_range(*topic_, 0, 0, kFirst);
  ASSERT_TRUE(topic_->flush().has_value());
  std::atomic<bool> stop{false};
  std::atomic<int64_t> written{kFirst};
  std::vector<std::thread> threads;
  for (int i = 0; i < 2; ++i) {
    threads.emplace_back([&] {
      while (!stop) {
        static_cast<void>(topic_->seal_next());
        static_cast<void>(topic_->index_next(false));
        static_cast<void>(topic_->merge_next());
        static_cast<void>(topic_->rewrite_next());
        static_cast<void>(topic_->expire(now()));
      }
    });
  }
  threads.emplace_back([&] {
    for (int64_t offset = kFirst; offset < kMessages; offset += 5) {
      append_range(*topic_, 0, offset, offset + 5);
      written = offset + 5;
    }
  });
  for (int64_t end = 0; end < kMessages;) {
    end = written;
    const TopicView before = topic_->view();
    compact(0, end, 10);
    const auto expect = [end](const std::vector<int64_t>& found) {
      std::vector<int64_t> kept;
      for (const int64_t offset : found) {
        if (offset < end && offset % 10 == 0) kept.push_back(offset);
      }
      EXPECT_EQ(kept, multiples(10, end));
    };
    const TopicView after = topic_->view();
    expect(offsets_of(read_old(*topic_, before)));
    expect(offsets_of(read_old(*topic_, after)));
    if (HasFailure()) break;
  }
  stop = true;
  for (auto& thread : threads) thread.join();
  ASSERT_TRUE(topic_->flush().has_value());
  rewrite_all();
  ASSERT_TRUE(topic_->flush().has_value());
  expire();
  EXPECT_EQ(offsets(*topic_, topic_->view()), multiples(10, kMessages));
  check_index(*topic_, topic_->view(), 1);
  EXPECT_GT(topic_->stats().activity.blocks_rewritten, 0U);
}

}  // namespace
}  // namespace kseek::store
