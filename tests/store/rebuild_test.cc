// Building a topic's index anew from the stored messages: what serves meanwhile, what is left of it when it ends.
#include <gtest/gtest.h>

#include <fstream>

#include "store/segment.h"
#include "tests/store/topic_check.h"

namespace kseek::store {
namespace {

namespace fs = std::filesystem;
using State = RebuildStep::State;

class RebuildTest : public OrdersTest {
 protected:
  /// Messages up to `end`, sealed, indexed, merged.
  void fill(int64_t end) {
    append_range(*topic_, 0, topic_->next_offset({0})->value, end);
    ASSERT_TRUE(topic_->flush().has_value());
    while (*topic_->merge_next()) continue;
  }

  /// Steps until everything is built.
  void build() {
    for (;;) {
      const auto step = topic_->rebuild_next();
      ASSERT_TRUE(step.has_value()) << describe(step.error());
      if (step->state == State::kReady) return;
    }
  }

  void expect_whole(int64_t end) {
    const TopicView view = topic_->view();
    EXPECT_EQ(read_all(*topic_, view).size(), static_cast<size_t>(end));
    check_index(*topic_, view, 1);
    EXPECT_EQ(segments_on_disk(dir_.path()), segments_named(*store_));
  }

  /// Whether a segment says that it has the value's word; nullopt: no segment could be read.
  [[nodiscard]] std::optional<bool> finds(std::string_view word) const {
    for (const auto& segment : topic_->view().index->segments) {
      auto reader = segment->borrow();
      if (!reader) return std::nullopt;
      const auto count = (*reader)->block_count(field_term(Field::kValue, word));
      if (!count) return std::nullopt;
      if (*count > 0) return true;
    }
    return false;
  }

