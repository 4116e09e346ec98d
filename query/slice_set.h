// A set of slices of blocks (store/slices.h), the blocks by their positions 0 .. size()-1 in a segment. A value; one
// thread at a time.
#pragma once

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "store/slices.h"

namespace kseek::query {

class SliceSet {
 public:
  explicit SliceSet(size_t blocks = 0) : size_(blocks), words_((blocks + kBlocksAWord - 1) / kBlocksAWord) {}

  [[nodiscard]] size_t size() const { return size_; }  ///< blocks
  [[nodiscard]] store::SliceMask slices(size_t position) const {
    return static_cast<store::SliceMask>(words_[position / kBlocksAWord] >> shift_of(position));
  }
  [[nodiscard]] bool contains(size_t position) const { return slices(position) != 0; }
  void add(size_t position, store::SliceMask slices = store::kAllSlices) {
    words_[position / kBlocksAWord] |= uint64_t{slices} << shift_of(position);
  }
  void add_all() {
    std::fill(words_.begin(), words_.end(), ~uint64_t{0});
    if (const size_t shift = shift_of(size_); shift > 0) words_.back() = (uint64_t{1} << shift) - 1;
  }
  /// Visits the blocks of which a slice is in the set, positions rising: visit(position, slices).
  template <class Visit>
  void for_each(Visit&& visit) const {
    for (size_t i = 0; i < words_.size(); ++i) {
      for (uint64_t left = words_[i]; left != 0;) {
        const auto at = static_cast<size_t>(std::countr_zero(left)) / store::kBlockSlices;
        const size_t position = i * kBlocksAWord + at;
        visit(position, slices(position));
        left &= ~(uint64_t{store::kAllSlices} << at * store::kBlockSlices);
      }
    }
  }

  /// Blocks of which a slice is in the set.
  [[nodiscard]] size_t count() const {
    size_t blocks = 0;
    for (uint64_t word : words_) {
      if (word == 0) continue;
      for (size_t half = store::kBlockSlices / 2; half > 0; half /= 2) word |= word >> half;  // to the lowest bit
      blocks += static_cast<size_t>(std::popcount(word & kLowestSlices));
    }
    return blocks;
  }
  [[nodiscard]] size_t slice_count() const {
    size_t slices = 0;
    for (const uint64_t word : words_) {
      if (word != 0) slices += static_cast<size_t>(std::popcount(word));
    }
    return slices;
  }
  [[nodiscard]] bool empty() const {
    return std::all_of(words_.begin(), words_.end(), [](uint64_t word) { return word == 0; });
  }
  /// REQUIRES: sets of the same size, here and below.
  SliceSet& operator|=(const SliceSet& other) {
    for (size_t i = 0; i < words_.size(); ++i) words_[i] |= other.words_[i];
    return *this;
  }
  SliceSet& operator&=(const SliceSet& other) {
    for (size_t i = 0; i < words_.size(); ++i) words_[i] &= other.words_[i];
    return *this;
  }
  /// Takes out the blocks of which `other` has a slice.
  void remove_blocks(const SliceSet& other) {
    other.for_each([this](size_t position, store::SliceMask) {
      words_[position / kBlocksAWord] &= ~(uint64_t{store::kAllSlices} << shift_of(position));
    });
  }
  bool operator==(const SliceSet&) const = default;

 private:
  static constexpr size_t kBlocksAWord = 64 / store::kBlockSlices;
  static constexpr uint64_t kLowestSlices = ~uint64_t{0} / store::kAllSlices;
  static size_t shift_of(size_t position) { return position % kBlocksAWord * store::kBlockSlices; }

  size_t size_;
  std::vector<uint64_t> words_;
};

}  // namespace kseek::query
