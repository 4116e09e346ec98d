// One topic on disk and in memory: the face of store/ for indexer and query.
//
//   append ▶ open block ▶ (full or freeze()) frozen ▶ seal_next(): durable ▶ index_next(): in a segment ▶ merge_next()
//
// A message is findable from append() on, in exactly one place of every view(). A crash loses only what was not sealed,
// and the stored next offset says where to go on: what was lost is taken in again, nothing twice.
// Threading: view(), read_block(), find_message(), stats() from any thread. append(), advance(), freeze() of one
// partition: one thread at a time. seal_next(), index_next(), merge_next(), rewrite_next(), expire(): any thread; they
// claim their work, so several threads may call them at once (blocks of one partition are sealed one after the other).
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/ids.h"
#include "base/message.h"
#include "base/result.h"
#include "store/block.h"
#include "store/topic_config.h"
#include "store/topic_view.h"

namespace kseek::store {

/// Behaviour and speed of one topic's storage.
struct BlockOptions {
  size_t max_messages = 512;        ///< a block is full at so many messages …
  uint64_t max_bytes = 256 * 1024;  ///< … or so many bytes (one message always fits)
  size_t blocks_per_segment = 32;   ///< fresh segments; fewer are built only by flush; until then 125 KB a block
  size_t merge_width = 8;           ///< so many neighbours of one level become one of the next
  uint32_t max_level = 4;           ///< segments of this level (131,072 blocks) are not merged further
};

struct DeadLetter {
  PartitionId partition;
  Offset offset;
  Timestamp time;
  uint64_t bytes = 0;
  std::string reason;
  std::string head;  ///< first bytes of the value, at most 256
};

/// Where a dead letter stands in the order of their list: newest first, then by partition and offset, falling.
struct DeadLetterPlace {
  Timestamp time;
  PartitionId partition;
  Offset offset;
  auto operator<=>(const DeadLetterPlace&) const = default;
};
[[nodiscard]] inline DeadLetterPlace place_of(const DeadLetter& letter) {
  return {letter.time, letter.partition, letter.offset};
}

struct AppendOutcome {
  size_t appended = 0;
  size_t duplicates = 0;    ///< offset below the next one: skipped
  size_t dead_letters = 0;  ///< over kMaxMessageBytes, or not as required: kept as dead letters
  size_t frozen = 0;        ///< blocks that became full: seal_next() has work
};

/// What was done since the topic was opened by this process; only rises.
struct TopicActivity {
  uint64_t messages_taken = 0;  ///< by append()
  uint64_t bytes_taken = 0;     ///< their keys, values and headers
  uint64_t blocks_sealed = 0;
  uint64_t segments_built = 0;
  uint64_t merges = 0;
  uint64_t blocks_expired = 0;
  uint64_t blocks_rewritten = 0;   ///< mostly empty ones, whose messages others have now
  uint64_t segments_damaged = 0;   ///< were not what was written, and were dropped
  uint64_t segments_restored = 0;  ///< of those: all of their blocks are indexed again, or have expired
};

struct TopicStats {
  uint64_t messages = 0;       ///< sealed and in memory
  uint64_t raw_bytes = 0;      ///< of sealed blocks
  uint64_t stored_bytes = 0;   ///< of sealed blocks, compressed
  uint64_t index_bytes = 0;    ///< of live segments
  uint64_t memory_bytes = 0;   ///< open and frozen blocks, and pending terms
  uint64_t frozen_blocks = 0;  ///< full, waiting for seal_next()
  uint64_t frozen_bytes = 0;   ///< of these, in memory
  uint64_t blocks = 0;
  uint64_t segments = 0;
  uint64_t unindexed_blocks = 0;  ///< sealed, in no segment yet
  uint64_t damaged_blocks = 0;    ///< could not be read back when they were last read: Kafka alone may have them
  TopicActivity activity;
};

/// An index that is being built anew from the stored messages.
struct RebuildProgress {
  uint64_t messages_done = 0, messages = 0;  ///< of live blocks; what is sealed after it began is not part of it
  uint64_t bytes_done = 0, bytes = 0;        ///< raw bytes of the same
  std::vector<BlockMeta> unreadable;         ///< blocks that can't be read back: Kafka alone may still have them
  std::vector<std::string> segments;         ///< directories of the segments that are built already
};

/// What one call of rebuild_next() did.
struct RebuildStep {
  enum class State : uint8_t {
    kWorked,   ///< call again
    kWaiting,  ///< other threads work on what is left: call again a little later
    kReady,    ///< everything is built: finish_rebuild()
    kStopped,  ///< `go_on` said no: nothing was done
  } state = State::kWorked;
  uint64_t raw_bytes = 0;  ///< of the messages that were indexed
};

class TopicStore {
 public:
  virtual ~TopicStore() = default;

