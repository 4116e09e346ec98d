// Sets of slices against a model: one byte a block.
#include "query/slice_set.h"

#include <gtest/gtest.h>

#include <bit>
#include <random>
#include <vector>

namespace kseek::query {
namespace {

using Model = std::vector<store::SliceMask>;

void expect_same(const SliceSet& set, const Model& model) {
  ASSERT_EQ(set.size(), model.size());
  Model visited(model.size());
  set.for_each([&](size_t position, store::SliceMask slices) { visited[position] = slices; });
  EXPECT_EQ(visited, model);
  size_t blocks = 0;
  size_t slices = 0;
  for (size_t position = 0; position < model.size(); ++position) {
    EXPECT_EQ(set.slices(position), model[position]);
    EXPECT_EQ(set.contains(position), model[position] != 0);
    blocks += model[position] != 0 ? 1 : 0;
    slices += static_cast<size_t>(std::popcount(model[position]));
  }
  EXPECT_EQ(set.count(), blocks);
  EXPECT_EQ(set.slice_count(), slices);
  EXPECT_EQ(set.empty(), blocks == 0);
}

TEST(SliceSetTest, EqualsAModel) {
  std::mt19937 random(7);
  for (size_t size = 0; size < 40; ++size) {
    for (int round = 0; round < 20; ++round) {
      SliceSet set(size);
      SliceSet other(size);
      Model model(size);
      Model other_model(size);
      for (size_t n = size; n > 0; --n) {
        const size_t position = random() % size;
        const auto slices = static_cast<store::SliceMask>(random() & random());
        SliceSet& one = n % 2 == 0 ? set : other;
        Model& its = n % 2 == 0 ? model : other_model;
        one.add(position, slices);
        its[position] |= slices;
      }
      expect_same(set, model);
      SliceSet either = set;
      SliceSet both = set;
      SliceSet without = set;
      either |= other;
      both &= other;
      without.remove_blocks(other);
      Model either_model(size);
      Model both_model(size);
      Model without_model(size);
      for (size_t i = 0; i < size; ++i) {
        either_model[i] = model[i] | other_model[i];
        both_model[i] = model[i] & other_model[i];
        without_model[i] = other_model[i] != 0 ? store::SliceMask{0} : model[i];
      }
      expect_same(either, either_model);
      expect_same(both, both_model);
      expect_same(without, without_model);
      set.add_all();
      expect_same(set, Model(size, store::kAllSlices));
    }
  }
}

}  // namespace
}  // namespace kseek::query
