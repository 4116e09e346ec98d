// Which segments to merge next. A pure function; internal to store/.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

namespace kseek::store {

/// A live segment as the policy sees it; candidates come in the order of their blocks.
struct MergeCandidate {
  uint32_t level = 0;
  bool busy = false;        ///< being merged already
  bool gap_before = false;  ///< a sealed block that is in no segment lies between the previous one and this
  size_t blocks = 0;
};

/// Neighbours [begin, begin + count) to merge, and the level of what comes out.
struct MergeChoice {
  size_t begin = 0;
  size_t count = 0;
  uint32_t level = 0;
  bool operator==(const MergeChoice&) const = default;
};

/// `width` neighbours of one level L < max_level become one of level L + 1: the lowest such level first, its oldest
/// neighbours first. Smaller segments caught between two of level L count as of level L (they would find no neighbours
/// of their own); smaller ones at the newest end wait for company. Neighbours of more than
/// `max_blocks` together are left as they are. nullopt: nothing to do.
[[nodiscard]] std::optional<MergeChoice> choose_merge(const std::vector<MergeCandidate>& segments, size_t width,
                                                      uint32_t max_level, size_t max_blocks = SIZE_MAX);

}  // namespace kseek::store
