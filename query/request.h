// What is asked, and what is answered.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/ids.h"
#include "base/message.h"
#include "base/result.h"
#include "query/condition.h"
#include "query/ranges.h"
#include "store/store.h"

namespace kseek::query {

inline constexpr size_t kMaxHits = 10;
inline constexpr uint64_t kMaxAnswerBytes = 10 * 1024 * 1024;

enum class Order : uint8_t {
  kNewest,  ///< (time, partition, offset), each descending; several topics: then the topic's name, descending
  kOldest,  ///< its exact reverse
};

struct SearchRequest {
  std::vector<std::string> topics;                     ///< names, or patterns with *; at least one, each opened
  std::optional<std::vector<PartitionId>> partitions;  ///< nullopt: all
  OffsetRange offsets;
  TimeRange times;                 ///< by each topic's time kind
  std::optional<Condition> where;  ///< nullopt: everything matches
  Order order = Order::kNewest;
  size_t limit = kMaxHits;                       ///< 1..kMaxHits
  std::string cursor;                            ///< from an earlier answer to the same request; empty: from the start
  std::chrono::milliseconds deadline{10'000};    ///< of work; an answer always makes progress
  uint64_t byte_budget = UINT64_MAX;             ///< of raw message bytes looked at
  const std::atomic<bool>* cancelled = nullptr;  ///< when it turns true the search ends with kTimeout
  /// So many blocks at most are opened ahead of need, by threads that all searches share, when one goes on for long. 0:
  /// none, the search's own thread does everything; nullopt: by the number of cores. The answer is the same.
  std::optional<size_t> read_ahead;
  bool explain = false;
  Timestamp asked_at;  ///< what relative times were counted from; the cursor keeps it for first_asked_at()
};

/// What the relative times of a request with this cursor must be counted from, so that it stays the same request: when
/// the first search was asked. kInvalid: not a cursor.
[[nodiscard]] Result<Timestamp> first_asked_at(std::string_view cursor);

/// A part of the key or value (bytes of what was sent) that a condition matched.
struct MatchedPart {
  enum class In : uint8_t { kKey, kValue } in = In::kValue;
  uint32_t begin = 0;
  uint32_t end = 0;
};

/// A hit: the message, and what keeps its views alive.
struct Hit {
  std::string topic;
  TimeKind time_kind = TimeKind::kCreate;
  store::FoundMessage found;
  std::vector<MatchedPart> matched;  ///< at most 32, by position, not overlapping; none in texts over 1 MiB
  [[nodiscard]] const store::StoredMessage& message() const { return found.message; }
};

struct PartitionCoverage {
  std::string topic;
  PartitionId partition;
  Offset low;
  Offset indexed_to;
  std::optional<Offset> end;  ///< nullopt: not known
  uint64_t lag = 0;
  uint64_t dead_letters = 0;
};

struct Explain {
  struct Step {
    std::string condition;  ///< for instance `value:"payment timeout"`
    uint64_t blocks_left = 0;
    uint64_t without_pairs = 0;  ///< blocks left out that have its words, but not next to each other
  };
  uint64_t blocks_total = 0;
  uint64_t pruned_by_metadata = 0;
  std::vector<Step> steps;
  uint64_t candidates = 0;
  uint64_t blocks_opened = 0;
  uint64_t memory_blocks_scanned = 0;
  uint64_t blocks_unneeded = 0;    ///< opened ahead, and not needed in the end: in bytes_read, not in blocks_opened
  uint64_t messages_verified = 0;  ///< looked at one by one
  uint64_t bytes_read = 0;         ///< raw bytes of the columns looked at, of blocks opened; of the whole for headers
  uint64_t full_scan_bytes = 0;    ///< raw bytes of all blocks
  uint64_t blocks_not_asked = 0;   ///< the answer was certain before their index was asked; in no step
  std::vector<std::string> notes;  ///< what went wrong without harm to the answer, for the operator
  double plan_ms = 0, read_ms = 0, verify_ms = 0;  ///< of all threads together
};

struct SearchAnswer {
  std::vector<Hit> hits;
  bool complete = false;  ///< every retained message up to `end`, as it stood at the beginning, was considered
  std::vector<std::string> incomplete_because;  ///< one reason each, for a person; empty when complete
  /// Stopped by the deadline or the byte budget, in words: the last of incomplete_because. Empty: it was not.
  std::string cut_short;
  bool more = false;   ///< following the cursor may find more
  std::string cursor;  ///< empty when there is no more
  std::chrono::microseconds took{0};
  std::vector<PartitionCoverage> coverage;
  std::optional<Explain> explain;
};

/// Answers from the store. Any thread; many at once.
/// kNotFound: no such topic opened. kInvalid: limit, cursor. kTimeout: it was cancelled.
/// A block that can't be read is left out, and the answer says so (incomplete_because).
[[nodiscard]] Result<SearchAnswer> search(const store::Store& store, const SearchRequest& request);

}  // namespace kseek::query
