#include "store/term_sort.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstring>
#include <utility>

namespace kseek::store {
namespace {

constexpr size_t kFewTerms = 512;          // below, std::sort is faster
constexpr size_t kKeptTerms = 256 * 1024;  // scratch for more is given back

}  // namespace

void TermSorter::sort(std::vector<std::string_view>& terms) {
  if (terms.size() < kFewTerms) {
    std::sort(terms.begin(), terms.end());
    return;
  }
  constexpr size_t kPasses = 9;
  std::array<std::array<uint32_t, 256>, kPasses> counts{};
  items_.resize(terms.size());
  other_.resize(terms.size());
  for (size_t i = 0; i < terms.size(); ++i) {
    const std::string_view term = terms[i];
    uint64_t bytes = 0;
    if (term.size() >= 9) {
      std::memcpy(&bytes, term.data() + 1, 8);
    } else if (term.size() > 1) {
      std::memcpy(&bytes, term.data() + 1, term.size() - 1);
    }
    const uint64_t prefix = __builtin_bswap64(bytes);  // the machine is little-endian: x86-64 or arm64
    const uint8_t first = term.empty() ? 0 : static_cast<uint8_t>(term[0]);
    items_[i] = {prefix, static_cast<uint32_t>(i), first};
    for (size_t pass = 0; pass < 8; ++pass) ++counts[pass][(prefix >> (8 * pass)) & 0xFF];
    ++counts[8][first];
  }
  for (size_t pass = 0; pass < kPasses; ++pass) {
    const auto digit = [pass](const Item& item) -> size_t {
      return pass < 8 ? (item.prefix >> (8 * pass)) & 0xFF : item.first;
    };
    auto& count = counts[pass];
    if (count[digit(items_[0])] == terms.size()) continue;  // the same byte everywhere
    uint32_t start = 0;
    for (uint32_t& n : count) start += std::exchange(n, start);
    for (const Item& item : items_) other_[count[digit(item)]++] = item;
    items_.swap(other_);
  }
  unsorted_.assign(terms.begin(), terms.end());
  for (size_t i = 0; i < items_.size(); ++i) terms[i] = unsorted_[items_[i].index];
  for (size_t begin = 0; begin < items_.size();) {
    size_t end = begin + 1;
    while (end < items_.size() && items_[end].prefix == items_[begin].prefix &&
           items_[end].first == items_[begin].first) {
      ++end;
    }
    if (end - begin > 1) {
      std::sort(terms.begin() + static_cast<std::ptrdiff_t>(begin), terms.begin() + static_cast<std::ptrdiff_t>(end));
    }
    begin = end;
  }
  if (terms.size() > kKeptTerms) *this = TermSorter();
}

}  // namespace kseek::store
