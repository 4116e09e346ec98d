// Which mostly empty blocks to rewrite next. A pure function; internal to store/.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

namespace kseek::store {

/// A block as the policy sees it; candidates are those of one partition, by offset.
struct RewriteCandidate {
  uint64_t messages = 0;         ///< that are left
  uint64_t stored_messages = 0;  ///< those and the ones that were removed
  uint64_t raw_bytes = 0;        ///< of all that are stored
  bool excluded = false;         ///< can't be read back
};

struct RewriteChoice {
  size_t begin = 0;
  size_t count = 0;
  bool operator==(const RewriteChoice&) const = default;
};

/// At most so many blocks, and what is left of them fills at most so many: what is decoded and written in one go.
inline constexpr size_t kMaxRewriteBlocks = 64;
inline constexpr size_t kMaxRewrittenBlocks = 4;

/// The first neighbours that are worth it: each has lost half of its messages, or fills less than half of a block;
/// together at least a full block's worth was removed of them, and at least as much as is left: so each byte that is
/// written gives another one back. A block is full with `full_messages` or `full_bytes`. nullopt: none are.
[[nodiscard]] std::optional<RewriteChoice> choose_rewrite(const std::vector<RewriteCandidate>& blocks,
                                                          uint64_t full_messages, uint64_t full_bytes);

}  // namespace kseek::store
