// Slices: a block's messages in eight parts, one after the other. The index says of a term not only which blocks have
// it, but in which slices: words that a block has, but never in one message, seldom stand in one slice.
#pragma once

#include <cstddef>
#include <cstdint>

namespace kseek::store {

inline constexpr size_t kBlockSlices = 8;

/// A bit a slice, the lowest for the first one.
using SliceMask = uint8_t;
inline constexpr SliceMask kAllSlices = 0xFF;

/// How many messages a slice of a stored block of so many has; the last slices have fewer, or none.
[[nodiscard]] constexpr size_t slice_messages(size_t messages) { return (messages + kBlockSlices - 1) / kBlockSlices; }

/// That a block of a segment has a term: the block's position in it, and the slices (never none).
struct Posting {
  uint32_t position = 0;
  SliceMask slices = kAllSlices;
  bool operator==(const Posting&) const = default;
};

}  // namespace kseek::store
