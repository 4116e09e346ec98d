// Inside tokenizer/: reading UTF-8 that may be ill-formed. Any thread.
#pragma once

#include <cstddef>
#include <cstdint>

namespace kseek::tokenizer {

inline constexpr char32_t kReplacement = 0xFFFD;

/// A code point and the bytes it took. An ill-formed maximal subpart (Unicode 15, section 3.9, table 3-8) reads as
/// U+FFFD.
struct Decoded {
  char32_t c;
  uint32_t length;
};

inline bool is_continuation(char byte) { return (static_cast<uint8_t>(byte) & 0xC0) == 0x80; }

/// REQUIRES: p < end.
inline Decoded decode_utf8(const char* p, const char* end) {
  const auto at = [p](size_t i) { return static_cast<char32_t>(static_cast<uint8_t>(p[i])); };
  const char32_t lead = at(0);
  const auto left = static_cast<size_t>(end - p);
  if (lead < 0x80) return {lead, 1};
  if (lead < 0xC2 || lead > 0xF4 || left < 2) return {kReplacement, 1};
  if (lead < 0xE0) {
    if (!is_continuation(p[1])) return {kReplacement, 1};
    return {(lead & 0x1F) << 6 | (at(1) & 0x3F), 2};
  }
  const char32_t low = lead == 0xE0 ? 0xA0 : lead == 0xF0 ? 0x90 : 0x80;
  const char32_t high = lead == 0xED ? 0x9F : lead == 0xF4 ? 0x8F : 0xBF;
  if (at(1) < low || at(1) > high) return {kReplacement, 1};
  if (left < 3 || !is_continuation(p[2])) return {kReplacement, 2};
  if (lead < 0xF0) return {(lead & 0x0F) << 12 | (at(1) & 0x3F) << 6 | (at(2) & 0x3F), 3};
  if (left < 4 || !is_continuation(p[3])) return {kReplacement, 3};
  return {(lead & 0x07) << 18 | (at(1) & 0x3F) << 12 | (at(2) & 0x3F) << 6 | (at(3) & 0x3F), 4};
}

/// The same, quick for what is common: two bytes, and three bytes that need no look at the second. REQUIRES: p < end.
inline Decoded decode_common_utf8(const char* p, const char* end) {
  const auto at = [p](size_t i) { return static_cast<char32_t>(static_cast<uint8_t>(p[i])); };
  const char32_t lead = at(0);
  if (lead > 0xE0 && lead < 0xF0 && lead != 0xED && end - p >= 3 && is_continuation(p[1]) && is_continuation(p[2])) {
    return {(lead & 0x0F) << 12 | (at(1) & 0x3F) << 6 | (at(2) & 0x3F), 3};
  }
  if (lead >= 0xC2 && lead < 0xE0 && end - p >= 2 && is_continuation(p[1])) {
    return {(lead & 0x1F) << 6 | (at(1) & 0x3F), 2};
  }
  return decode_utf8(p, end);
}

/// Writes at most four bytes; how many. REQUIRES: a Unicode scalar value.
inline size_t encode_utf8(char32_t c, char* out) {
  const auto put = [out](size_t i, char32_t byte) { out[i] = static_cast<char>(byte); };
  if (c < 0x80) {
    put(0, c);
    return 1;
  }
  if (c < 0x800) {
    put(0, 0xC0 | c >> 6);
    put(1, 0x80 | (c & 0x3F));
    return 2;
  }
  if (c < 0x10000) {
    put(0, 0xE0 | c >> 12);
    put(1, 0x80 | (c >> 6 & 0x3F));
    put(2, 0x80 | (c & 0x3F));
    return 3;
  }
  put(0, 0xF0 | c >> 18);
  put(1, 0x80 | (c >> 12 & 0x3F));
  put(2, 0x80 | (c >> 6 & 0x3F));
  put(3, 0x80 | (c & 0x3F));
  return 4;
}

}  // namespace kseek::tokenizer
