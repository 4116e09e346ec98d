#include "tokenizer/hidden_words.h"

#include <algorithm>
#include <array>
#include <bit>
#include <bitset>
#include <memory>

#include "base/lanes.h"
#include "tokenizer/utf8.h"

namespace kseek::tokenizer {
namespace {

struct Range {
  char32_t first, last;
};

/// Other characters whose NFKC_Casefold has an ASCII letter or digit or an ideograph or is empty, and some between
/// them. A test asks ICU about every character.
constexpr std::array kHiding = std::to_array<Range>({
    {0xAA, 0xAA},       {0xAD, 0xAD},       {0xB2, 0xB3},       {0xB9, 0xBE},       {0xDF, 0xDF},
    {0x130, 0x133},     {0x13F, 0x140},     {0x149, 0x149},     {0x17F, 0x17F},     {0x1C4, 0x1CC},
    {0x1F1, 0x1F3},     {0x2B0, 0x2B8},     {0x2E1, 0x2E3},     {0x34F, 0x34F},     {0x61C, 0x61C},
    {0x115F, 0x1160},   {0x17B4, 0x17B5},   {0x180B, 0x180F},   {0x1D2C, 0x1DBF},   {0x1E9A, 0x1E9E},
    {0x200B, 0x200F},   {0x202A, 0x202E},   {0x2060, 0x209C},   {0x20A8, 0x20A8},   {0x2100, 0x218F},
    {0x2460, 0x24FF},   {0x2C7C, 0x2C7D},   {0x2E9F, 0x2E9F},   {0x2EF3, 0x2EF3},   {0x2F00, 0x2FD5},
    {0x3038, 0x303A},   {0x3164, 0x3164},   {0x3192, 0x319F},   {0x3220, 0x3247},   {0x3250, 0x325F},
    {0x3280, 0x33FF},   {0xA7F2, 0xA7F4},   {0xF900, 0xFAFF},   {0xFB00, 0xFB06},   {0xFE00, 0xFE0F},
    {0xFEFF, 0xFEFF},   {0xFF10, 0xFF19},   {0xFF21, 0xFF3A},   {0xFF41, 0xFF5A},   {0xFFA0, 0xFFA0},
    {0xFFF0, 0xFFF8},   {0x107A5, 0x107A5}, {0x1BCA0, 0x1BCA3}, {0x1D173, 0x1D17A}, {0x1D400, 0x1D7FF},
    {0x1F100, 0x1F2FF}, {0x1FBF0, 0x1FBF9}, {0x2F800, 0x2FA1F}, {0xE0000, 0xE0FFF},
});

constexpr size_t kPlane = 0x10000;
using Plane = std::bitset<kPlane>;

const Plane& hiding_in_first_plane() {
  static const std::unique_ptr<const Plane> plane = [] {
    auto made = std::make_unique<Plane>();
    for (const Range& range : kHiding) {
      for (char32_t c = range.first; c <= range.last && c < kPlane; ++c) made->set(c);
    }
    return made;
  }();
  return *plane;
}

// U+4000 to U+9FFF and U+B000 to U+DFFF (ideographs and Hangul, mostly) hide nothing.
constexpr bool may_lead(uint8_t byte) {
  const bool harmless = (byte >= 0xE4 && byte <= 0xE9) || (byte >= 0xEB && byte <= 0xED);
  return byte >= 0xC0 && !harmless;
}

constexpr bool knows_leads() {
  return std::all_of(kHiding.begin(), kHiding.end(), [](Range range) {
    for (char32_t c = range.first; c <= range.last; ++c) {
      if (c >= 0x800 && c < kPlane && !may_lead(static_cast<uint8_t>(0xE0 | c >> 12))) return false;
    }
    return true;
  });
}
static_assert(knows_leads());

/// The next byte that a character that hides something may begin with; or `end`.
const char* next_lead(const char* p, const char* end) {
#if defined(__SSE2__)
  for (; end - p >= 16; p += 16) {
    const auto bytes = load_16(p);
    const auto harmless = _mm_or_si128(lanes_in(bytes, '\xE4', 6), lanes_in(bytes, '\xEB', 3));
    const auto leads = _mm_andnot_si128(harmless, lanes_in(bytes, '\xC0', 0x40));
    if (const auto found = static_cast<uint32_t>(_mm_movemask_epi8(leads)); found != 0)
      return p + std::countr_zero(found);
  }
#endif
  while (p < end && !may_lead(static_cast<uint8_t>(*p))) ++p;
  return p;
}

bool hides(char32_t c, const Plane& plane) {
  if (c < kPlane) return plane[c];
  return std::any_of(kHiding.begin(), kHiding.end(), [c](Range range) { return c >= range.first && c <= range.last; });
}

}  // namespace

bool may_hide_words(std::string_view bytes, TextTraits traits) {
  if (traits.json_escapes && bytes.find("\\u") != std::string_view::npos) return true;
  if (traits.ascii) return false;
  const Plane& plane = hiding_in_first_plane();
  const char* const end = bytes.data() + bytes.size();
  for (const char* p = next_lead(bytes.data(), end); p < end; p = next_lead(p, end)) {
    const Decoded decoded = decode_common_utf8(p, end);
    if (hides(decoded.c, plane)) return true;
    p += decoded.length;
  }
  return false;
}

}  // namespace kseek::tokenizer
