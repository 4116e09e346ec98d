// A set of a block's messages, by their places 0 .. size()-1. A value; one thread at a time.
#pragma once

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace kseek::query {

class MessageSet {
 public:
  explicit MessageSet(size_t size = 0) : size_(size), words_((size + 63) / 64) {}

  [[nodiscard]] size_t size() const { return size_; }
  [[nodiscard]] bool contains(size_t position) const { return (words_[position / 64] >> (position % 64) & 1) != 0; }
  void add(size_t position) { words_[position / 64] |= uint64_t{1} << (position % 64); }
  /// Those from `begin` to `end`. REQUIRES: begin <= end <= size().
  void add(size_t begin, size_t end) {
    for (size_t i = begin / 64; begin < end; ++i, begin = i * 64) {
      const uint64_t from_begin = ~uint64_t{0} << (begin % 64);
      words_[i] |= end - i * 64 < 64 ? from_begin & ~(~uint64_t{0} << (end % 64)) : from_begin;
    }
  }
  void add_all() {
    std::fill(words_.begin(), words_.end(), ~uint64_t{0});
    if (size_ % 64 != 0) words_.back() >>= 64 - size_ % 64;
  }
  /// Visits the places that are in the set, rising.
  template <class Visit>
  void for_each(Visit&& visit) const {
    for (size_t i = 0; i < words_.size(); ++i) {
      for (uint64_t word = words_[i]; word != 0; word &= word - 1) {
        visit(i * 64 + static_cast<size_t>(std::countr_zero(word)));
      }
    }
  }

  [[nodiscard]] size_t count() const {
    size_t n = 0;
    for (const uint64_t word : words_) n += static_cast<size_t>(std::popcount(word));
    return n;
  }
  [[nodiscard]] bool empty() const {
    for (const uint64_t word : words_) {
      if (word != 0) return false;
    }
    return true;
  }
  /// REQUIRES: sets of the same size, here and below.
  MessageSet& operator|=(const MessageSet& other) {
    for (size_t i = 0; i < words_.size(); ++i) words_[i] |= other.words_[i];
    return *this;
  }
  MessageSet& operator&=(const MessageSet& other) {
    for (size_t i = 0; i < words_.size(); ++i) words_[i] &= other.words_[i];
    return *this;
  }
  bool operator==(const MessageSet&) const = default;

 private:
  size_t size_;
  std::vector<uint64_t> words_;
};

}  // namespace kseek::query
