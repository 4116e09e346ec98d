// Which parts of a text column are loaded: all, or some of its first 64 ones. A value.
#pragma once

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstdint>

namespace kseek::store {

class LoadedParts {
 public:
  /// All, or those whose bits are set; each part but the last has so many bytes.
  LoadedParts() = default;
  LoadedParts(uint64_t bits, size_t part_bytes) : all_(false), bits_(bits), part_bytes_(part_bytes) {}

  [[nodiscard]] bool all() const { return all_; }
  [[nodiscard]] bool none() const { return !all_ && bits_ == 0; }
  /// Visits the bytes that are loaded of a column of `size`, parts behind each other at once: visit(begin, end).
  template <class Visit>
  void for_each(size_t size, Visit&& visit) const {
    if (all_) return visit(size_t{0}, size);
    for (uint64_t left = bits_; left != 0;) {
      const auto first = static_cast<size_t>(std::countr_zero(left));
      const auto end = first + static_cast<size_t>(std::countr_one(left >> first));
      visit(first * part_bytes_, std::min(end * part_bytes_, size));
      left = end < 64 ? left & ~uint64_t{0} << end : 0;
    }
  }

 private:
  bool all_ = true;
  uint64_t bits_ = 0;
  size_t part_bytes_ = 0;
};

}  // namespace kseek::store