  /// Changes while open: retention, paused, labels (see update_config).
  [[nodiscard]] virtual TopicConfig config() const = 0;
  [[nodiscard]] virtual Result<void> update_config(const TopicConfig& config) = 0;

  /// What happened to the topic, the newest last.
  [[nodiscard]] virtual std::vector<TopicEvent> events() const = 0;
  /// Durable when it returns.
  [[nodiscard]] virtual Result<void> add_event(const TopicEvent& event) = 0;

  // --- taking messages in ------------------------------------------------------------------------------------------
  /// Where to go on: one past the last message taken in (memory included). nullopt: nothing known of the partition.
  [[nodiscard]] virtual std::optional<Offset> next_offset(PartitionId partition) const = 0;
  /// Makes the partition known, beginning at `start` (durable). No effect on a known one.
  [[nodiscard]] virtual Result<void> start_partition(PartitionId partition, Offset start) = 0;
  /// Messages of one partition, offsets rising. Ingest time is the messages' own field. REQUIRES: a started partition.
  /// Never touches the disk; never fails.
  virtual AppendOutcome append(PartitionId partition, std::span<const MessageView> messages) = 0;
  /// No message below `position` is still to come (gaps at the end: control records, compaction).
  virtual void advance(PartitionId partition, Offset position) = 0;
  /// What Kafka says now. `low` only rises; findability follows at once, space with expire(). `end` nullopt: not known.
  virtual void set_watermarks(PartitionId partition, Offset low, std::optional<Offset> end) = 0;

  /// Of the offsets [first, end) Kafka has `existing` (rising) and no others: what else was taken in there has been
  /// compacted away. It is out of views taken from now on, durably where it was sealed (but for a crash, after which it
  /// is found out again); blocks with nothing left are dropped. How many messages went. Any thread; one call at a time
  /// does its work, beside all others.
  [[nodiscard]] virtual Result<size_t> remove_compacted(PartitionId partition, Offset first, Offset end,
                                                        std::span<const Offset> existing) = 0;

  /// Closes the open block of a partition early, or of all (flush, age, memory). False: there was nothing in it.
  virtual bool freeze(PartitionId partition) = 0;
  virtual size_t freeze_all() = 0;
  /// Freezes open blocks whose first message was taken in before `before`; how many.
  virtual size_t freeze_older_than(Timestamp before) = 0;
  /// Freezes the largest open block; how many bytes it holds, 0 if there is none.
  virtual uint64_t freeze_largest() = 0;

  // --- background work: true: something was done, call again; false: nothing to do -----------------------------------
  /// Writes one frozen block and its partition's next offset in one batch. On an error the block stays findable in
  /// memory and is tried again by the next call.
  [[nodiscard]] virtual Result<bool> seal_next() = 0;
  /// Builds one segment from sealed blocks; with `flush` also from fewer than blocks_per_segment.
  [[nodiscard]] virtual Result<bool> index_next(bool flush) = 0;
  [[nodiscard]] virtual Result<bool> merge_next() = 0;
  /// Writes the messages of neighbouring blocks that have lost most of theirs (remove_compacted) as fewer new ones, in
  /// one batch. Who has a view reads on in the old ones; their space comes back with expire() when nobody has such a
  /// view any more. A tenth of a second of work at most, usually; one call at a time does it.
  [[nodiscard]] virtual Result<bool> rewrite_next() = 0;
  /// Drops whole blocks and segments below low watermarks or the retention's time; how many blocks went. Then reads a
  /// segment again, now and then, to see that it is what was written, and drops it if it isn't: index_next() has work.
  [[nodiscard]] virtual Result<size_t> expire(Timestamp now) = 0;
  /// What expire() is to be told, and when a message is taken in: the wall clock's time, unless that has just jumped
  /// ahead (docs/faults.md).
  [[nodiscard]] virtual Timestamp retention_time() const = 0;
  /// Everything appended so far is sealed, indexed and synced to disk when it returns.
  [[nodiscard]] virtual Result<void> flush() = 0;
  /// Every block that was sealed before the call survives power loss when it returns. Costs nothing when nothing was
  /// written since the last time, by any topic of the store.
  [[nodiscard]] virtual Result<void> sync() = 0;

