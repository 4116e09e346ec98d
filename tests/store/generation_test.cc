// The next generation of a topic: filled out of sight, put in the old one's place in one write.
#include <gtest/gtest.h>

#include "tests/store/topic_check.h"

namespace kseek::store {
namespace {

namespace fs = std::filesystem;

class GenerationTest : public ::testing::Test {
 protected:
  GenerationTest() : store_(open_store(dir_.path())), old_(create_topic(*store_, config_of("orders"))) {
    fill(*old_, 100);
  }

  static void fill(TopicStore& topic, int64_t end) {
    EXPECT_TRUE(topic.start_partition({0}, {0}).has_value());
    append_range(topic, 0, topic.next_offset({0})->value, end);
    EXPECT_TRUE(topic.flush().has_value());
  }

  std::shared_ptr<TopicStore> next_generation() {
    auto made = store_->create_generation(config_of("orders"));
    EXPECT_TRUE(made.has_value()) << describe(made.error());
    return made ? *made : nullptr;
  }

  /// Opens a copy of the directory as it is now, as after a crash: how many messages each of the two has; 0: no such.
  std::pair<size_t, size_t> after_a_crash() {
    const ScratchDirectory elsewhere;
    const fs::path copy = elsewhere.path() / "copy";
    fs::copy(dir_.path(), copy, fs::copy_options::recursive);
    const auto store = open_store(copy);
    const auto count = [](const std::shared_ptr<TopicStore>& topic) {
      return topic ? read_all(*topic, topic->view()).size() : 0;
    };
    EXPECT_EQ(segments_on_disk(copy), segments_named(*store));
    return {count(store->topic("orders")), count(store->generation("orders"))};
  }

  ScratchDirectory dir_;
  std::unique_ptr<Store> store_;
  std::shared_ptr<TopicStore> old_;
};

TEST_F(GenerationTest, TakesTheOldOnesPlaceWhole) {
  const auto fresh = next_generation();
  EXPECT_EQ(store_->topic("orders"), old_);
  EXPECT_EQ(store_->generation("orders"), fresh);
  EXPECT_EQ(store_->topics().size(), 1U);
  EXPECT_EQ(store_->create_generation(config_of("orders")).error().code, ErrorCode::kConflict);
  EXPECT_EQ(store_->create_generation(config_of("others")).error().code, ErrorCode::kNotFound);
  fill(*fresh, 60);
  EXPECT_EQ(after_a_crash(), std::pair(size_t{100}, size_t{60}));

  const TopicView view = old_->view();
  ASSERT_TRUE(store_->adopt_generation("orders").has_value());
  EXPECT_EQ(store_->topic("orders"), fresh);
  EXPECT_EQ(store_->generation("orders"), nullptr);
  EXPECT_NE(view.generation, fresh->view().generation);
  EXPECT_EQ(after_a_crash(), std::pair(size_t{60}, size_t{0}));
  EXPECT_EQ(read_all(*old_, view).size(), 100U) << "who has a view of the old one reads on";
  append_range(*old_, 0, 100, 108);
  EXPECT_FALSE(old_->seal_next().has_value()) << "the old one takes nothing in any more";
  EXPECT_EQ(store_->adopt_generation("orders").error().code, ErrorCode::kNotFound);
  fill(*fresh, 90);
  EXPECT_EQ(after_a_crash(), std::pair(size_t{90}, size_t{0}));
}

TEST_F(GenerationTest, DroppedItLeavesNothing) {
  const auto before = segments_on_disk(dir_.path());
  fill(*next_generation(), 60);
  EXPECT_NE(segments_on_disk(dir_.path()), before);
  ASSERT_TRUE(store_->drop_generation("orders").has_value());
  ASSERT_TRUE(store_->drop_generation("orders").has_value()) << "no effect";
  EXPECT_EQ(segments_on_disk(dir_.path()), before);
  EXPECT_EQ(after_a_crash(), std::pair(size_t{100}, size_t{0}));
  fill(*next_generation(), 30);
  EXPECT_EQ(after_a_crash(), std::pair(size_t{100}, size_t{30}));
}

TEST_F(GenerationTest, GoesWithItsTopic) {
  fill(*next_generation(), 60);
  ASSERT_TRUE(store_->drop_topic("orders").has_value());
  EXPECT_EQ(store_->generation("orders"), nullptr);
  EXPECT_EQ(after_a_crash(), std::pair(size_t{0}, size_t{0}));
}

TEST_F(GenerationTest, JobRecordsAreKept) {
  JobRecord job;
  job.id = 7;
  job.topic = "orders";
  job.source = JobSource::kKafka;
  job.from = "-3d";
  job.rate_limit = 5'000'000;
  job.state = JobState::kFailed;
  job.reason = "why";
  job.note = "note";
  job.created = {1};
  job.started = {2};
  job.finished = {3};
  job.messages_done = 4;
  job.messages_total = 5;
  job.bytes_done = 6;
  job.bytes_total = 7;
  job.elapsed_ms = 8;
  ASSERT_TRUE(store_->save_job(job).has_value());
  JobRecord other;
  other.id = 300;
  ASSERT_TRUE(store_->save_job(other).has_value());
  old_.reset();
  store_.reset();
  store_ = open_store(dir_.path());
  ASSERT_EQ(store_->jobs()->size(), 2U);
  EXPECT_EQ(store_->jobs()->front(), job);
  EXPECT_TRUE(job.ended());
  ASSERT_TRUE(store_->forget_job(7).has_value());
  EXPECT_EQ(*store_->jobs(), std::vector{other});
}

}  // namespace
}  // namespace kseek::store
