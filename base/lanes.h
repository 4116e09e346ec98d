// Sixteen bytes at once with SSE2, which every x86-64 has. Elsewhere there is nothing here: its users are portable
// without.
#pragma once

#if defined(__SSE2__)
#include <emmintrin.h>

namespace kseek {

/// REQUIRES: 16 bytes at p.
inline __m128i load_16(const char* p) { return _mm_loadu_si128(reinterpret_cast<const __m128i*>(p)); }

/// 0xFF in each lane whose unsigned byte is in [first, first + count).
inline __m128i lanes_in(__m128i bytes, char first, int count) {
  const auto shifted = _mm_add_epi8(bytes, _mm_set1_epi8(static_cast<char>(-128 - first)));
  return _mm_cmplt_epi8(shifted, _mm_set1_epi8(static_cast<char>(-128 + count)));
}

}  // namespace kseek
#endif
