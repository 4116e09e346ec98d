// The stored form of a block, as its writer (block_codec.cc) and its reader (decoded_block.cc) share it; docs/format.md
// has its bytes. Internal to store/.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/bytes.h"

namespace kseek::store {

inline constexpr std::string_view kBlockMagic = "KSB3";
inline constexpr size_t kChecksumBytes = 8;
inline constexpr size_t kFrameSizeBytes = 4;

/// How the sections of a block are cut into frames, and what those are.
struct FrameFormat {
  std::string_view magic;  ///< of blocks that have them
  size_t raw_bytes;        ///< a frame spells so much of its section, the last one what is left
  bool zstd;               ///< a frame is zstd's; else LZ4's, as docs/format.md says
};
inline constexpr FrameFormat kFrames{kBlockMagic, 32_KiB, false};
/// Those that are read, but no longer written.
inline constexpr std::array kOlderFrames = {FrameFormat{"KSB2", 64_KiB, true}, FrameFormat{"KSB1", 4_MiB, true}};

inline constexpr size_t kMinMetadataBytes = 5;   // a message's: three deltas, flags, size of headers
inline constexpr size_t kMaxMetadataBytes = 48;  // three varints of 64 bits, flags, three of 32 bits

// A message's flags: the timestamp type in the two lowest bits, then
inline constexpr unsigned kTimestampTypeMask = 3;
inline constexpr unsigned kHasKey = 4;
inline constexpr unsigned kHasValue = 8;
inline constexpr unsigned kKeyAscii = 16;
inline constexpr unsigned kKeyEscapes = 32;
inline constexpr unsigned kValueAscii = 64;
inline constexpr unsigned kValueEscapes = 128;

enum Section : size_t { kMetadata, kKeys, kValues, kHeaders, kSections };

/// An unsigned number of fixed size, the lowest byte first. REQUIRES: at most 8 bytes.
inline uint64_t get_fixed(std::string_view from) {
  uint64_t n = 0;
  for (size_t i = 0; i < from.size(); ++i) n |= static_cast<uint64_t>(static_cast<uint8_t>(from[i])) << (8 * i);
  return n;
}

/// Writes it. REQUIRES: likewise; room for it.
inline void put_fixed(char* to, uint64_t n, size_t bytes) {
  for (size_t i = 0; i < bytes; ++i) to[i] = static_cast<char>(n >> (8 * i));
}

/// a - b and a + b as two's complement: timestamps may be anything.
inline int64_t wrapping_difference(int64_t a, int64_t b) {
  return static_cast<int64_t>(static_cast<uint64_t>(a) - static_cast<uint64_t>(b));
}
inline int64_t wrapping_sum(int64_t a, int64_t b) {
  return static_cast<int64_t>(static_cast<uint64_t>(a) + static_cast<uint64_t>(b));
}

}  // namespace kseek::store
