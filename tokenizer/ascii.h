// Inside tokenizer/: the loops over ASCII, 16 bytes at a time with SSE2 (every x86-64 has it), portable otherwise.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>

#include "base/lanes.h"

namespace kseek::tokenizer {

inline bool is_ascii_byte(char c) { return static_cast<uint8_t>(c) < 0x80; }
inline bool is_ascii_letter_or_digit(char c) {
  const auto byte = static_cast<uint8_t>(c);
  return static_cast<uint8_t>((byte | 0x20) - 'a') < 26 || static_cast<uint8_t>(byte - '0') < 10;
}
inline char ascii_lower(char c) { return static_cast<uint8_t>(c - 'A') < 26 ? static_cast<char>(c | 0x20) : c; }

/// The first byte of [p, end) that is not ASCII, or `end`.
inline const char* skip_ascii(const char* p, const char* end) {
#if defined(__SSE2__)
  for (; end - p >= 16; p += 16) {
    const auto high = static_cast<uint32_t>(_mm_movemask_epi8(load_16(p)));
    if (high != 0) return p + std::countr_zero(high);
  }
#else
  for (uint64_t word = 0; end - p >= 8; p += 8) {
    std::memcpy(&word, p, 8);
    if ((word & 0x8080808080808080ULL) != 0) break;
  }
#endif
  while (p < end && is_ascii_byte(*p)) ++p;
  return p;
}

/// The first byte of [p, end) that needs a look in a JSON string: a quote, a backslash, a control character or not
/// ASCII; or `end`.
inline const char* skip_plain_string(const char* p, const char* end) {
#if defined(__SSE2__)
  for (; end - p >= 16; p += 16) {
    const auto bytes = load_16(p);
    auto special = _mm_cmplt_epi8(bytes, _mm_set1_epi8(0x20));  // signed: bytes from 0x80 on as well
    special = _mm_or_si128(special, _mm_cmpeq_epi8(bytes, _mm_set1_epi8('"')));
    special = _mm_or_si128(special, _mm_cmpeq_epi8(bytes, _mm_set1_epi8('\\')));
    const auto found = static_cast<uint32_t>(_mm_movemask_epi8(special));
    if (found != 0) return p + std::countr_zero(found);
  }
#endif
  while (p < end && *p >= 0x20 && is_ascii_byte(*p) && *p != '"' && *p != '\\') ++p;
  return p;
}

/// Copies [p, end), all ASCII, to `out` in lower case. REQUIRES: no overlap.
inline void lower_ascii(const char* p, const char* end, char* out) {
#if defined(__SSE2__)
  for (; end - p >= 16; p += 16, out += 16) {
    const auto bytes = load_16(p);
    const auto bit = _mm_and_si128(lanes_in(bytes, 'A', 26), _mm_set1_epi8(0x20));
    _mm_storeu_si128(reinterpret_cast<__m128i*>(out), _mm_or_si128(bytes, bit));
  }
#endif
  while (p < end) *out++ = ascii_lower(*p++);
}

/// Of up to 64 bytes: which are ASCII letters or digits, and which are not ASCII; bit i is byte i.
struct AsciiMasks {
  uint64_t word = 0;
  uint64_t high = 0;
};

/// REQUIRES: 64 bytes at p.
inline AsciiMasks ascii_masks_64(const char* p) {
  AsciiMasks masks;
#if defined(__SSE2__)
  for (size_t i = 0; i < 64; i += 16) {
    const auto bytes = load_16(p + i);
    const auto letters = lanes_in(_mm_or_si128(bytes, _mm_set1_epi8(0x20)), 'a', 26);
    const auto word = _mm_or_si128(letters, lanes_in(bytes, '0', 10));
    masks.word |= static_cast<uint64_t>(static_cast<uint32_t>(_mm_movemask_epi8(word))) << i;
    masks.high |= static_cast<uint64_t>(static_cast<uint32_t>(_mm_movemask_epi8(bytes))) << i;
  }
#else
  for (size_t i = 0; i < 64; ++i) {
    masks.word |= static_cast<uint64_t>(is_ascii_letter_or_digit(p[i])) << i;
    masks.high |= static_cast<uint64_t>(!is_ascii_byte(p[i])) << i;
  }
#endif
  return masks;
}

/// REQUIRES: count <= 64 bytes at p. Bits from `count` on are 0.
inline AsciiMasks ascii_masks(const char* p, size_t count) {
  if (count == 64) return ascii_masks_64(p);
  char padded[64] = {};
  if (count > 0) std::memcpy(padded, p, count);
  return ascii_masks_64(padded);
}

}  // namespace kseek::tokenizer
