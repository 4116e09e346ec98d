// A consistent look at one topic: every message is in exactly one place of it. Immutable, except that open blocks may
// grow behind it (a view says how far to read them). Cheap to take and to keep; keeps what it names alive.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "store/block.h"
#include "store/segment.h"
#include "store/topic_config.h"

namespace kseek::store {

/// The sealed blocks by id, in shared chunks, so that a changed list costs a chunk, not a copy. Whoever has a list can
/// read its blocks, also those that were rewritten since (not those that have expired).
class BlockList {
 public:
  [[nodiscard]] size_t size() const { return size_; }
  [[nodiscard]] uint64_t raw_bytes() const { return raw_bytes_; }  ///< of all of them
  template <class Visit>
  void for_each(Visit&& visit) const {
    for (const auto& chunk : chunks_) {
      for (const BlockMeta& meta : chunk->metas) visit(meta);
    }
  }
  /// nullptr when it is not (or no longer) there, here and below. The pointer lives as long as the list.
  [[nodiscard]] const BlockMeta* find(BlockId id) const;
  /// The block whose range of offsets holds this one. A binary search in each chunk.
  [[nodiscard]] const BlockMeta* find(PartitionId partition, Offset offset) const;

  /// Finds one block after the other; where their ids rise, each costs little.
  class Finder;
  /// How many blocks have an id of [first, last].
  [[nodiscard]] size_t count(BlockId first, BlockId last) const;
  /// Of those of the blocks that are there; anywhere when none is.
  [[nodiscard]] TimeBounds times_of(const std::vector<BlockId>& sorted_ids) const;

  [[nodiscard]] static BlockList of(const std::vector<BlockMeta>& metas);  ///< REQUIRES: ids rising
  [[nodiscard]] BlockList with(const BlockMeta& added) const;              ///< REQUIRES: an id above all others
  /// Others in the place of those with their ids. REQUIRES: ids rising, each of them there.
  [[nodiscard]] BlockList replacing(const std::vector<BlockMeta>& metas) const;
  [[nodiscard]] BlockList without(const std::vector<BlockId>& sorted_ids) const;
  /// Others that hold the messages of those with these ids, which stay readable until era() has ended. REQUIRES: rising
  /// ids, those of `by` above all others.
  [[nodiscard]] BlockList rewritten(const std::vector<BlockId>& sorted_ids, const std::vector<BlockMeta>& by) const;

  /// Above all ids; what is added to a later list of the topic has this one or a higher one.
  [[nodiscard]] BlockId ids_end() const {
    return chunks_.empty() ? BlockId{0} : BlockId{chunks_.back()->metas.back().id.value + 1};
  }
  /// Expires when nobody has this list any more, nor one that was made of it, or it of, by other than rewritten() and
  /// apart().
  [[nodiscard]] std::weak_ptr<const void> era() const { return era_; }
  /// The same blocks, in an era of its own: who has it keeps nothing readable.
  [[nodiscard]] BlockList apart() const;

 private:
  static constexpr size_t kChunkBlocks = 256;
  struct Chunk {
    std::vector<BlockMeta> metas;    ///< by id
    std::vector<uint16_t> by_place;  ///< their indices, by partition and offset
    uint64_t raw_bytes = 0;
    explicit Chunk(std::vector<BlockMeta> blocks);
  };
  void add(std::shared_ptr<const Chunk> chunk);
  /// How many blocks have an id below.
  [[nodiscard]] size_t rank(BlockId id) const;

  std::vector<std::shared_ptr<const Chunk>> chunks_;
  size_t size_ = 0;
  uint64_t raw_bytes_ = 0;
  std::shared_ptr<const void> era_ = std::make_shared<char>();
};

/// Borrows the list. One thread.
class BlockList::Finder {
 public:
  explicit Finder(const BlockList& list) : list_(list) {}
  /// As BlockList::find.
  const BlockMeta* find(BlockId id);

 private:
  const BlockList& list_;
  size_t chunk_ = 0;  // where the block found last stands
  size_t at_ = 0;
};

/// Where a sealed block's terms are: in a segment, in memory, or nowhere yet (then it is a candidate for everything).
struct IndexSnapshot {
  /// By block: each segment's blocks lie below the next one's. A segment may name blocks that have expired: ignore
  /// them.
  std::vector<std::shared_ptr<const Segment>> segments;
  struct Pending {
    BlockId block;
    std::shared_ptr<const BlockTerms> terms;  ///< never null
  };
  std::vector<Pending> pending;  ///< by block id
  /// Sealed blocks that are neither in a segment nor pending (after a restart, until they are built), by id.
  std::vector<BlockId> unindexed;
};

/// A block in memory, not sealed yet: to be scanned.
struct MemoryBlock {
  std::shared_ptr<const OpenBlock> block;
  size_t messages = 0;  ///< read no further than this
};

/// A partition as the view saw it.
struct PartitionView {
  PartitionId partition;
  Offset start;                     ///< where it began when the topic was opened
  std::optional<Offset> log_start;  ///< Kafka's low watermark as last heard; nullopt: not above where it began
  Offset low;                       ///< messages below are expired: not to be found, even if a block still has them
  Offset indexed_to;                ///< every message below it was taken in (is in the view)
  Offset sealed_to;             ///< every message below it is in a sealed block (durable); the rest is in memory blocks
  std::optional<Offset> end;    ///< Kafka's high watermark as last heard; nullopt: not known (broker away, never asked)
  Timestamp last_message_time;  ///< the topic's time kind, of the newest message taken in; -1: none
  uint64_t messages = 0;        ///< findable or not yet dropped
  uint64_t dead_letters = 0;
};

struct TopicView {
  TopicConfig config;
  uint32_t generation = 0;               ///< of the topic's messages: another one holds them in other blocks
  Timestamp time_floor = kMinTimestamp;  ///< messages whose time is below are expired (a retention of a duration)
  std::shared_ptr<const BlockList> blocks;
  std::shared_ptr<const IndexSnapshot> index;
  std::vector<MemoryBlock> memory;
  std::vector<PartitionView> partitions;  ///< by partition
};

}  // namespace kseek::store
