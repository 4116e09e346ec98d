// TopicStore on RocksDB and Xapian segments. Internal to store/.
//
// Locks, in the order they are taken: compact_mu_, Partition::append_mu, reclaim_mu_, commit_mu_, mu_. Encoding, term
// collection, segment writing and reading happen outside of all but (appending) append_mu; commit_mu_ is held for one
// RocksDB write, mu_ for pointer copies. Everything that views name is immutable and replaced whole, so taking a view
// is copying pointers.
#pragma once

#include <chrono>
#include <condition_variable>
#include <deque>
#include <filesystem>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <shared_mutex>
#include <span>
#include <vector>

#include "store/block_cache.h"
#include "store/block_family.h"
#include "store/kept_block.h"
#include "store/partition.h"
#include "store/rebuild.h"
#include "store/retention_clock.h"
#include "store/topic_store.h"

namespace kseek::store {

/// When segments are read again to see that they are what was written: one after the other, slowly. Any thread.
class ScrubPace {
 public:
  using Clock = std::chrono::steady_clock;
  /// True if it is time for the next one; then no other until done().
  [[nodiscard]] bool begin();
  void done(uint64_t bytes);

 private:
  std::mutex mu_;
  bool busy_ = false;         // guarded by mu_
  Clock::time_point next_{};  // guarded by mu_
};

/// What topics of one store share. Constant after construction.
struct StoreShared {
  std::shared_ptr<Database> database;
  std::shared_ptr<BlockCache> cache;
  std::filesystem::path segments_dir;
  BlockOptions options;
  std::shared_ptr<ScrubPace> scrub_pace = std::make_shared<ScrubPace>();
  std::shared_ptr<RetentionClock> clock = std::make_shared<RetentionClock>();
};

class TopicStoreImpl final : public TopicStore {
 public:
  /// A topic as it was just created: nothing in it.
  TopicStoreImpl(StoreShared shared, TopicNumber number, TopicConfig config, std::unique_ptr<BlockFamily> blocks,
                 std::vector<TopicEvent> events = {});
  ~TopicStoreImpl() override;

  /// Reads what the catalog has of the topic (once, before anyone else uses it). kCorrupt names the record.
  [[nodiscard]] Result<void> load();
  /// Deletes its records, segments and messages; every later write fails with kNotFound. `also` goes into the same
  /// catalog write.
  [[nodiscard]] Result<void> drop(rocksdb::WriteBatch also = rocksdb::WriteBatch());
  /// Adds the records of a new topic: its configuration and its events.
  void put_records(rocksdb::WriteBatch& batch) const;
  /// Of a new topic whose records were not written: leaves nothing behind.
  void give_up() { ignore_error(block_family_->drop(), "without a record it is dropped at the next start"); }
  /// Puts these events before its own, with a record in `batch`. REQUIRES: nobody adds events meanwhile.
  void inherit_events(std::vector<TopicEvent> events, rocksdb::WriteBatch& batch);
  [[nodiscard]] TopicNumber number() const { return number_; }
  /// The directories of all segments that the catalog names.
  [[nodiscard]] std::vector<std::string> segment_names() const;
  /// It has been this late already: the newest time at which a message was taken in, or by which some were dropped;
  /// -1: none was.
  [[nodiscard]] Timestamp latest_time() const;
  /// The directory name of a segment.
  [[nodiscard]] static std::string segment_name(TopicNumber topic, SegmentId segment);

  [[nodiscard]] TopicConfig config() const override;
  [[nodiscard]] Result<void> update_config(const TopicConfig& config) override;

  [[nodiscard]] std::vector<TopicEvent> events() const override;
  [[nodiscard]] Result<void> add_event(const TopicEvent& event) override;