  void damage_segments() {
    for (const auto& segment : topic_->view().index->segments) {
      std::fstream file(segment->path() / "postlist.glass", std::ios::in | std::ios::out | std::ios::binary);
      file.seekp(0);
      file << std::string(64, '\xEE');
    }
  }
};

TEST_F(RebuildTest, MendsDamagedSegments) {
  fill(600);
  damage_segments();
  reopen();
  EXPECT_NE(finds("of"), std::optional(true));
  ASSERT_TRUE(topic_->begin_rebuild().has_value());
  build();
  ASSERT_TRUE(topic_->finish_rebuild().has_value());
  EXPECT_EQ(finds("of"), std::optional(true));
  expect_whole(600);
  for (const auto& segment : topic_->view().index->segments) {
    EXPECT_TRUE(verify_segment(segment->path(), segment->meta()).has_value());
  }
  reopen();
  EXPECT_EQ(finds("of"), std::optional(true));
  expect_whole(600);
}

TEST_F(RebuildTest, OldIndexServesUntilTheSwapAndNewBlocksAreIndexedMeanwhile) {
  fill(400);
  const TopicView before = topic_->view();
  ASSERT_TRUE(topic_->begin_rebuild().has_value());
  fill(500);
  build();
  EXPECT_EQ(topic_->view().index->segments.front(), before.index->segments.front());
  expect_whole(500);
  ASSERT_TRUE(topic_->finish_rebuild().has_value());
  const TopicView after = topic_->view();
  for (const auto& segment : after.index->segments) {
    EXPECT_EQ(std::count(before.index->segments.begin(), before.index->segments.end(), segment), 0);
  }
  for (const auto& segment : before.index->segments) {
    EXPECT_TRUE(fs::exists(segment->path())) << "a view still has it";
    EXPECT_TRUE(segment->borrow().has_value());
  }
  fill(700);
  check_index(*topic_, topic_->view(), 1);
}

TEST_F(RebuildTest, ProgressIsOfTheBlocksThatWereThere) {
  fill(400);
  EXPECT_FALSE(topic_->rebuild());
  ASSERT_TRUE(topic_->begin_rebuild().has_value());
  fill(480);
  auto progress = topic_->rebuild();
  EXPECT_EQ(progress->messages, 400U);
  EXPECT_EQ(progress->messages_done, 0U);
  EXPECT_EQ(topic_->finish_rebuild().error().code, ErrorCode::kConflict);
  const auto step = topic_->rebuild_next();
  ASSERT_TRUE(step.has_value());
  progress = topic_->rebuild();
  EXPECT_EQ(progress->messages_done, 72U) << "three fresh segments' worth at once";
  EXPECT_EQ(progress->bytes_done, step->raw_bytes);
  build();
  EXPECT_EQ(topic_->rebuild()->bytes_done, topic_->rebuild()->bytes);
}

TEST_F(RebuildTest, GoesOnAfterARestartWithWhatIsBuilt) {
  fill(600);
  ASSERT_TRUE(topic_->begin_rebuild().has_value());
  for (int i = 0; i < 4; ++i) ASSERT_TRUE(topic_->rebuild_next().has_value());
  const auto before = topic_->rebuild();
  reopen();
  const auto after = topic_->rebuild();
  ASSERT_TRUE(after.has_value());
  EXPECT_EQ(after->segments, before->segments);
  EXPECT_EQ(after->messages_done, before->messages_done);
  EXPECT_GT(after->messages_done, 0U);
  expect_whole(600);
  fs::remove_all(dir_.path() / "segments" / after->segments.front());
  reopen();
  EXPECT_LT(topic_->rebuild()->messages_done, before->messages_done) << "what is gone is built again";
  build();
  ASSERT_TRUE(topic_->finish_rebuild().has_value());
  expect_whole(600);
}

TEST_F(RebuildTest, DamageToWhatWasBuiltIsMendedBeforeItIsMerged) {
  fill(1200);
  ASSERT_TRUE(topic_->begin_rebuild().has_value());
  ASSERT_TRUE(topic_->rebuild_next().has_value());
  const auto built = topic_->rebuild()->segments;
  ASSERT_EQ(built.size(), 1U);
  std::ofstream(dir_.path() / "segments" / built.front() / "postlist.glass", std::ios::binary) << "not a database";
  build();
  ASSERT_TRUE(topic_->finish_rebuild().has_value());
  expect_whole(1200);
  EXPECT_EQ(finds("of"), std::optional(true));
}

TEST_F(RebuildTest, CancelLeavesTheOldIndex) {
  fill(400);
  const auto before = segments_on_disk(dir_.path());
  ASSERT_TRUE(topic_->cancel_rebuild().has_value()) << "nothing to do";
  ASSERT_TRUE(topic_->begin_rebuild().has_value());
  ASSERT_TRUE(topic_->rebuild_next().has_value());
  EXPECT_NE(segments_on_disk(dir_.path()), before);
  ASSERT_TRUE(topic_->cancel_rebuild().has_value());
  EXPECT_EQ(segments_on_disk(dir_.path()), before);
  EXPECT_EQ(topic_->rebuild_next().error().code, ErrorCode::kNotFound);
  reopen();
  EXPECT_FALSE(topic_->rebuild());
  expect_whole(400);
}

TEST_F(RebuildTest, BlocksThatExpireMeanwhileAreLeftOut) {
  fill(400);
  ASSERT_TRUE(topic_->begin_rebuild().has_value());
  ASSERT_TRUE(topic_->rebuild_next().has_value());
  topic_->set_watermarks({0}, {200}, std::nullopt);
  ASSERT_GT(*topic_->expire({0}), 0U);
  build();
  ASSERT_TRUE(topic_->finish_rebuild().has_value());
  expect_whole(200);
  for (const auto& segment : topic_->view().index->segments) {
    EXPECT_NE(topic_->view().blocks->find(segment->meta().blocks.back()), nullptr) << "all of it has expired";
  }
}

TEST_F(RebuildTest, DroppingTheTopicEndsIt) {
  fill(400);
  ASSERT_TRUE(topic_->begin_rebuild().has_value());
  ASSERT_TRUE(topic_->rebuild_next().has_value());
  ASSERT_TRUE(store_->drop_topic("orders").has_value());
  EXPECT_FALSE(topic_->rebuild_next().has_value());
  topic_.reset();
  EXPECT_TRUE(segments_on_disk(dir_.path()).empty());
}

}  // namespace
}  // namespace kseek::store
