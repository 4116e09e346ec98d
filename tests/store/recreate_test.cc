// A topic made anew under its name in one write, and what is remembered of it.
#include <gtest/gtest.h>

#include "tests/store/topic_check.h"

namespace kseek::store {
namespace {

TEST(RecreateTest, TheOldOneGoesAndTheNewOneBeginsEmpty) {
  const ScratchDirectory dir;
  auto store = open_store(dir.path());
  const auto old = create_topic(*store, config_of("orders"));
  ASSERT_TRUE(old->start_partition({0}, {0}).has_value());
  append_range(*old, 0, 0, 40);
  ASSERT_TRUE(old->flush().has_value());
  ASSERT_TRUE(old->add_event({{1'000}, "partitions were added"}).has_value());
  const TopicView before = old->view();

  auto config = config_of("orders");
  config.labels = {"new"};
  const auto made = store->recreate_topic(config, {{2'000}, "recreated"});
  ASSERT_TRUE(made.has_value()) << describe(made.error());
  EXPECT_EQ(store->topic("orders"), *made);
  EXPECT_EQ(store->topics().size(), 1U);
  EXPECT_TRUE((*made)->view().partitions.empty());
  EXPECT_EQ((*made)->config(), config);
  EXPECT_EQ(read_all(*old, before).size(), 40U) << "who holds a view reads on";
  EXPECT_EQ(old->add_event({{3'000}, "late"}).error().code, ErrorCode::kNotFound);
  EXPECT_FALSE(old->flush().has_value());
  ASSERT_TRUE((*made)->start_partition({0}, {5}).has_value());
  append_range(**made, 0, 5, 25);
  ASSERT_TRUE((*made)->flush().has_value());
}

TEST(RecreateTest, IsThereAfterARestart) {
  const ScratchDirectory dir;
  {
    auto store = open_store(dir.path());
    const auto old = create_topic(*store, config_of("orders"));
    ASSERT_TRUE(old->start_partition({0}, {0}).has_value());
    append_range(*old, 0, 0, 40);
    ASSERT_TRUE(old->flush().has_value());
    ASSERT_TRUE(store->recreate_topic(config_of("orders"), {{2'000}, "recreated"}).has_value());
    const auto made = store->topic("orders");
    ASSERT_TRUE(made->start_partition({0}, {5}).has_value());
    append_range(*made, 0, 5, 25);
    ASSERT_TRUE(made->flush().has_value());
  }
  const auto store = open_store(dir.path());
  ASSERT_EQ(store->topics().size(), 1U);
  const auto topic = store->topic("orders");
  EXPECT_EQ(read_all(*topic, topic->view()).size(), 20U);
  EXPECT_EQ(topic->events(), (std::vector<TopicEvent>{{{2'000}, "recreated"}}));
  EXPECT_EQ(segments_on_disk(dir.path()), segments_named(*store));
}

TEST(RecreateTest, OnlyWhatIsOpen) {
  const ScratchDirectory dir;
  const auto store = open_store(dir.path());
  const auto made = store->recreate_topic(config_of("orders"), {{2'000}, "recreated"});
  ASSERT_FALSE(made.has_value());
  EXPECT_EQ(made.error().code, ErrorCode::kNotFound);
}

TEST(RecreateTest, TheLastEventsAreKept) {
  const ScratchDirectory dir;
  {
    const auto store = open_store(dir.path());
    const auto topic = create_topic(*store, config_of("orders"));
    for (size_t i = 0; i < kKeptEvents + 5; ++i) {
      ASSERT_TRUE(topic->add_event({{static_cast<int64_t>(i)}, "event"}).has_value());
    }
    EXPECT_EQ(topic->events().size(), kKeptEvents);
  }
  const auto store = open_store(dir.path());
  const auto events = store->topic("orders")->events();
  ASSERT_EQ(events.size(), kKeptEvents);
  EXPECT_EQ(events.front().time, Timestamp{5});
  EXPECT_EQ(events.back().time, Timestamp{kKeptEvents + 4});
}

}  // namespace
}  // namespace kseek::store
