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

/// The bit that makes `c` lower case, if it is a letter whose case doesn't count.
char case_bit(char c, SubstringFinder::Case letters) {
  return letters == SubstringFinder::Case::kAnyAscii && c >= 'a' && c <= 'z' ? 0x20 : 0;
}

}  // namespace

SubstringFinder::SubstringFinder(std::string needle, Case letters) : needle_(std::move(needle)), letters_(letters) {
  if (needle_.empty()) return;
  for (size_t i = 1; i < needle_.size(); ++i) {
    if (commonness(needle_[i]) < commonness(needle_[rare_])) rare_ = i;
  }
  second_ = rare_ + 1 == needle_.size() ? 0 : needle_.size() - 1;
  for (size_t i = 0; i < needle_.size(); ++i) {
    if (i != rare_ && commonness(needle_[i]) < commonness(needle_[second_])) second_ = i;
  }
}

bool SubstringFinder::stands_at(const char* place) const {
  if (letters_ == Case::kExact) return std::memcmp(place, needle_.data(), needle_.size()) == 0;
  for (size_t i = 0; i < needle_.size(); ++i) {
    if (ascii_lower(place[i]) != needle_[i]) return false;
  }
  return true;
}

#if defined(__SSE2__)
/// Where two bytes of the needle stand in a text, looked for at sixteen places at once.
class SubstringFinder::Lanes {
 public:
  Lanes(const SubstringFinder& finder, std::string_view text)
      : rare_(text.data() + finder.rare_),
        second_(text.data() + finder.second_),
        rare_byte_(_mm_set1_epi8(finder.needle_[finder.rare_])),
        rare_case_(_mm_set1_epi8(case_bit(finder.needle_[finder.rare_], finder.letters_))),
        second_byte_(_mm_set1_epi8(finder.needle_[finder.second_])),
        second_case_(_mm_set1_epi8(case_bit(finder.needle_[finder.second_], finder.letters_))) {}

  /// 0xFF in each lane of a needle that may begin there, from `from` on.
  [[nodiscard]] __m128i at(size_t from) const {
    return _mm_and_si128(_mm_cmpeq_epi8(_mm_or_si128(load_16(rare_ + from), rare_case_), rare_byte_),
                         _mm_cmpeq_epi8(_mm_or_si128(load_16(second_ + from), second_case_), second_byte_));
  }

 private:
  const char* const rare_;
  const char* const second_;
  const __m128i rare_byte_, rare_case_, second_byte_, second_case_;
};
#endif

size_t SubstringFinder::find(std::string_view text, size_t from) const {
  const size_t size = needle_.size();
  if (from > text.size() || text.size() - from < size) return std::string_view::npos;
  if (size == 0) return from;
#if defined(__SSE2__)
  constexpr size_t kStep = 16;
  constexpr size_t kLeap = 4 * kStep;
  const Lanes lanes(*this, text);
  while (from + size + kStep - 1 <= text.size()) {
    for (; from + size + kLeap - 1 <= text.size(); from += kLeap) {
      const auto any = _mm_or_si128(_mm_or_si128(lanes.at(from), lanes.at(from + kStep)),
                                    _mm_or_si128(lanes.at(from + 2 * kStep), lanes.at(from + 3 * kStep)));
      if (_mm_movemask_epi8(any) != 0) break;
    }
    for (size_t steps = kLeap / kStep; steps > 0 && from + size + kStep - 1 <= text.size(); --steps, from += kStep) {
      for (auto mask = static_cast<uint32_t>(_mm_movemask_epi8(lanes.at(from))); mask != 0; mask &= mask - 1) {
        const size_t at = from + static_cast<size_t>(std::countr_zero(mask));
        if (stands_at(text.data() + at)) return at;
      }
    }
  }
#endif
  for (; from + size <= text.size(); ++from) {
    if (stands_at(text.data() + from)) return from;
  }
  return std::string_view::npos;
}

}  // namespace kseek::tokenizer
