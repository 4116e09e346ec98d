#include "tokenizer/substring.h"

#include <bit>
#include <cstring>

#include "tokenizer/ascii.h"

namespace kseek::tokenizer {
namespace {

/// How common a byte is in text, roughly: digits, frequent letters and lead bytes of UTF-8 filter badly.
int commonness(char c) {
  static constexpr std::string_view kFrequent = "zqxjkvbpygfwmucldrhsnioate";
  if (const size_t rank = kFrequent.find(c); rank != std::string_view::npos) return static_cast<int>(rank);
  if (c >= '0' && c <= '9') return 20;
  return static_cast<uint8_t>(c) >= 0xC0 ? 30 : 10;
}

}  // namespace

SubstringFinder::SubstringFinder(std::string needle) : needle_(std::move(needle)) {
  for (size_t i = 1; i + 1 < needle_.size(); ++i) {
    if (commonness(needle_[i]) < commonness(needle_[rare_])) rare_ = i;
  }
}

size_t SubstringFinder::find(std::string_view text, size_t from) const {
  const size_t size = needle_.size();
  if (from > text.size() || text.size() - from < size) return std::string_view::npos;
  if (size == 0) return from;
#if defined(__SSE2__)
  const char* const rare = text.data() + rare_;
  const char* const last = text.data() + size - 1;
  const auto rare_byte = _mm_set1_epi8(needle_[rare_]);
  const auto last_byte = _mm_set1_epi8(needle_.back());
  for (; from + size + 15 <= text.size(); from += 16) {
    const auto same =
        _mm_and_si128(_mm_cmpeq_epi8(load_16(rare + from), rare_byte), _mm_cmpeq_epi8(load_16(last + from), last_byte));
    for (auto mask = static_cast<uint32_t>(_mm_movemask_epi8(same)); mask != 0; mask &= mask - 1) {
      const size_t at = from + static_cast<size_t>(std::countr_zero(mask));
      if (std::memcmp(text.data() + at, needle_.data(), size) == 0) return at;
    }
  }
#endif
  return text.find(needle_, from);
}

}  // namespace kseek::tokenizer