  // --- building the index anew from the stored messages, while the old one serves (any thread)
  // ------------------------
  /// Begins (durable), or goes on with what was begun, by an earlier process too. Blocks sealed from now on are indexed
  /// as ever; the old segments are merged no further.
  [[nodiscard]] virtual Result<void> begin_rebuild() = 0;
  /// nullopt: none is under way.
  [[nodiscard]] virtual std::optional<RebuildProgress> rebuild() const = 0;
  /// Builds or merges one segment of the new index (durable). Several threads may call it at once. kNotFound: none is
  /// under way. On any other error the work is there to be tried again. `go_on` is called before each block, with its
  /// raw bytes: it may wait, and false gives the step up.
  using GoOn = std::function<bool(uint64_t raw_bytes)>;
  [[nodiscard]] virtual Result<RebuildStep> rebuild_next(const GoOn& go_on) = 0;
  [[nodiscard]] Result<RebuildStep> rebuild_next() {
    return rebuild_next([](uint64_t) { return true; });
  }
  /// Puts the new index in the old one's place, in one catalog write: views see the one or the other, whole. kConflict:
  /// rebuild_next() has not said kReady.
  [[nodiscard]] virtual Result<void> finish_rebuild() = 0;
  /// Drops what was built. No effect when none is under way. Waits for the step in hand.
  [[nodiscard]] virtual Result<void> cancel_rebuild() = 0;

  // --- reading -------------------------------------------------------------------------------------------------------
  [[nodiscard]] virtual TopicView view() const = 0;
  /// The block, with these columns loaded; others are when somebody asks the block. nullptr: it has expired since the
  /// view was taken. Blocks are cached (a limit for the whole store).
  [[nodiscard]] virtual Result<std::shared_ptr<const MessageBlock>> read_block(
      const BlockMeta& meta, Columns columns = Columns::all()) const = 0;
  /// The newest ones; of those before `before` in time, if it is given.
  [[nodiscard]] virtual std::vector<DeadLetter> dead_letters(size_t limit,
                                                             const std::optional<DeadLetterPlace>& before) const = 0;
  [[nodiscard]] std::vector<DeadLetter> dead_letters(size_t limit) const { return dead_letters(limit, std::nullopt); }
  /// The one at that place; nullopt: there is none.
  [[nodiscard]] virtual std::optional<DeadLetter> dead_letter(PartitionId partition, Offset offset) const = 0;
  /// Those that were not sent on yet, by partition and offset.
  [[nodiscard]] virtual std::vector<DeadLetter> unsent_dead_letters(size_t limit) const = 0;
  /// Those of the partition below `end` were sent on. Survives a crash, perhaps not power loss.
  [[nodiscard]] virtual Result<void> note_dead_letters_sent(PartitionId partition, Offset end) = 0;
  [[nodiscard]] virtual Offset dead_letters_sent(PartitionId partition) const = 0;  ///< see above; 0: none
  [[nodiscard]] virtual TopicStats stats() const = 0;
};

/// A message and what keeps its views alive.
struct FoundMessage {
  std::shared_ptr<const MessageBlock> block;
  StoredMessage message;
  size_t index = 0;  ///< of the message in the block
};

/// The message at exactly this offset; nullopt when it is not there (never was, expired, compacted away).
[[nodiscard]] Result<std::optional<FoundMessage>> find_message(const TopicStore& topic, PartitionId partition,
                                                               Offset offset);
/// The newest message below `end`, expired ones that are still there included; nullopt: none is there.
[[nodiscard]] Result<std::optional<FoundMessage>> newest_message(const TopicStore& topic, PartitionId partition,
                                                                 Offset end);

}  // namespace kseek::store
