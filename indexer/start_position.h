// Where a partition that the store doesn't know yet begins: what people write after --from. Private to indexer/.
#pragma once

#include <map>
#include <string_view>

#include "base/ids.h"
#include "base/result.h"

namespace kseek::indexer {

struct StartPosition {
  enum class Kind { kEarliest, kLatest, kTime, kOffsets } kind = Kind::kEarliest;
  Timestamp time;                         ///< kTime: the first message at or after it
  std::map<PartitionId, Offset> offsets;  ///< kOffsets; partitions that aren't named begin at the earliest message
};

/// Reads "earliest", "latest", a time (base/time.h; relative ones count from `opened_at`), or "0:100,1:250"
/// (partition:offset). kInvalid says what was expected.
[[nodiscard]] Result<StartPosition> parse_start_position(std::string_view from, Timestamp opened_at);

}  // namespace kseek::indexer
