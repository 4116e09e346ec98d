// Where and when messages stand: partitions, offsets, times, as a person asks for them.
#pragma once

#include <string_view>
#include <vector>

#include "base/ids.h"
#include "base/result.h"

namespace kseek::query {

/// Both ends included.
struct OffsetRange {
  Offset first = kMinOffset;
  Offset last = kMaxOffset;
  [[nodiscard]] bool contains(Offset offset) const { return offset >= first && offset <= last; }
  bool operator==(const OffsetRange&) const = default;
};

/// Both ends included.
struct TimeRange {
  Timestamp first = kMinTimestamp;
  Timestamp last = kMaxTimestamp;
  [[nodiscard]] bool contains(Timestamp time) const { return time >= first && time <= last; }
  bool operator==(const TimeRange&) const = default;
};

/// Read what a person typed (HTTP parameters, CLI options and query text alike). kInvalid names the parameter, what is
/// wrong and what was expected.
[[nodiscard]] Result<std::vector<PartitionId>> parse_partitions(std::string_view text);  ///< "0,3" or "0-3"; rising
[[nodiscard]] Result<OffsetRange> parse_offset_range(std::string_view text);             ///< "A..B", "A..", "..B", "A"
[[nodiscard]] Result<TimeRange> parse_time_range(std::string_view text,
                                                 Timestamp now);  ///< "A..B", "-3d..", a day "2026-11-20"

}  // namespace kseek::query
