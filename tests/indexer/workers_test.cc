// The background threads against a store that can be told to fail.
#include "indexer/workers.h"

#include <gtest/gtest.h>

#include <atomic>

#include "tests/indexer/world.h"

namespace kseek::indexer {
namespace {

/// Counts what is frozen, sealed and indexed; nothing is stored.
class FakeTopic final : public store::TopicStore {
 public:
  std::atomic<size_t> open{0};  ///< open blocks, kBlockBytes each
  std::atomic<size_t> frozen{0};
  std::atomic<size_t> unindexed{0};
  std::atomic<size_t> indexed{0};
  std::atomic<size_t> sparse{0};  ///< runs of mostly empty blocks
  std::atomic<size_t> rewritten{0};
  std::atomic<size_t> seals{0};  ///< calls
  std::atomic<bool> disk_full{false};
  std::atomic<bool> halted{false};  ///< nothing is sealed
  uint64_t block_bytes = kBlockBytes;
  static constexpr uint64_t kBlockBytes = 1'000;

  store::TopicConfig config() const override {
    store::TopicConfig config;
    config.name = "fake";
    return config;
  }
  Result<void> update_config(const store::TopicConfig&) override { return {}; }
  std::vector<store::TopicEvent> events() const override { return {}; }
  Result<void> add_event(const store::TopicEvent&) override { return {}; }
  Result<size_t> remove_compacted(PartitionId, Offset, Offset, std::span<const Offset>) override { return size_t{0}; }
  std::optional<Offset> next_offset(PartitionId) const override { return std::nullopt; }
  Result<void> start_partition(PartitionId, Offset) override { return {}; }
  store::AppendOutcome append(PartitionId, std::span<const MessageView>) override { return {}; }
  void advance(PartitionId, Offset) override {}
  void set_watermarks(PartitionId, Offset, std::optional<Offset>) override {}
  bool freeze(PartitionId) override { return freeze_largest() > 0; }
  size_t freeze_all() override {
    const size_t all = open.exchange(0);
    frozen += all;
    return all;
  }
  size_t freeze_older_than(Timestamp) override { return 0; }
  uint64_t freeze_largest() override {
    if (open == 0) return 0;
    --open;
    ++frozen;
    return kBlockBytes;
  }
  Result<bool> seal_next() override {
    ++seals;
    if (disk_full) return Error{ErrorCode::kUnavailable, "no space left on device", "make room"};
    return halted ? false : take(frozen, unindexed);
  }
  Result<bool> index_next(bool flush) override {
    if (!flush && unindexed < 4) return false;
    return take(unindexed, indexed);
  }
  Result<bool> merge_next() override { return false; }
  Result<bool> rewrite_next() override { return take(sparse, rewritten); }
  Result<size_t> expire(Timestamp) override { return size_t{0}; }
  Result<void> flush() override { return {}; }
  Result<void> sync() override { return {}; }
  [[nodiscard]] Timestamp retention_time() const override { return {}; }
  std::optional<store::DeadLetter> dead_letter(PartitionId, Offset) const override { return std::nullopt; }
  std::vector<store::DeadLetter> unsent_dead_letters(size_t) const override { return {}; }
  Result<void> note_dead_letters_sent(PartitionId, Offset) override { return {}; }
  Offset dead_letters_sent(PartitionId) const override { return kMinOffset; }
  Result<void> begin_rebuild() override { return {}; }
  std::optional<store::RebuildProgress> rebuild() const override { return std::nullopt; }
  Result<store::RebuildStep> rebuild_next(const GoOn&) override { return store::RebuildStep{}; }
  Result<void> finish_rebuild() override { return {}; }
  Result<void> cancel_rebuild() override { return {}; }
  store::TopicView view() const override { return {}; }
  Result<std::shared_ptr<const store::MessageBlock>> read_block(const store::BlockMeta&,
                                                                store::Columns) const override {
    return std::shared_ptr<const store::MessageBlock>();
  }
  std::vector<store::DeadLetter> dead_letters(size_t, const std::optional<store::DeadLetterPlace>&) const override {
    return {};
  }
  store::TopicStats stats() const override {
    store::TopicStats stats;
    stats.frozen_blocks = frozen;
    stats.frozen_bytes = frozen * block_bytes;
    stats.unindexed_blocks = unindexed;
    stats.memory_bytes = (open + frozen + unindexed) * block_bytes;
    return stats;
  }

