#include "store/rewrite_policy.h"

#include <algorithm>

namespace kseek::store {
namespace {

/// In full blocks.
struct Load {
  double left = 0;
  double removed = 0;
};

Load load_of(const RewriteCandidate& block, uint64_t full_messages, uint64_t full_bytes) {
  const auto stored_messages = static_cast<double>(block.stored_messages);
  const double stored = std::max(stored_messages / static_cast<double>(full_messages),
                                 static_cast<double>(block.raw_bytes) / static_cast<double>(full_bytes));
  const double left = stored * static_cast<double>(block.messages) / std::max(1.0, stored_messages);
  return {left, stored - left};
}

}  // namespace

std::optional<RewriteChoice> choose_rewrite(const std::vector<RewriteCandidate>& blocks, uint64_t full_messages,
                                            uint64_t full_bytes) {
  full_messages = std::max<uint64_t>(1, full_messages);
  full_bytes = std::max<uint64_t>(1, full_bytes);
  for (size_t begin = 0; begin < blocks.size();) {
    Load sum;
    size_t end = begin;
    for (; end < blocks.size() && end - begin < kMaxRewriteBlocks && !blocks[end].excluded; ++end) {
      const Load load = load_of(blocks[end], full_messages, full_bytes);
      if (load.left > load.removed && load.left > 0.5) break;
      const Load with{sum.left + load.left, sum.removed + load.removed};
      if (with.left > with.removed || (end > begin && with.left > static_cast<double>(kMaxRewrittenBlocks))) break;
      sum = with;
    }
    if (sum.removed >= 1) return RewriteChoice{begin, end - begin};
    begin = std::max(end, begin + 1);
  }
  return std::nullopt;
}

}  // namespace kseek::store