  [[nodiscard]] std::optional<Offset> next_offset(PartitionId partition) const override;
  [[nodiscard]] Result<void> start_partition(PartitionId partition, Offset start) override;
  AppendOutcome append(PartitionId partition, std::span<const MessageView> messages) override;
  void advance(PartitionId partition, Offset position) override;
  void set_watermarks(PartitionId partition, Offset low, std::optional<Offset> end) override;
  [[nodiscard]] Result<size_t> remove_compacted(PartitionId partition, Offset first, Offset end,
                                                std::span<const Offset> existing) override;
  bool freeze(PartitionId partition) override;
  size_t freeze_all() override;
  size_t freeze_older_than(Timestamp before) override;
  uint64_t freeze_largest() override;

  [[nodiscard]] Result<bool> seal_next() override;
  [[nodiscard]] Result<bool> index_next(bool flush) override;
  [[nodiscard]] Result<bool> merge_next() override;
  [[nodiscard]] Result<bool> rewrite_next() override;
  [[nodiscard]] Result<size_t> expire(Timestamp now) override;
  [[nodiscard]] Timestamp retention_time() const override { return shared_.clock->now(); }
  [[nodiscard]] Result<void> flush() override;
  [[nodiscard]] Result<void> sync() override { return shared_.database->sync(); }

  [[nodiscard]] Result<void> begin_rebuild() override;
  [[nodiscard]] std::optional<RebuildProgress> rebuild() const override;
  [[nodiscard]] Result<RebuildStep> rebuild_next(const GoOn& go_on) override;
  [[nodiscard]] Result<void> finish_rebuild() override;
  [[nodiscard]] Result<void> cancel_rebuild() override;

  [[nodiscard]] TopicView view() const override;
  [[nodiscard]] Result<std::shared_ptr<const MessageBlock>> read_block(const BlockMeta& meta,
                                                                       Columns columns) const override;
  using TopicStore::dead_letters;
  [[nodiscard]] std::vector<DeadLetter> dead_letters(size_t limit,
                                                     const std::optional<DeadLetterPlace>& before) const override;
  [[nodiscard]] std::optional<DeadLetter> dead_letter(PartitionId id, Offset offset) const override;
  [[nodiscard]] std::vector<DeadLetter> unsent_dead_letters(size_t limit) const override;
  [[nodiscard]] Result<void> note_dead_letters_sent(PartitionId partition, Offset end) override;
  [[nodiscard]] Offset dead_letters_sent(PartitionId partition) const override;
  [[nodiscard]] TopicStats stats() const override;

 private:
  struct Intake;       // one append() on its way to being published
  struct SealedBlock;  // a frozen block, encoded
  /// What one expire() drops.
  struct Expired {
    std::vector<BlockMeta> blocks;  ///< by id
    std::vector<BlockId> ids;       ///< theirs
    std::vector<std::shared_ptr<const Segment>> segments;
    std::vector<std::pair<PartitionId, KeptDeadLetter>> dead_letters;
    std::vector<std::pair<PartitionId, PartitionRecord>> records;  ///< with a low watermark that has risen
    std::optional<Timestamp> by;                                   ///< by which time, if they are kept for a duration

    [[nodiscard]] bool empty() const {
      return blocks.empty() && segments.empty() && dead_letters.empty() && records.empty();
    }
  };
  struct Loaded;     // the catalog's records while they are read
  struct Remains;    // what Kafka has of a range of offsets
  struct Compacted;  // what Kafka has no more of it
  struct IndexSwap;  // what a finished rebuild changes
  struct Rewrite;    // blocks, and what takes their place
  /// Blocks that were rewritten, and who may still read them.
  struct Superseded {
    std::weak_ptr<const void> era;  ///< of the last list that had them
    std::vector<BlockId> ids;       ///< rising
    std::vector<BlockMeta> blocks;  ///< theirs
  };

  // topic_append.cc
  Partition* find_partition(PartitionId partition) const;
  std::vector<Partition*> all_partitions() const;
  void publish(Partition& partition, Intake& intake);
  bool freeze_locked(Partition& partition);

  // topic_seal.cc
  Result<void> commit_seal(Partition& partition, SealedBlock& sealed);
  void publish_seal(Partition& partition, SealedBlock& sealed, const PartitionRecord& record);
  Result<void> save_positions();

