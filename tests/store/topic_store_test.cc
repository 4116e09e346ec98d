// TopicStore, one feature a test; topic_random_test.cc puts them all together at random.
#include "store/topic_store.h"

#include <gtest/gtest.h>

#include <chrono>

#include "base/bytes.h"
#include "base/time.h"
#include "tests/store/topic_check.h"

namespace kseek::store {
namespace {

class TopicStoreTest : public ::testing::Test {
 protected:
  TopicStoreTest() : store_(open_store(dir_.path())), topic_(create_topic(*store_, config_of("orders"))) {
    EXPECT_TRUE(topic_->start_partition({0}, {0}).has_value());
  }
  void reopen() {
    topic_.reset();
    store_.reset();
    store_ = open_store(dir_.path());
    topic_ = store_->topic("orders");
    ASSERT_NE(topic_, nullptr);
  }
  void seal_all() {
    for (;;) {
      const auto sealed = topic_->seal_next();
      ASSERT_TRUE(sealed.has_value()) << describe(sealed.error());
      if (!*sealed) return;
    }
  }
  void index_all(bool flush) {
    for (;;) {
      const auto built = topic_->index_next(flush);
      ASSERT_TRUE(built.has_value()) << describe(built.error());
      if (!*built) return;
    }
  }
  PartitionView partition(int32_t id = 0) const { return topic_->view().partitions.at(static_cast<size_t>(id)); }

