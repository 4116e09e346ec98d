// Which messages of a block count: by its bounds, where they tell, or one by one.
#include "query/block_scanner.h"

#include <gtest/gtest.h>

#include <random>
#include <vector>

#include "query/message_set.h"

namespace kseek::query {
namespace {

TEST(MessageSetTest, AddsWholeRanges) {
  for (const size_t size : {size_t{1}, size_t{63}, size_t{64}, size_t{65}, size_t{200}}) {
    for (size_t begin = 0; begin <= size; ++begin) {
      for (size_t end = begin; end <= size; ++end) {
        MessageSet set(size), expected(size);
        set.add(begin, end);
        for (size_t i = begin; i < end; ++i) expected.add(i);
        ASSERT_EQ(set, expected) << begin << ".." << end << " of " << size;
      }
    }
  }
}

/// Small numbers, so that bounds and limits often touch.
int64_t any(std::mt19937& random) { return static_cast<int64_t>(random() % 8); }

SortKey any_key(std::mt19937& random, uint32_t topic) {
  return {{any(random)}, {static_cast<int32_t>(random() % 3)}, {any(random)}, topic};
}

TEST(ScanLimitsProperty, ContainAllMeansEachMessageCounts) {
  std::mt19937 random(11);
  size_t all = 0, some = 0;
  for (int round = 0; round < 200'000; ++round) {
    ScanLimits limits;
    limits.topic = 1;
    limits.partition.partition = {static_cast<int32_t>(random() % 3)};
    limits.partition.first = {any(random)};
    limits.partition.limit = {limits.partition.first.value + 2 * any(random)};
    limits.times = {{any(random)}, {3 + any(random)}};
    limits.window.order = random() % 2 == 0 ? Order::kNewest : Order::kOldest;
    if (random() % 3 == 0) limits.window.after = any_key(random, 1);
    if (random() % 3 == 0) limits.window.up_to = any_key(random, 1);
    if (random() % 3 == 0) limits.worst = any_key(random, 1);

    store::BlockMeta bounds;
    bounds.partition = limits.partition.partition;
    bounds.first = {any(random)};
    bounds.last = {bounds.first.value + any(random)};
    bounds.min_create = {any(random)};
    bounds.max_create = {bounds.min_create.ms + any(random)};
    if (!limits.contain_all(bounds)) continue;
    ++all;
    for (int64_t offset = bounds.first.value; offset <= bounds.last.value; ++offset) {
      for (int64_t time = bounds.min_create.ms; time <= bounds.max_create.ms; ++time) {
        const SortKey key{{time}, bounds.partition, {offset}, 1};
        ++some;
        ASSERT_TRUE(limits.contains(key) && !(limits.worst && precedes(*limits.worst, key, limits.window.order)));
      }
    }
  }
  EXPECT_GT(all, 1'000U);
  EXPECT_GT(some, all);
}

TEST(ScanLimits, UnlimitedOnesContainAll) {
  ScanLimits limits;
  limits.partition.limit = {kMaxOffset};
  limits.times = {kMinTimestamp, kMaxTimestamp};
  store::BlockMeta bounds;
  bounds.last = {1'000};
  bounds.max_create = {5};
  EXPECT_TRUE(limits.contain_all(bounds));
  limits.worst = SortKey{{1}, {0}, {3}, 0};
  EXPECT_FALSE(limits.contain_all(bounds));
}

}  // namespace
}  // namespace kseek::query
