// TopicStoreImpl: from the catalog's records to the topic in memory.
#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <tuple>

#include "store/segment_files.h"
#include "store/topic_store_impl.h"

namespace kseek::store {
namespace {

/// More than are given between two syncs of the database. Power failure takes back what was not synced; a cursor may
/// know those blocks by their ids (query/cursor.h), so that others must not get them.
constexpr uint64_t kIdsNotGivenAgain = 65'536;

}  // namespace

struct TopicStoreImpl::Loaded {
  std::vector<BlockMeta> blocks;  ///< by id, as the catalog sorts them
  std::vector<SegmentMeta> segments;
  std::vector<DeadLetter> dead_letters;
  std::map<PartitionId, Offset> letters_sent;
  std::optional<BlockId> rebuild_end;
  std::vector<SegmentMeta> rebuilt_segments;
};

Result<void> TopicStoreImpl::load() {
  Loaded loaded;
  Result<void> outcome;
  KSEEK_TRY(shared_.database->scan(topic_prefix(number_), false, [&](std::string_view key, std::string_view record) {
    const auto parsed = parse_topic_key(key);
    if (parsed) outcome = load_record(*parsed, record, loaded);
    return parsed.has_value() && outcome.has_value();
  }));
  KSEEK_TRY(outcome);
  KSEEK_TRY(adopt(loaded));
  next_block_.value += kIdsNotGivenAgain;
  return {};
}

bool TopicStoreImpl::load_number(RecordKind kind, std::string_view record, Loaded& loaded) {
  const auto number = decode_number(record);
  if (!number) return false;
  if (kind == RecordKind::kNextBlock) next_block_ = {*number};
  if (kind == RecordKind::kNextSegment) next_segment_ = {*number};
  if (kind == RecordKind::kRebuild) loaded.rebuild_end = BlockId{*number};
  if (kind == RecordKind::kExpiredBy) expired_by_ = {static_cast<int64_t>(std::min<uint64_t>(*number, INT64_MAX))};
  return true;
}

Result<void> TopicStoreImpl::load_record(const TopicKey& key, std::string_view record, Loaded& loaded) {
  const auto bad = [&](const char* what) {
    return Error{ErrorCode::kCorrupt, fmt::format("the catalog's record of topic {}'s {} is damaged", name_, what),
                 kStartAnewHint};
  };
  switch (key.kind) {
    case RecordKind::kConfig: return {};
    case RecordKind::kNextBlock:
    case RecordKind::kNextSegment:
    case RecordKind::kExpiredBy:
    case RecordKind::kRebuild: return load_number(key.kind, record, loaded) ? Result<void>() : bad("numbers");
    case RecordKind::kPartition: {
      const auto id = parse_u32(key.rest);
      const auto decoded = decode_partition(record);
      if (!id || *id > INT32_MAX || !decoded) return bad("partition");
      auto partition = std::make_unique<Partition>(PartitionId{static_cast<int32_t>(*id)});
      partition->saved = *decoded;
      partition->next = decoded->next;
      partition->low = decoded->low;
      partition->last_create = decoded->last_create;
      partition->last_ingest = decoded->last_ingest;
      partitions_[partition->id] = std::move(partition);
      return {};
    }
    case RecordKind::kBlock: {
      const auto id = parse_u64(key.rest);
      const auto meta = id ? decode_block_meta({*id}, record) : std::nullopt;
      if (!meta) return bad("block");
      loaded.blocks.push_back(*meta);
      return {};
    }
    case RecordKind::kSegment: {
      const auto id = parse_u64(key.rest);
      auto meta = id ? decode_segment_meta({*id}, record) : std::nullopt;
      if (!meta) return bad("segment");
      loaded.segments.push_back(*std::move(meta));
      return {};
    }
    case RecordKind::kGeneration: return {};
    case RecordKind::kLettersSent: {
      const auto id = parse_u32(key.rest);
      const auto sent = decode_number(record);
      if (!id || *id > INT32_MAX || !sent || *sent > INT64_MAX) return bad("dead letters");
      loaded.letters_sent[PartitionId{static_cast<int32_t>(*id)}] = Offset{static_cast<int64_t>(*sent)};
      return {};
    }
    case RecordKind::kRemoved: {
      const auto id = parse_u64(key.rest);
      if (!id) return bad("compacted block");
      removed_.emplace(BlockId{*id}, std::make_shared<const RemovedBits>(record));
      return {};
    }
    case RecordKind::kEvents: {
      auto events = decode_events(record);
      if (!events) return bad("events");
      events_ = *std::move(events);
      return {};
    }
    case RecordKind::kRebuiltSegment: {
      const auto id = parse_u64(key.rest);
      auto meta = id ? decode_segment_meta({*id}, record) : std::nullopt;
      if (!meta) return bad("rebuilt segment");
      loaded.rebuilt_segments.push_back(*std::move(meta));
      return {};
    }
    case RecordKind::kDeadLetter: {
      auto letter = decode_dead_letter(record);
      if (!letter) return bad("dead letter");
      letter->head.clear();  // only counted here
      loaded.dead_letters.push_back(*std::move(letter));
      return {};
    }
  }
  return bad("unknown part");
}

Result<void> TopicStoreImpl::adopt(Loaded& loaded) {
  KSEEK_TRY(check_overlaps(loaded));
  blocks_ = std::make_shared<const BlockList>(BlockList::of(loaded.blocks));
  std::map<PartitionId, Offset> firsts;
  for (const BlockMeta& meta : loaded.blocks) {
    const auto partition = partitions_.find(meta.partition);
    if (partition == partitions_.end()) {
      return Error{ErrorCode::kCorrupt,
                   fmt::format("topic {} has a block of partition {}, which is not known", name_, meta.partition.value),
                   kStartAnewHint};
    }
    const auto first = firsts.try_emplace(meta.partition, meta.first).first;
    first->second = std::min(first->second, meta.first);
    partition->second->sealed_messages += meta.messages;
    sealed_messages_ += meta.messages;
    sealed_raw_bytes_ += meta.raw_bytes;
    sealed_stored_bytes_ += meta.stored_bytes;
    next_block_ = std::max(next_block_, BlockId{meta.id.value + 1});
  }
  for (const DeadLetter& letter : loaded.dead_letters) {
    const auto partition = partitions_.find(letter.partition);
    if (partition != partitions_.end()) partition->second->dead_letters.push_back({letter.offset, letter.time});
  }
  for (const auto& [id, sent] : loaded.letters_sent) {
    const auto partition = partitions_.find(id);
    if (partition != partitions_.end()) partition->second->letters_sent = sent;
  }
  for (const auto& [id, partition] : partitions_) {
    std::sort(partition->dead_letters.begin(), partition->dead_letters.end(),
              [](const auto& a, const auto& b) { return a.offset < b.offset; });
    const auto first = firsts.find(id);
    partition->first_kept =
        partition->first_kept_with(first == firsts.end() ? std::nullopt : std::optional(first->second));
  }
  KSEEK_TRY(adopt_segments(loaded));
  return adopt_rebuild(loaded.rebuild_end, loaded.rebuilt_segments);
}

/// A write that failed half way may be found whole after a crash, next to its second try: the later one goes.
Result<void> TopicStoreImpl::check_overlaps(Loaded& loaded) {
  std::vector<const BlockMeta*> by_place;
  by_place.reserve(loaded.blocks.size());
  for (const BlockMeta& meta : loaded.blocks) by_place.push_back(&meta);
  std::sort(by_place.begin(), by_place.end(), [](const BlockMeta* a, const BlockMeta* b) {
    return std::tie(a->partition, a->first, a->id) < std::tie(b->partition, b->first, b->id);
  });
  std::set<BlockId> again;
  rocksdb::WriteBatch batch;
  const BlockMeta* before = nullptr;
  for (const BlockMeta* const meta : by_place) {
    if (before != nullptr && before->partition == meta->partition && meta->first <= before->last) {
      batch.Delete(block_key(number_, meta->id));
      again.insert(meta->id);
    } else {
      before = meta;
    }
  }
  if (again.empty()) return {};
  std::erase_if(loaded.blocks, [&](const BlockMeta& meta) { return again.contains(meta.id); });
  if (shared_.database->read_only()) return {};
  return shared_.database->write(batch, false);
}

Result<void> TopicStoreImpl::adopt_segments(Loaded& loaded) {
  auto index = std::make_shared<IndexSnapshot>();
  std::vector<BlockId> indexed;
  rocksdb::WriteBatch batch;
  for (const SegmentMeta& meta : loaded.segments) {
    next_segment_ = std::max(next_segment_, SegmentId{meta.id.value + 1});
    const auto path = segment_path(meta.id);
    if (!shared_.database->read_only() && files_bytes(path) != meta.bytes) {
      batch.Delete(segment_key(number_, meta.id));  // the index is derived: its blocks are indexed again
      ++activity_.segments_damaged;
      restoring_.push_back(meta.blocks);
      continue;
    }
    indexed.insert(indexed.end(), meta.blocks.begin(), meta.blocks.end());
    index->segments.push_back(make_segment(meta));
  }
  std::sort(index->segments.begin(), index->segments.end(),
            [](const auto& a, const auto& b) { return a->meta().blocks.front() < b->meta().blocks.front(); });
  std::sort(indexed.begin(), indexed.end());
  for (const BlockMeta& block : loaded.blocks) {
    if (!std::binary_search(indexed.begin(), indexed.end(), block.id)) index->unindexed.push_back(block.id);
  }
  index_ = std::move(index);
  count_restored();
  if (batch.Count() == 0) return {};
  return shared_.database->write(batch, false);
}

}  // namespace kseek::store
