// What a topic's entry tells the store: never more than the brokers have said.
#include "indexer/topic_entry.h"

#include <gtest/gtest.h>

#include "tests/indexer/world.h"

namespace kseek::indexer {
namespace {

class TopicEntryTest : public ::testing::Test {
 protected:
  void SetUp() override {
    auto opened = store::Store::open(dir.path() / "data", store::OpenMode::kOwner, {});
    ASSERT_TRUE(opened);
    store = *std::move(opened);
    store::TopicConfig config;
    config.name = "orders";
    auto made = store->create_topic(config);
    ASSERT_TRUE(made);
    ASSERT_TRUE((*made)->start_partition({0}, {0}));
    entry = std::make_unique<TopicEntry>(*made);
    entry->set_phase(TopicEntry::Phase::kTailing);
  }
  std::optional<Offset> end() const { return entry->store().view().partitions[0].end; }
  void note(int64_t low, int64_t high) const { entry->note_watermarks({0}, {{low}, {high}}, entry->end_version({0})); }

  TempDir dir;
  std::unique_ptr<store::Store> store;
  std::unique_ptr<TopicEntry> entry;
};

TEST_F(TopicEntryTest, TheEndIsKnownOnlyWithTheFirstOffset) {
  entry->note_end({0}, {5});  // the tail hears of messages first: what has expired nobody knows yet
  EXPECT_EQ(end(), std::nullopt);
  note(2, 5);
  EXPECT_EQ(end(), Offset{5});
  entry->note_end({0}, {7});
  EXPECT_EQ(end(), Offset{7});
  // The brokers were away; the tail is connected again before the watch has asked.
  entry->forget_ends();
  entry->note_end({0}, {9});
  EXPECT_EQ(end(), std::nullopt);
  note(4, 8);
  EXPECT_EQ(end(), Offset{8});
  EXPECT_EQ(entry->store().view().partitions[0].low, Offset{4});
}

TEST_F(TopicEntryTest, TheFirstReasonToGiveUpStays) {
  note(0, 5);
  entry->give_up(TopicEntry::Phase::kDeleted, "deleted in Kafka");
  entry->note_recreated({0}, "anything");
  EXPECT_EQ(entry->phase(), TopicEntry::Phase::kDeleted);
  EXPECT_EQ(entry->reason(), "deleted in Kafka");
  EXPECT_EQ(end(), std::nullopt);
  note(0, 6);
  entry->note_end({0}, {7});
  EXPECT_EQ(end(), std::nullopt) << "what is heard of it late says nothing";
  EXPECT_EQ(entry->status({}).state, TopicState::kFailed);
}

}  // namespace
}  // namespace kseek::indexer
