#include "store/merge_policy.h"

#include <algorithm>

namespace kseek::store {
namespace {

/// The end of the run of neighbours from `begin` on that may become one segment of level + 1.
size_t run_end(const std::vector<MergeCandidate>& segments, size_t begin, uint32_t level) {
  size_t end = begin;
  size_t end_of_level = begin;
  while (end < segments.size()) {
    const MergeCandidate& segment = segments[end];
    if (segment.busy || segment.level > level || (end > begin && segment.gap_before)) break;
    ++end;
    if (segment.level == level) end_of_level = end;
  }
  return end_of_level;
}

size_t count_blocks(const std::vector<MergeCandidate>& segments, size_t begin, size_t end) {
  size_t blocks = 0;
  for (size_t i = begin; i < end; ++i) blocks += segments[i].blocks;
  return blocks;
}

}  // namespace

std::optional<MergeChoice> choose_merge(const std::vector<MergeCandidate>& segments, size_t width, uint32_t max_level,
                                        size_t max_blocks) {
  if (width < 2) return std::nullopt;
  for (uint32_t level = 0; level < max_level; ++level) {
    for (size_t begin = 0; begin < segments.size();) {
      const size_t end = run_end(segments, begin, level);
      if (end - begin < width) {
        begin = std::max(end, begin + 1);
      } else if (count_blocks(segments, begin, begin + width) > max_blocks) {
        ++begin;
      } else {
        return MergeChoice{begin, width, level + 1};
      }
    }
  }
  return std::nullopt;
}

}  // namespace kseek::store