 private:
  static bool take(std::atomic<size_t>& from, std::atomic<size_t>& to) {
    size_t have = from.load();
    while (have > 0 && !from.compare_exchange_weak(have, have - 1)) {
    }
    if (have == 0) return false;
    ++to;
    return true;
  }
};

TEST(Workers, SealAndIndexEverythingIncludingTheStragglers) {
  const auto topic = std::make_shared<FakeTopic>();
  Workers workers(3);
  workers.add(topic);
  topic->frozen = 101;  // the last one is indexed alone, when nothing more comes
  workers.notify_frozen(*topic, 101);
  EXPECT_TRUE(eventually([&] { return topic->indexed == 101; })) << topic->indexed;
}

TEST(Workers, RewriteWhatIsMostlyEmptyStepByStep) {
  const auto topic = std::make_shared<FakeTopic>();
  topic->sparse = 2;
  Workers workers(2);
  workers.add(topic);
  EXPECT_TRUE(eventually([&] { return topic->rewritten == 2; })) << topic->rewritten;
}

TEST(Workers, RewritingWaitsForIndexing) {
  const auto topic = std::make_shared<FakeTopic>();
  topic->sparse = 1;
  topic->unindexed = 1'000'000'000;
  Workers workers(1);
  workers.add(topic);
  ASSERT_TRUE(eventually([&] { return topic->indexed > 0; }));
  EXPECT_EQ(topic->rewritten, 0U);
  topic->unindexed = 0;
  EXPECT_TRUE(eventually([&] { return topic->rewritten == 1; }));
}

TEST(Workers, AFullDiskIsReportedRetriedAndPasses) {
  const auto topic = std::make_shared<FakeTopic>();
  topic->disk_full = true;
  Workers workers(2);
  workers.add(topic);
  topic->frozen = 3;
  workers.notify_frozen(*topic, 3);
  ASSERT_TRUE(eventually([&] { return !workers.trouble(*topic).text.empty(); }));
  EXPECT_NE(workers.trouble(*topic).text.find("no space left on device"), std::string::npos)
      << workers.trouble(*topic).text;
  const size_t tries = topic->seals;
  EXPECT_TRUE(eventually([&] { return topic->seals > tries; })) << "it is tried again";
  EXPECT_EQ(topic->frozen, 3U);
  EXPECT_FALSE(workers.relieve(2'000)) << "more can't be taken in meanwhile";
  EXPECT_FALSE(workers.seal_everything(std::chrono::steady_clock::now() + std::chrono::milliseconds(50)));
  topic->disk_full = false;
  EXPECT_TRUE(eventually([&] { return topic->frozen == 0; }));
  EXPECT_TRUE(eventually([&] { return workers.trouble(*topic).text.empty(); })) << workers.trouble(*topic).text;
}

TEST(Workers, RelieveFreezesSealsAndIndexesUntilItFits) {
  const auto topic = std::make_shared<FakeTopic>();
  Workers workers(2);
  workers.add(topic);
  topic->open = 20;
  EXPECT_TRUE(workers.relieve(20'000));
  EXPECT_EQ(topic->open, 20U) << "nothing to do";
  ASSERT_TRUE(eventually([&] { return workers.relieve(5'000); }));
  EXPECT_LE(topic->stats().memory_bytes, 5'000U);
  ASSERT_TRUE(eventually([&] { return workers.relieve(0); }));
  EXPECT_EQ(workers.memory_bytes(), 0U);
}

TEST(Workers, WhoAppendsWaitsForTheSealing) {
  const auto topic = std::make_shared<FakeTopic>();
  topic->block_bytes = 400'000;
  topic->halted = true;
  Workers workers(2);
  workers.add(topic);
  topic->frozen = 9;
  workers.notify_frozen(*topic, 8);
  EXPECT_FALSE(workers.is_behind()) << "four blocks a thread keep it busy";
  workers.notify_frozen(*topic, 1);
  EXPECT_TRUE(workers.is_behind());
  EXPECT_FALSE(workers.relieve(1'000'000'000)) << "there is memory, but searches would scan the blocks";
  topic->halted = false;
  EXPECT_TRUE(eventually([&] { return workers.relieve(1'000'000'000); }));
  EXPECT_FALSE(workers.is_behind());
}

TEST(Workers, ManySmallBlocksAreNotWaitedFor) {
  const auto topic = std::make_shared<FakeTopic>();
  topic->halted = true;
  Workers workers(2);
  workers.add(topic);
  topic->frozen = 1'000;
  workers.notify_frozen(*topic, 1'000);
  EXPECT_TRUE(workers.is_behind());
  EXPECT_TRUE(workers.relieve(10'000'000)) << "1,000 bytes each";
}

TEST(Workers, BlocksThatOthersSealedAreNotWaitedFor) {
  const auto topic = std::make_shared<FakeTopic>();
  topic->halted = true;
  Workers workers(2);
  workers.add(topic);
  topic->frozen = 100;
  workers.notify_frozen(*topic, 100);
  topic->frozen = 0;
  EXPECT_TRUE(workers.relieve(1'000'000));
  EXPECT_FALSE(workers.is_behind());
}

TEST(Workers, ATopicInTroubleHoldsUpNobodyUntilMemoryIsShort) {
  const auto topic = std::make_shared<FakeTopic>();
  topic->disk_full = true;
  topic->block_bytes = 400'000;
  Workers workers(2);
  workers.add(topic);
  topic->frozen = 100;
  workers.notify_frozen(*topic, 100);
  ASSERT_TRUE(eventually([&] { return workers.relieve(100'000'000); }));
  EXPECT_FALSE(workers.is_behind());
  EXPECT_FALSE(workers.relieve(20'000'000));
}

TEST(Workers, RemoveWaitsForTheWorkInHand) {
  for (int round = 0; round < 50; ++round) {
    const auto topic = std::make_shared<FakeTopic>();
    Workers workers(2);
    workers.add(topic);
    topic->frozen = 1'000;
    workers.notify_frozen(*topic, 1'000);
    workers.remove(*topic);
    const size_t left = topic->frozen;
    const size_t calls = topic->seals;
    workers.notify_frozen(*topic, 10);
    EXPECT_EQ(topic->frozen, left);
    EXPECT_EQ(topic->seals, calls);
  }
}

TEST(Workers, SealEverythingAtTheEnd) {
  const auto topic = std::make_shared<FakeTopic>();
  Workers workers(2);
  workers.add(topic);
  topic->open = 500;
  EXPECT_TRUE(workers.seal_everything(std::chrono::steady_clock::now() + kPatience));
  EXPECT_EQ(topic->frozen, 0U);
}

}  // namespace
}  // namespace kseek::indexer
