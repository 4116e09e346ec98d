// Sorts many short strings bytewise: what std::sort gives, about four times as fast on some ten thousand terms.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

namespace kseek::store {

/// Radix sort, least significant byte first, on bytes 1 to 8 of each string and at last on byte 0 (few values: the
/// field); strings equal in these nine are put in order by comparing. Keeps its scratch; one thread.
class TermSorter {
 public:
  void sort(std::vector<std::string_view>& terms);

 private:
  struct Item {
    uint64_t prefix;  // bytes 1 to 8, the first one highest, short ones padded with 0
    uint32_t index;   // into the unsorted terms
    uint8_t first;    // byte 0
  };
  std::vector<Item> items_;
  std::vector<Item> other_;
  std::vector<std::string_view> unsorted_;
};

}  // namespace kseek::store