  // topic_index.cc
  std::vector<SegmentInput> claim_blocks(bool flush, SegmentId& segment);
  void release_blocks(const std::vector<SegmentInput>& inputs);
  Result<void> collect_missing_terms(std::vector<SegmentInput>& inputs);
  Result<bool> build_segment(std::vector<SegmentInput>& inputs, SegmentId id);
  std::vector<std::shared_ptr<const Segment>> claim_segments(SegmentId& segment, uint32_t& level);
  Result<void> merge_claimed(const std::vector<std::shared_ptr<const Segment>>& inputs, SegmentId id, uint32_t level);
  using SegmentPtr = std::shared_ptr<const Segment>;
  using SegmentKey = std::string(TopicNumber, SegmentId);  ///< of a segment's record in the catalog
  [[nodiscard]] SegmentPtr make_segment(const SegmentMeta& meta) const;
  Result<void> write_segment_records(SegmentKey& key, const SegmentMeta& added, const std::vector<SegmentPtr>& removed);
  Result<void> commit_segment(const SegmentMeta& added, const std::vector<std::shared_ptr<const Segment>>& removed);
  [[nodiscard]] bool has_unindexed_below(BlockId end) const;
  void count_restored();  // REQUIRES: mu_ held exclusively

  // topic_rebuild.cc
  /// A run of blocks on its way into a segment of a rebuild.
  struct RunTerms {
    std::vector<SegmentInput> inputs;
    size_t looked_at = 0;  ///< blocks of the run
    std::optional<BlockId> unreadable;
    bool stopped = false;
    uint64_t raw_bytes = 0;
  };
  [[nodiscard]] size_t rebuild_run_blocks() const;
  Result<void> check_rebuilding() const;
  Result<RebuildStep> rebuild_run(Rebuild& rebuild, const Rebuild::Run& run, SegmentId id, const GoOn& go_on);
  Result<RebuildStep> rebuild_merge(Rebuild& rebuild, const std::vector<Rebuild::SegmentPtr>& inputs, SegmentId id,
                                    uint32_t level);
  Result<RebuildStep> mend_rebuild(Rebuild& rebuild, const std::vector<Rebuild::SegmentPtr>& damaged);
  Result<void> collect_run(const Rebuild::Run& run, RunTerms& terms, const GoOn& go_on);
  Result<void> commit_rebuilt(Rebuild& rebuild, const SegmentMeta& added,
                              const std::vector<Rebuild::SegmentPtr>& removed);
  [[nodiscard]] IndexSwap plan_swap(const Rebuild& rebuild) const;  // REQUIRES: mu_ held
  Result<void> swap_index(const Rebuild& rebuild);
  Result<void> adopt_rebuild(std::optional<BlockId> end, const std::vector<SegmentMeta>& segments);

  // topic_read.cc
  /// As read_block(), with what was compacted away.
  Result<std::shared_ptr<const MessageBlock>> read_whole_block(const BlockMeta& meta, Columns columns) const;
  Result<std::shared_ptr<const DecodedBlock>> load_block(const BlockMeta& meta, Columns columns) const;

  // topic_expire.cc
  Expired find_expired(Timestamp now);
  Result<void> commit_expired(const Expired& expired);
  void publish_expired(const Expired& expired);
  Result<void> reclaim_space(bool dropped_some);

  // topic_compact.cc
  size_t remove_from_memory(Partition& partition, const Remains& remains);
  Result<Compacted> find_compacted(Partition& partition, const Remains& remains) const;
  Result<size_t> commit_compacted(Partition& partition, const Compacted& compacted);
  size_t publish_compacted(Partition& partition, const Compacted& compacted);

  // topic_rewrite.cc
  [[nodiscard]] std::vector<BlockMeta> choose_blocks_to_rewrite() const;
  Result<bool> write_anew(const BlockMeta& old, Rewrite& rewrite);
  Result<void> commit_rewrite(Rewrite& rewrite);
  void publish_rewrite(const Rewrite& rewrite);
  bool release_superseded();
  [[nodiscard]] bool is_readable(BlockId id) const;  // REQUIRES: mu_ held
  [[nodiscard]] BlockList readable_blocks() const;   // REQUIRES: mu_ held

