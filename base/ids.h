// The strong types everyone speaks: a partition, an offset, a point in time and a block can't be swapped.
// Plain values; every function is safe from any thread.
#pragma once

#include <compare>
#include <cstdint>
#include <functional>
#include <limits>

namespace kseek {

/// A Kafka partition number, >= 0.
struct PartitionId {
  int32_t value = 0;
  auto operator<=>(const PartitionId&) const = default;
};

/// A Kafka offset within one partition, >= 0. As a "next offset" it is one past the last message.
struct Offset {
  int64_t value = 0;
  auto operator<=>(const Offset&) const = default;
  [[nodiscard]] Offset next() const { return {value + 1}; }
};

inline constexpr Offset kMinOffset{0};
inline constexpr Offset kMaxOffset{std::numeric_limits<int64_t>::max()};

/// Milliseconds since 1970-01-01 UTC. Kafka's "no timestamp" is -1 and sorts as that number.
struct Timestamp {
  int64_t ms = -1;
  auto operator<=>(const Timestamp&) const = default;
};

inline constexpr Timestamp kMinTimestamp{std::numeric_limits<int64_t>::min()};
inline constexpr Timestamp kMaxTimestamp{std::numeric_limits<int64_t>::max()};

/// A block of one topic. Ids rise in the order of sealing and are never used twice within a topic.
struct BlockId {
  uint64_t value = 0;
  auto operator<=>(const BlockId&) const = default;
};

/// An index segment of one topic. Ids rise in the order in which builders take them, not of publishing (several build
/// at once), and are never used twice within a topic.
struct SegmentId {
  uint64_t value = 0;
  auto operator<=>(const SegmentId&) const = default;
};

/// What Kafka says a record's timestamp is.
enum class TimestampType : uint8_t { kNone = 0, kCreateTime = 1, kLogAppendTime = 2 };

/// Which of a message's two times a topic is ordered and searched by.
enum class TimeKind : uint8_t { kCreate = 0, kIngest = 1 };

}  // namespace kseek

template <>
struct std::hash<kseek::PartitionId> {
  size_t operator()(kseek::PartitionId p) const noexcept { return std::hash<int32_t>{}(p.value); }
};
template <>
struct std::hash<kseek::BlockId> {
  size_t operator()(kseek::BlockId b) const noexcept { return std::hash<uint64_t>{}(b.value); }
};
