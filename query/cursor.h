// A cursor: where an answer ended, so that following it to the end yields every match that existed when the first
// search began exactly once, in order, while messages come and go.
//
// The search that a cursor belongs to goes in rounds. A round looks for the next hits after `after`. It scans the
// messages in memory, then opens sealed blocks by their best key. When time or bytes run out inside a round, the cursor
// keeps what the round knows:
//   * `next_bound`: the sealed blocks whose best key precedes it are done, but for blocks that were not there then
//     (`blocks_end` of each topic): mostly empty ones that were rewritten as one may have been done and not done. Such
//     a block is opened again, and a hit that is known already changes nothing. Nor does a block that has lost messages
//     since, so that its best key is another one now;
//   * `scanned_from` of each partition: where its sealed blocks ended when the round began. What lies at or above it
//   was
//     in memory then and is done, also when it has been sealed since;
//   * `tentative`: the best hits found so far that an unopened block may still precede, by position;
//   * `up_to`: when there were more of those than fit, the worst one kept. Nothing is known of done blocks beyond it.
//
// A topic that was read again from Kafka since holds the same messages in other blocks: what a round knows of blocks is
// forgotten then, and the round begins anew behind `after`.
//
// The text is base64url of a version, the fields and a checksum. Any text may come in: it is checked, never trusted,
// and what a forged cursor can do is what a search can do.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "query/sort_key.h"

namespace kseek::query {

/// A partition as it stood when the first search began.
struct PartitionSnapshot {
  PartitionId partition;
  Offset upper;               ///< messages at or above it came later: not part of the search
  std::optional<Offset> end;  ///< Kafka's end of the log; nullopt: not known
  Offset scanned_from;        ///< used inside a round only
  bool operator==(const PartitionSnapshot&) const = default;
};

struct MessagePosition {
  uint32_t topic = 0;
  PartitionId partition;
  Offset offset;
  bool operator==(const MessagePosition&) const = default;
};

struct RoundState {
  SortKey next_bound;
  std::vector<BlockId> blocks_end;  ///< of each topic: blocks from here on came later
  std::optional<SortKey> up_to;
  std::vector<MessagePosition> tentative;  ///< at most kMaxHits
  bool operator==(const RoundState&) const = default;
};

struct Cursor {
  uint64_t fingerprint = 0;                            ///< of the request it belongs to
  Timestamp asked_at;                                  ///< of the first search: what its relative times count from
  uint64_t generations = 0;                            ///< the topics' when it was made, see hash_generations()
  std::vector<std::vector<PartitionSnapshot>> topics;  ///< by the topic's rank; partitions rising
  std::optional<SortKey> after;                        ///< of the last hit that was returned
  std::optional<RoundState> round;                     ///< set when time or bytes ran out inside a round
  bool operator==(const Cursor&) const = default;
};

/// A hash of them, in order. Cursor::generations has that of all topics in its low half, and that of those which are
/// ordered by time of indexing in its high half.
[[nodiscard]] uint64_t hash_generations(const std::vector<uint32_t>& generations);

[[nodiscard]] std::string encode_cursor(const Cursor& cursor);
/// The text of these bytes behind a version and before a checksum: what decode_cursor looks into. For encode_cursor and
/// for tests of what it makes of wrong bytes.
[[nodiscard]] std::string seal_cursor_bytes(std::string_view fields);
/// kInvalid for any text that encode_cursor did not write.
[[nodiscard]] Result<Cursor> decode_cursor(std::string_view text);

/// What of the request must stay the same from page to page: everything but limit, deadline and
/// budget. `topics` are those of the request, by name.
[[nodiscard]] uint64_t fingerprint(const SearchRequest& request, const std::vector<store::TopicConfig>& topics);

}  // namespace kseek::query
