// The messages from a position on, whatever is in them: from an offset of one partition, or from a point in time.
//
// From an offset: in offset order, from the first message at or above it. From a time: those whose time (of the topic's
// time kind) is at or after it, in the order (time, partition, offset). Kafka's own look-up by time gives, for each
// partition, the first offset whose timestamp is at or after the time, and reading on from there shows what follows by
// offset: also messages that carry an earlier time because they came late. Here those are left out, and none that
// carries a later time is missed, wherever it stands.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/ids.h"
#include "base/result.h"
#include "query/request.h"
#include "store/store.h"

namespace kseek::query {

/// One of `offset` and `time`.
struct MessagesRequest {
  std::string topic;
  std::optional<std::vector<PartitionId>> partitions;  ///< with an offset: exactly one; with a time, nullopt: all
  std::optional<Offset> offset;
  std::optional<Timestamp> time;
  std::string cursor;                            ///< with a time: from an earlier answer; empty: from the start
  size_t limit = kMaxHits;                       ///< 1..kMaxHits
  uint64_t max_bytes = kMaxAnswerBytes;          ///< of keys, values and headers; the first message is given always
  std::chrono::milliseconds deadline{10'000};    ///< of work; an answer always makes progress
  const std::atomic<bool>* cancelled = nullptr;  ///< when it turns true the answer is kTimeout
  Timestamp asked_at;                            ///< what a relative time was counted from; the cursor keeps it
};

/// Both ends included.
struct OffsetGap {
  Offset first;
  Offset last;
  bool operator==(const OffsetGap&) const = default;
};

struct MessagesAnswer {
  std::vector<Hit> messages;  ///< nothing is matched in them
  bool complete = false;      ///< nothing retained is missing between the position and the answer's end
  std::vector<std::string> incomplete_because;
  bool more = false;  ///< going on finds more
  std::vector<PartitionCoverage> coverage;
  std::chrono::microseconds took{0};

  // From an offset.
  std::optional<Offset> begins_at;  ///< above the offset asked for when that has expired; it is then told in `notes`
  std::optional<Offset>
      next_offset;              ///< where to go on, also at the end: what comes next will have it, or a higher one
  std::vector<OffsetGap> gaps;  ///< offsets in between with no message: compacted away, transactions' marks,
                                ///< dead letters, expired by time
  std::vector<std::string> notes;

  // From a time: goes on over the messages that were there when the first answer was given.
  std::string cursor;  ///< empty when there is no more
};

/// Any thread; many at once. kNotFound: no such topic opened, nothing known of the partition. kInvalid: no position, an
/// offset without its one partition, limit, cursor. kTimeout: it was cancelled. What can't be read is left out, and the
/// answer says so.
[[nodiscard]] Result<MessagesAnswer> read_messages(const store::Store& store, const MessagesRequest& request);

}  // namespace kseek::query
