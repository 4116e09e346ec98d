// LEB128 variable-length integers, as Protocol Buffers define them; zigzag for signed ones.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace kseek {

inline void put_varint(std::string& out, uint64_t n) {
  while (n >= 0x80) {
    out.push_back(static_cast<char>(n | 0x80));
    n >>= 7;
  }
  out.push_back(static_cast<char>(n));
}

/// Takes a varint off the front of `in`; nullopt (and `in` unspecified) when it is cut short or over 64 bits.
inline std::optional<uint64_t> take_varint(std::string_view& in) {
  uint64_t n = 0;
  for (unsigned shift = 0; shift < 64 && !in.empty(); shift += 7) {
    const auto byte = static_cast<uint8_t>(in.front());
    in.remove_prefix(1);
    if (shift == 63 && byte > 1) return std::nullopt;
    n |= static_cast<uint64_t>(byte & 0x7F) << shift;
    if (byte < 0x80) return n;
  }
  return std::nullopt;
}

inline uint64_t zigzag(int64_t n) { return (static_cast<uint64_t>(n) << 1) ^ static_cast<uint64_t>(n >> 63); }
inline int64_t unzigzag(uint64_t n) { return static_cast<int64_t>(n >> 1) ^ -static_cast<int64_t>(n & 1); }

}  // namespace kseek
