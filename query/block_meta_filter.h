// What a block's metadata says of a condition, before anything is read: partitions, offsets and times may stand
// anywhere in the tree, below OR and NOT too.
#pragma once

#include "query/condition.h"
#include "store/block.h"

namespace kseek::query {

/// False only if no message of the block matches.
[[nodiscard]] bool may_match(const Condition& condition, const store::BlockMeta& meta, TimeKind time_kind);

/// True if may_match() may ever be false.
[[nodiscard]] bool looks_at_metadata(const Condition& condition);

}  // namespace kseek::query
