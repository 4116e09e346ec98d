// Which mostly empty blocks are chosen.
#include "store/rewrite_policy.h"

#include <gtest/gtest.h>

namespace kseek::store {
namespace {

TEST(RewritePolicy, WhatIsWorthIt) {
  const auto choose = [](const std::vector<RewriteCandidate>& blocks) { return choose_rewrite(blocks, 100, 1'000); };
  const RewriteCandidate full{100, 100, 1'000};
  const RewriteCandidate sparse{20, 100, 1'000};
  const RewriteCandidate half{50, 100, 1'000};
  const RewriteCandidate small{10, 10, 100};
  EXPECT_EQ(choose({}), std::nullopt);
  EXPECT_EQ(choose({full, full}), std::nullopt);
  EXPECT_EQ(choose({full, sparse, full}), std::nullopt) << "alone it saves less than a block";
  EXPECT_EQ(choose({full, sparse, sparse, full}), (RewriteChoice{1, 2}));
  EXPECT_EQ(choose({full, sparse, small, sparse, full}), (RewriteChoice{1, 3}));
  EXPECT_EQ(choose({small, small, small}), std::nullopt) << "nothing was removed of them";
  EXPECT_EQ(choose({sparse, full, sparse}), std::nullopt);
  EXPECT_EQ(choose({half, half}), (RewriteChoice{0, 2}));
  EXPECT_EQ(choose({{51, 100, 1'000}, {51, 100, 1'000}}), std::nullopt) << "more is left than was removed";
  EXPECT_EQ(choose({sparse, {20, 100, 1'000, true}, sparse, sparse}), (RewriteChoice{2, 2}));
  EXPECT_EQ(choose({{1, 4, 1'000}, {1, 4, 1'000}}), (RewriteChoice{0, 2})) << "full by their bytes";
  const std::vector<RewriteCandidate> many(1'000, RewriteCandidate{1, 100, 1'000});
  EXPECT_EQ(choose(many), (RewriteChoice{0, kMaxRewriteBlocks}));
  const auto heavy = choose(std::vector<RewriteCandidate>(1'000, half));
  ASSERT_TRUE(heavy);
  EXPECT_EQ(heavy->count, 2 * kMaxRewrittenBlocks);
}

}  // namespace
}  // namespace kseek::store