  ScratchDirectory dir_;
  std::unique_ptr<Store> store_;
  std::shared_ptr<TopicStore> topic_;
};

TEST_F(TopicStoreTest, AMessageIsThereAtOnceAndStaysThroughEveryStage) {
  append_range(*topic_, 0, 0, 20);  // two full blocks of eight and four open
  const auto expected = read_all(*topic_, topic_->view());
  EXPECT_EQ(expected.size(), 20U);
  EXPECT_EQ(topic_->stats().frozen_blocks, 2U);
  EXPECT_EQ(partition().indexed_to, Offset{20});
  EXPECT_EQ(partition().sealed_to, Offset{0});

  seal_all();
  EXPECT_EQ(topic_->view().blocks->size(), 2U);
  EXPECT_EQ(topic_->view().index->pending.size(), 2U);
  EXPECT_EQ(partition().sealed_to, Offset{16});
  EXPECT_EQ(read_all(*topic_, topic_->view()), expected);

  ASSERT_TRUE(topic_->flush().has_value());
  EXPECT_TRUE(topic_->view().memory.empty());
  EXPECT_TRUE(topic_->view().index->pending.empty());
  EXPECT_EQ(partition().sealed_to, Offset{20});
  EXPECT_EQ(topic_->stats().messages, 20U);
  EXPECT_EQ(topic_->stats().memory_bytes, 0U);
  check_index(*topic_, topic_->view(), 1);

  reopen();
  EXPECT_EQ(read_all(*topic_, topic_->view()), expected);
  EXPECT_EQ(topic_->next_offset({0}), Offset{20});
  check_index(*topic_, topic_->view(), 1);
}

TEST_F(TopicStoreTest, WhatWasNotSealedIsGoneAfterReopeningAndTheNextOffsetSaysSo) {
  append_range(*topic_, 0, 0, 20);
  seal_all();
  reopen();
  EXPECT_EQ(topic_->next_offset({0}), Offset{16});
  EXPECT_EQ(read_all(*topic_, topic_->view()).size(), 16U);
  append_range(*topic_, 0, 10, 20);  // the first six are there already
  EXPECT_EQ(read_all(*topic_, topic_->view()).size(), 20U);
}

TEST_F(TopicStoreTest, DuplicatesAreSkippedAndGapsAreKept) {
  append_range(*topic_, 0, 5, 8);
  const auto again = append_one(*topic_, plain_message(0, 6, "other"));
  EXPECT_EQ(again.duplicates, 1U);
  EXPECT_EQ(again.appended, 0U);
  EXPECT_EQ(append_one(*topic_, plain_message(0, 100, "far")).appended, 1U);
  EXPECT_EQ(topic_->next_offset({0}), Offset{101});
  EXPECT_EQ(read_all(*topic_, topic_->view()).size(), 4U);
}

TEST_F(TopicStoreTest, AMessageOverTheLimitIsADeadLetterAndSurvives) {
  append_range(*topic_, 0, 0, 1);
  auto large = plain_message(0, 1, std::string(kMaxMessageBytes, 'x'), 7'000);
  EXPECT_EQ(append_one(*topic_, large).dead_letters, 1U);
  large = plain_message(0, 2, std::string(kMaxMessageBytes - 2, 'y'));  // with its key of two bytes: just allowed
  EXPECT_EQ(append_one(*topic_, large).appended, 1U);
  const auto check = [&] {
    ASSERT_EQ(topic_->dead_letters(10).size(), 1U);
    const DeadLetter letter = topic_->dead_letters(10).front();
    EXPECT_EQ(letter.offset, Offset{1});
    EXPECT_EQ(letter.time, Timestamp{7'000});
    EXPECT_EQ(letter.bytes, kMaxMessageBytes + 2);
    EXPECT_EQ(letter.head, std::string(256, 'x'));
    EXPECT_EQ(partition().dead_letters, 1U);
    EXPECT_EQ(partition().indexed_to, Offset{3});
  };
  check();
  ASSERT_TRUE(topic_->flush().has_value());
  check();
  reopen();
  check();
  EXPECT_EQ(read_all(*topic_, topic_->view()).size(), 2U);
}

TEST_F(TopicStoreTest, DeadLettersAloneBecomeDurableToo) {
  append_one(*topic_, plain_message(0, 0, std::string(kMaxMessageBytes, 'x'), 1));
  append_one(*topic_, plain_message(0, 1, std::string(kMaxMessageBytes, 'x'), 2));
  EXPECT_TRUE(topic_->freeze({0}));
  EXPECT_FALSE(topic_->freeze({0}));
  seal_all();
  reopen();
  EXPECT_EQ(topic_->next_offset({0}), Offset{2});
  EXPECT_TRUE(topic_->view().blocks->size() == 0);
  ASSERT_EQ(topic_->dead_letters(1).size(), 1U);
  EXPECT_EQ(topic_->dead_letters(1).front().offset, Offset{1}) << "newest first";
  // They expire with the messages around them.
  topic_->set_watermarks({0}, {1}, Offset{2});
  ASSERT_TRUE(topic_->expire({0}).has_value());
  EXPECT_EQ(topic_->dead_letters(10).size(), 1U);
  EXPECT_EQ(partition().dead_letters, 1U);
}

TEST_F(TopicStoreTest, AnAdvanceBeyondTheLastMessageIsDurableWithTheSealOrTheFlush) {
  append_range(*topic_, 0, 0, 3);
  topic_->advance({0}, {50});
  topic_->advance({0}, {40});
  EXPECT_EQ(topic_->next_offset({0}), Offset{50});
  topic_->freeze_all();
  seal_all();
  EXPECT_EQ(partition().sealed_to, Offset{50});
  topic_->advance({0}, {60});
  ASSERT_TRUE(topic_->flush().has_value());
  reopen();
  EXPECT_EQ(topic_->next_offset({0}), Offset{60});
}

TEST_F(TopicStoreTest, AStartedPartitionIsDurableAtOnceAndStartsOnce) {
  ASSERT_TRUE(topic_->start_partition({7}, {1000}).has_value());
  ASSERT_TRUE(topic_->start_partition({7}, {5}).has_value());
  EXPECT_EQ(topic_->next_offset({3}), std::nullopt);
  reopen();
  EXPECT_EQ(topic_->next_offset({7}), Offset{1000});
  EXPECT_EQ(partition(1).low, Offset{1000});
  EXPECT_EQ(partition(1).last_message_time, Timestamp{-1});
}

TEST_F(TopicStoreTest, FreezesByAgeAndBySize) {
  ASSERT_TRUE(topic_->start_partition({1}, {0}).has_value());
  append_range(*topic_, 0, 0, 2, 1'000);
  append_range(*topic_, 1, 0, 5, 2'000);
  EXPECT_EQ(topic_->freeze_older_than({1'000}), 0U);
  EXPECT_GT(topic_->freeze_largest(), 0U);  // one of the two; memory is taken in steps
  append_range(*topic_, 0, 2, 3, 1'000);
  append_range(*topic_, 1, 5, 6, 3'000);
  EXPECT_EQ(topic_->freeze_older_than({1'001}), 1U);
  EXPECT_EQ(topic_->freeze_older_than({3'001}), 1U);
  EXPECT_EQ(topic_->freeze_largest(), 0U);
}

TEST_F(TopicStoreTest, FollowsKafkasLowWatermark) {
  append_range(*topic_, 0, 0, 64);
  ASSERT_TRUE(topic_->flush().has_value());
  append_range(*topic_, 0, 64, 70);
  while (*topic_->merge_next()) {
  }
  topic_->set_watermarks({0}, {20}, Offset{70});
  EXPECT_EQ(partition().low, Offset{20});
  EXPECT_EQ(partition().end, Offset{70});
  EXPECT_EQ(read_findable(*topic_, topic_->view()).size(), 50U);
  topic_->set_watermarks({0}, {10}, std::nullopt);
  EXPECT_EQ(partition().low, Offset{20}) << "it only rises";
  EXPECT_EQ(partition().end, std::nullopt);
  EXPECT_EQ(*topic_->expire({0}), 2U);
  EXPECT_EQ(*topic_->expire({0}), 0U);
  EXPECT_EQ(read_all(*topic_, topic_->view()).size(), 54U);
  check_index(*topic_, topic_->view(), 1);
  reopen();
  EXPECT_EQ(partition().low, Offset{20});
  EXPECT_EQ(read_all(*topic_, topic_->view()).size(), 48U);
  topic_->set_watermarks({0}, {1000}, Offset{1000});
  EXPECT_EQ(*topic_->expire({0}), 6U);
  EXPECT_EQ(topic_->stats().segments, 0U);
  EXPECT_EQ(topic_->stats().messages, 0U);
  EXPECT_EQ(topic_->stats().index_bytes, 0U);
  EXPECT_TRUE(segments_on_disk(dir_.path()).empty());
}

TEST_F(TopicStoreTest, ADurationKeepsByTimeWhateverKafkaDoes) {
  TopicConfig config = topic_->config();
  config.retention = {Retention::Kind::kDuration, std::chrono::hours(1)};
  ASSERT_TRUE(topic_->update_config(config).has_value());
  const Timestamp now = kseek::now();
  append_range(*topic_, 0, 0, 8, now.ms - 2 * 3'600'000);
  append_range(*topic_, 0, 8, 24, now.ms - 1'000);
  seal_all();
  topic_->set_watermarks({0}, {20}, Offset{24});
  EXPECT_EQ(read_findable(*topic_, topic_->view()).size(), 16U) << "hidden by time, not by Kafka's watermark";
  EXPECT_EQ(*topic_->expire(now), 1U);
  EXPECT_EQ(partition().low, Offset{8});
  EXPECT_FALSE((*find_message(*topic_, {0}, {7})).has_value());
  EXPECT_TRUE((*find_message(*topic_, {0}, {8})).has_value());
  reopen();
  EXPECT_EQ(partition().low, Offset{8});
  config.retention = {Retention::Kind::kForever, {}};
  ASSERT_TRUE(topic_->update_config(config).has_value());
  EXPECT_EQ(*topic_->expire({now.ms + 1'000'000'000'000}), 0U);
  EXPECT_EQ(read_findable(*topic_, topic_->view()).size(), 16U);
}

TEST_F(TopicStoreTest, FindsAMessageByItsOffsetInEveryStage) {
  append_range(*topic_, 0, 0, 8);
  append_one(*topic_, plain_message(0, 10, "after a gap"));
  append_range(*topic_, 0, 11, 30);
  const auto check = [&] {
    for (int64_t offset = 0; offset < 32; ++offset) {
      const auto found = find_message(*topic_, {0}, {offset});
      ASSERT_TRUE(found.has_value());
      ASSERT_EQ(found->has_value(), offset < 8 || (offset >= 10 && offset < 30)) << offset;
      if (*found) {
        EXPECT_EQ((*found)->message.offset, Offset{offset});
      }
    }
    EXPECT_FALSE(find_message(*topic_, {9}, {0})->has_value());
  };
  check();
  ASSERT_TRUE(*topic_->seal_next());
  check();
  ASSERT_TRUE(topic_->flush().has_value());
  check();
  topic_->set_watermarks({0}, {5}, std::nullopt);
  EXPECT_FALSE(find_message(*topic_, {0}, {4})->has_value());
}

TEST_F(TopicStoreTest, AnOldViewReadsOnWhileBlocksAndSegmentsGo) {
  append_range(*topic_, 0, 0, 48);
  ASSERT_TRUE(topic_->flush().has_value());
  const TopicView old = topic_->view();
  const size_t segments = old.index->segments.size();
  ASSERT_GE(segments, 2U);
  topic_->set_watermarks({0}, {48}, std::nullopt);
  ASSERT_TRUE(topic_->expire({0}).has_value());
  EXPECT_EQ(old.blocks->size(), 6U);
  EXPECT_EQ(segments_on_disk(dir_.path()).size(), segments) << "held by the view";
  for (const auto& segment : old.index->segments) {
    auto reader = segment->borrow();
    ASSERT_TRUE(reader.has_value());
    EXPECT_TRUE((*reader)->block_count(field_term(Field::kValue, "value")).has_value());
  }
}

TEST_F(TopicStoreTest, UnindexedBlocksAreBuiltAfterAReopen) {
  append_range(*topic_, 0, 0, 16);  // two blocks: not enough for a segment
  seal_all();
  index_all(false);
  EXPECT_EQ(topic_->stats().segments, 0U);
  reopen();
  EXPECT_EQ(topic_->view().index->unindexed.size(), 2U);
  EXPECT_EQ(topic_->stats().unindexed_blocks, 2U);
  index_all(false);
  EXPECT_EQ(topic_->stats().segments, 1U);
  EXPECT_EQ(topic_->stats().unindexed_blocks, 0U);
  check_index(*topic_, topic_->view(), 1);
}

TEST_F(TopicStoreTest, ALostSegmentIsBuiltAgain) {
  append_range(*topic_, 0, 0, 24);
  ASSERT_TRUE(topic_->flush().has_value());
  const auto names = segments_on_disk(dir_.path());
  ASSERT_EQ(names.size(), 1U);
  std::filesystem::remove_all(dir_.path() / "segments" / *names.begin());
  reopen();
  EXPECT_EQ(topic_->view().index->unindexed.size(), 3U);
  ASSERT_TRUE(topic_->flush().has_value());
  check_index(*topic_, topic_->view(), 1);
}

TEST_F(TopicStoreTest, MergesNeighboursLevelByLevel) {
  append_range(*topic_, 0, 0, 8 * 27);  // 27 blocks, 9 fresh segments, 3 of level 1, one of level 2
  seal_all();
  index_all(false);
  EXPECT_EQ(topic_->stats().segments, 9U);
  size_t merges = 0;
  while (*topic_->merge_next()) ++merges;
  EXPECT_EQ(merges, 4U);
  ASSERT_EQ(topic_->stats().segments, 1U);
  EXPECT_EQ(topic_->view().index->segments.front()->meta().level, 2U);
  check_index(*topic_, topic_->view(), 1);
  EXPECT_EQ(segments_on_disk(dir_.path()).size(), 1U);
  reopen();
  EXPECT_EQ(topic_->view().index->segments.front()->meta().level, 2U);
  check_index(*topic_, topic_->view(), 1);
}

TEST_F(TopicStoreTest, ADroppedTopicIsGoneAndItsHoldersReadOn) {
  append_range(*topic_, 0, 0, 30);
  ASSERT_TRUE(topic_->flush().has_value());
  append_range(*topic_, 0, 30, 45);
  const TopicView view = topic_->view();
  ASSERT_TRUE(store_->drop_topic("orders").has_value());
  EXPECT_EQ(store_->topic("orders"), nullptr);
  EXPECT_EQ(store_->drop_topic("orders").error().code, ErrorCode::kNotFound);
  EXPECT_EQ(read_all(*topic_, view).size(), 45U);
  EXPECT_EQ(topic_->seal_next().error().code, ErrorCode::kNotFound);
  EXPECT_EQ(topic_->flush().error().code, ErrorCode::kNotFound);
  EXPECT_EQ(topic_->start_partition({3}, {0}).error().code, ErrorCode::kNotFound);
  EXPECT_EQ(topic_->update_config(topic_->config()).error().code, ErrorCode::kNotFound);
  topic_ = create_topic(*store_, config_of("orders"));
  EXPECT_EQ(topic_->next_offset({0}), std::nullopt);
  reopen();
  EXPECT_EQ(topic_->view().blocks->size(), 0U);
  EXPECT_TRUE(segments_on_disk(dir_.path()).empty());
}

TEST_F(TopicStoreTest, ConfigurationIsKeptAndItsFixedPartsStayFixed) {
  TopicConfig config = topic_->config();
  config.labels = {"team=pay", ""};
  config.paused = true;
  config.retention = {Retention::Kind::kDuration, std::chrono::hours(36)};
  ASSERT_TRUE(topic_->update_config(config).has_value());
  reopen();
  EXPECT_EQ(topic_->config(), config);
  config.time_kind = TimeKind::kIngest;
  EXPECT_EQ(topic_->update_config(config).error().code, ErrorCode::kInvalid);
}

uint64_t bytes_in(const std::filesystem::path& dir) {
  uint64_t bytes = 0;
  for (const auto& entry : std::filesystem::directory_iterator(dir)) {
    std::error_code gone;
    const auto size = entry.file_size(gone);
    if (!gone) bytes += size;
  }
  return bytes;
}

/// Messages [first, last) of 20 kB that don't compress; of every hundred the first is of partition 1.
void append_noise(TopicStore& topic, int64_t first, int64_t last) {
  RandomMessages random(1);
  for (int64_t offset = first; offset < last; ++offset) {
    std::string noise;
    for (int i = 0; i < 20'000; ++i) noise.push_back(static_cast<char>(random.below(256)));
    append_one(topic, plain_message(offset % 100 == 0 ? 1 : 0, offset, noise));
  }
}

TEST_F(TopicStoreTest, SpaceComesBackWhenBlocksExpire) {
  append_noise(*topic_, 1, 100);
  ASSERT_TRUE(topic_->flush().has_value());
  reopen();  // it writes the memtables to files
  const uint64_t before = bytes_in(dir_.path() / "db");
  ASSERT_GT(before, 1'900'000U);
  topic_->set_watermarks({0}, {98}, std::nullopt);
  ASSERT_TRUE(topic_->expire({0}).has_value());
  EXPECT_EQ(read_findable(*topic_, topic_->view()).size(), 2U);
  reopen();
  EXPECT_LT(bytes_in(dir_.path() / "db"), before / 3);
  EXPECT_EQ(read_findable(*topic_, topic_->view()).size(), 2U);
}

TEST_F(TopicStoreTest, SpaceComesBackFromManyFilesThoughAQuietPartitionKeepsBlocksInThem) {
  topic_.reset();
  store_.reset();
  auto options = small_blocks();
  options.write_buffer_bytes = 500'000;  // many small files, and compactions
  store_ = open_store(dir_.path(), options);
  topic_ = store_->topic("orders");
  ASSERT_TRUE(topic_->start_partition({1}, {0}).has_value());
  for (int64_t offset = 0; offset < 1000; offset += 100) {
    append_noise(*topic_, offset, offset + 100);
    ASSERT_TRUE(topic_->flush().has_value());
  }
  topic_->set_watermarks({0}, {999}, std::nullopt);
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(60);
  for (bool back = false; !back;) {
    ASSERT_TRUE(topic_->expire({0}).has_value());
    back = bytes_in(dir_.path() / "db") < 5'000'000;  // of 20 MB
    ASSERT_LT(std::chrono::steady_clock::now(), deadline) << bytes_in(dir_.path() / "db");
  }
  EXPECT_EQ(read_findable(*topic_, topic_->view()).size(), 11U);
  reopen();
  EXPECT_EQ(read_findable(*topic_, topic_->view()).size(), 11U);
}

}  // namespace
}  // namespace kseek::store
