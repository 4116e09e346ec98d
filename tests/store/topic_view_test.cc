// BlockList against a sorted vector, and the merge policy by examples.
#include "store/topic_view.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <numeric>
#include <optional>

#include "store/merge_policy.h"
#include "tests/store/random_messages.h"

namespace kseek::store {
namespace {

BlockMeta meta_of(uint64_t id) {
  BlockMeta meta;
  meta.id = {id};
  meta.messages = static_cast<uint32_t>(id % 1000);
  meta.raw_bytes = id % 77;
  meta.min_create = {static_cast<int64_t>(id * 31 % 1009)};
  meta.max_create = {meta.min_create.ms + static_cast<int64_t>(id % 13)};
  meta.min_ingest = {static_cast<int64_t>(id * 17 % 503)};
  meta.max_ingest = {meta.min_ingest.ms + static_cast<int64_t>(id % 5)};
  // As blocks are: offsets of a partition rise with the ids, with gaps; partitions take turns.
  meta.partition = {static_cast<int32_t>(id % 7)};
  meta.first = {static_cast<int64_t>(id * 100)};
  meta.last = {static_cast<int64_t>(id * 100 + id % 5 * 20)};
  return meta;
}

void expect_same(const BlockList& list, const std::vector<BlockMeta>& model) {
  std::vector<BlockMeta> seen;
  list.for_each([&](const BlockMeta& meta) { seen.push_back(meta); });
  ASSERT_EQ(seen, model);
  ASSERT_EQ(list.size(), model.size());
  ASSERT_EQ(list.raw_bytes(), std::accumulate(model.begin(), model.end(), uint64_t{0},
                                              [](uint64_t sum, const auto& meta) { return sum + meta.raw_bytes; }));
  for (const BlockMeta& meta : model) {
    for (const Offset at : {meta.first, meta.last}) {
      const BlockMeta* const found = list.find(meta.partition, at);
      ASSERT_NE(found, nullptr);
      ASSERT_EQ(*found, meta);
    }
    ASSERT_EQ(list.find(meta.partition, meta.last.next()), nullptr);
    ASSERT_EQ(list.find(meta.partition, {meta.first.value - 1}), nullptr);
    ASSERT_EQ(list.find({7}, meta.first), nullptr);
  }
}

/// `ids` may name blocks that are not there.
void expect_found(const BlockList& list, const std::vector<BlockMeta>& model, const std::vector<BlockId>& ids) {
  BlockList::Finder finder(list);
  std::optional<TimeBounds> times;
  size_t between = 0;
  for (const BlockMeta& meta : model) between += meta.id >= ids.front() && meta.id <= ids.back() ? 1 : 0;
  ASSERT_EQ(list.count(ids.front(), ids.back()), between);
  for (const BlockId id : ids) {
    const auto known = std::find_if(model.begin(), model.end(), [&](const auto& meta) { return meta.id == id; });
    const BlockMeta* const found = finder.find(id);
    ASSERT_EQ(found != nullptr, known != model.end()) << id.value;
    if (found == nullptr) continue;
    ASSERT_EQ(*found, *known);
    if (!times) times = {known->min_create, known->max_create, known->min_ingest, known->max_ingest};
    times = {std::min(times->min_create, known->min_create), std::max(times->max_create, known->max_create),
             std::min(times->min_ingest, known->min_ingest), std::max(times->max_ingest, known->max_ingest)};
  }
  const TimeBounds expected = times.value_or(TimeBounds());
  const TimeBounds told = list.times_of(ids);
  for (const TimeKind kind : {TimeKind::kCreate, TimeKind::kIngest}) {
    ASSERT_EQ(told.min_time(kind), expected.min_time(kind));
    ASSERT_EQ(told.max_time(kind), expected.max_time(kind));
  }
}

TEST(BlockListTest, EmptyFindsNothing) {
  const BlockList list;
  EXPECT_EQ(list.size(), 0U);
  EXPECT_EQ(list.find({1}), nullptr);
  expect_found(list, {}, {{1}, {2}});
  EXPECT_EQ(list.without({{1}}).size(), 0U);
  EXPECT_EQ(BlockList::of({}).size(), 0U);
}

TEST(BlockListTest, RandomChangesEqualAVector) {
  constexpr uint64_t kSeed = 20'261'121;
  SCOPED_TRACE(fmt::format("seed {}", kSeed));
  RandomMessages random(kSeed);
  BlockList list;
  std::vector<BlockMeta> model;
  uint64_t id = 0;
  for (int step = 0; step < 300; ++step) {
    for (size_t adds = random.below(60); adds > 0; --adds) {
      id += 1 + random.below(3);
      list = list.with(meta_of(id));
      model.push_back(meta_of(id));
    }
    if (random.one_in(4)) {
      std::vector<BlockId> gone;
      const bool front = random.one_in(2);
      for (size_t i = 0; i < model.size(); ++i) {
        if (front ? i < 100 : random.one_in(10)) gone.push_back(model[i].id);
      }
      gone.push_back({id + 1'000'000});  // not there: no effect
      const BlockList before = list;
      const auto model_before = model;
      list = list.without(gone);
      std::erase_if(model,
                    [&](const BlockMeta& meta) { return std::binary_search(gone.begin(), gone.end(), meta.id); });
      expect_same(before, model_before);
    }
    expect_same(list, model);
    expect_same(BlockList::of(model), model);
    std::vector<BlockId> some{{random.below(id + 2)}};
    for (size_t i = random.below(400); i > 0; --i) some.push_back({some.back().value + 1 + random.below(i % 7 + 1)});
    expect_found(list, model, some);
    for (int i = 0; i < 20; ++i) {
      const BlockId wanted{random.below(id + 2)};
      const auto found = std::find_if(model.begin(), model.end(), [&](const auto& meta) { return meta.id == wanted; });
      const BlockMeta* const in_list = list.find(wanted);
      ASSERT_EQ(in_list != nullptr, found != model.end());
      if (in_list) {
        ASSERT_EQ(*in_list, *found);
      }
    }
  }
}

std::vector<MergeCandidate> levels(const std::vector<uint32_t>& levels_of_segments) {
  std::vector<MergeCandidate> candidates;
  for (const uint32_t level : levels_of_segments) candidates.push_back({level, false, false});
  return candidates;
}

TEST(MergePolicyTest, MergesTheOldestFullRunOfTheLowestLevel) {
  EXPECT_EQ(choose_merge(levels({}), 3, 4), std::nullopt);
  EXPECT_EQ(choose_merge(levels({0, 0}), 3, 4), std::nullopt);
  EXPECT_EQ(choose_merge(levels({0, 0, 0, 0}), 3, 4), (MergeChoice{0, 3, 1}));
  EXPECT_EQ(choose_merge(levels({1, 1, 1, 0, 0, 0}), 3, 4), (MergeChoice{3, 3, 1}));
  EXPECT_EQ(choose_merge(levels({1, 1, 1, 0, 0}), 3, 4), (MergeChoice{0, 3, 2}));
  EXPECT_EQ(choose_merge(levels({4, 4, 4}), 3, 4), std::nullopt) << "the top level stays";
  EXPECT_EQ(choose_merge(levels({0, 0, 0}), 1, 4), std::nullopt);
}

TEST(MergePolicyTest, SmallOnesCaughtBetweenLargeOnesGoWithThem) {
  EXPECT_EQ(choose_merge(levels({1, 0, 1}), 3, 4), (MergeChoice{0, 3, 2}));
  EXPECT_EQ(choose_merge(levels({1, 1, 0, 0}), 3, 4), std::nullopt) << "small ones at the newest end wait";
}

TEST(MergePolicyTest, NothingGrowsOverTheLimit) {
  std::vector<MergeCandidate> segments = levels({0, 0, 0});
  for (auto& segment : segments) segment.blocks = 10;
  EXPECT_EQ(choose_merge(segments, 2, 4, 20), (MergeChoice{0, 2, 1}));
  segments[0].blocks = 11;
  EXPECT_EQ(choose_merge(segments, 2, 4, 20), (MergeChoice{1, 2, 1}));
  EXPECT_EQ(choose_merge(segments, 3, 4, 30), std::nullopt);
}

TEST(MergePolicyTest, NeitherBusyOnesNorGapsAreCrossed) {
  auto busy = levels({0, 0, 0, 0, 0});
  busy[2].busy = true;
  EXPECT_EQ(choose_merge(busy, 3, 4), std::nullopt);
  busy[2].busy = false;
  busy[1].gap_before = true;
  EXPECT_EQ(choose_merge(busy, 3, 4), (MergeChoice{1, 3, 1}));
  busy[3].gap_before = true;
  EXPECT_EQ(choose_merge(busy, 3, 4), std::nullopt);
}

}  // namespace
}  // namespace kseek::store