  // topic_scrub.cc
  Result<void> scrub();
  [[nodiscard]] SegmentPtr claim_for_scrub();
  Result<void> drop_damaged(const std::vector<SegmentPtr>& damaged);
  Result<bool> drop_damaged_of(const std::vector<SegmentPtr>& inputs);

  // topic_load.cc
  bool load_number(RecordKind kind, std::string_view record, Loaded& loaded);
  Result<void> load_record(const TopicKey& key, std::string_view record, Loaded& loaded);
  Result<void> adopt(Loaded& loaded);
  Result<void> check_overlaps(Loaded& loaded);
  Result<void> adopt_segments(Loaded& loaded);

  // topic_store_impl.cc
  Result<void> check_writable() const;  // REQUIRES: commit_mu_ held
  Result<void> write(rocksdb::WriteBatch& batch, bool sync);
  std::filesystem::path segment_path(SegmentId id) const;

  const StoreShared shared_;
  const TopicNumber number_;
  const std::string name_;
  const std::unique_ptr<BlockFamily> block_family_;
  const Require require_;

  Timestamp expired_by_;             // constant after load(): what the one before has said
  std::mutex compact_mu_;            // one remove_compacted() or rewrite_next() at a time
  bool rewrite_more_ = true;         // guarded by compact_mu_: blocks may have become mostly empty
  std::set<BlockId> not_rewritten_;  // guarded by compact_mu_: blocks that can't be read back
  std::mutex reclaim_mu_;            // one expire() at a time
  bool reclaim_more_ = true;         // guarded by reclaim_mu_
  std::map<SegmentId, std::chrono::steady_clock::time_point> verified_;  // guarded by reclaim_mu_

  std::mutex commit_mu_;   // one commit at a time: ids rise in the order of publishing
  BlockId next_block_{1};  // guarded by commit_mu_
  bool dropped_ = false;   // guarded by commit_mu_

  mutable std::shared_mutex mu_;      // guards all below, and what Partition says
  std::condition_variable_any done_;  // signalled when a seal or a build ends
  TopicConfig config_;
  std::vector<TopicEvent> events_;
  std::map<PartitionId, std::unique_ptr<Partition>> partitions_;  // only grows while the topic lives
  std::deque<Partition*> frozen_queue_;                           // an entry a frozen block that nobody seals
  uint64_t frozen_sequence_ = 0;
  std::shared_ptr<const BlockList> blocks_;
  std::shared_ptr<const IndexSnapshot> index_;
  std::map<BlockId, std::shared_ptr<const RemovedBits>> removed_;  // of readable blocks that have lost messages
  std::deque<Superseded> superseded_;                              // the oldest first
  SegmentId next_segment_{1};
  std::set<BlockId> building_;        // blocks whose segment is being written
  std::set<BlockId> unreadable_;      // blocks that can't be read back for a segment: left out from then on
  uint64_t works_ended_ = 0;          // rises when a seal, a build or a merge ends, well or not
  std::set<SegmentId> merging_;       // segments that are being merged
  std::shared_ptr<Rebuild> rebuild_;  // nullptr: none; shared with the threads that work on it
  uint64_t sealed_messages_ = 0, sealed_raw_bytes_ = 0, sealed_stored_bytes_ = 0;
  TopicActivity activity_;
  std::vector<std::vector<BlockId>> restoring_;  // blocks of damaged segments, until they are indexed again
  mutable std::set<BlockId> damaged_;            // blocks that could not be read back the last time
};

/// Below this time messages have expired at `now`; kMinTimestamp unless the retention is a duration.
[[nodiscard]] Timestamp time_floor_of(const TopicConfig& config, Timestamp now);

/// The terms of the first `count` messages: keys, values and header values, as contract reads them.
[[nodiscard]] std::shared_ptr<const BlockTerms> collect_terms(const MessageBlock& block, size_t count);

}  // namespace kseek::store
