// TopicStoreImpl: dropping what has expired, and giving its space back.
#include <algorithm>

#include "base/fault_point.h"
#include "base/time.h"
#include "store/topic_store_impl.h"

namespace kseek::store {
namespace {

constexpr size_t kRewritesACall = 4;  // of files of 64 MiB

/// The rule of one topic at one moment: what has expired as a whole.
struct ExpiryRule {
  Retention retention;
  TimeKind time_kind = TimeKind::kCreate;
  Timestamp floor = kMinTimestamp;
  std::map<PartitionId, Offset> lows;

  [[nodiscard]] bool expired(PartitionId partition, Offset last, Timestamp newest) const {
    switch (retention.kind) {
      case Retention::Kind::kFollow: {
        const auto low = lows.find(partition);
        return low != lows.end() && last < low->second;
      }
      case Retention::Kind::kDuration: return newest < floor;
      case Retention::Kind::kForever: break;
    }
    return false;
  }
};

bool any_lives(const SegmentMeta& segment, const BlockList& blocks, const std::vector<BlockId>& expired) {
  return std::any_of(segment.blocks.rbegin(), segment.blocks.rend(), [&](BlockId id) {
    return blocks.find(id) != nullptr && !std::binary_search(expired.begin(), expired.end(), id);
  });
}

}  // namespace

Timestamp time_floor_of(const TopicConfig& config, Timestamp now) {
  if (config.retention.kind != Retention::Kind::kDuration) return kMinTimestamp;
  return {now.ms - config.retention.duration.count()};
}

Result<size_t> TopicStoreImpl::expire(Timestamp now) {
  if (shared_.database->read_only()) return size_t{0};
  std::lock_guard one_at_a_time(reclaim_mu_);
  const Expired expired = find_expired(now);
  auto committed = commit_expired(expired);
  {
    std::unique_lock lock(mu_);
    for (const auto& segment : expired.segments) merging_.erase(segment->meta().id);
  }
  if (!committed) return std::move(committed).error();
  const bool released = release_superseded();
  KSEEK_TRY(reclaim_space(released || !expired.blocks.empty()));
  KSEEK_TRY(scrub());
  return expired.blocks.size();
}

TopicStoreImpl::Expired TopicStoreImpl::find_expired(Timestamp now) {
  Expired expired;
  ExpiryRule rule;
  std::shared_ptr<const BlockList> blocks;
  {
    std::shared_lock lock(mu_);
    rule.retention = config_.retention;
    rule.time_kind = config_.time_kind;
    rule.floor = time_floor_of(config_, now);
    if (rule.retention.kind == Retention::Kind::kDuration && now.ms > 0) expired.by = now;
    blocks = blocks_;
    for (const auto& [id, partition] : partitions_) {
      rule.lows.emplace(id, partition->low);
      if (partition->low > partition->saved.low) {
        expired.records.emplace_back(id, partition->saved);
        expired.records.back().second.low = partition->low;
      }
      for (const auto& letter : partition->dead_letters) {
        if (rule.expired(id, letter.offset, letter.time)) expired.dead_letters.emplace_back(id, letter);
      }
    }
  }
  if (rule.retention.kind != Retention::Kind::kForever) {
    blocks->for_each([&](const BlockMeta& meta) {
      if (rule.expired(meta.partition, meta.last, meta.max_time(rule.time_kind))) expired.blocks.push_back(meta);
    });
  }
  for (const auto& meta : expired.blocks) expired.ids.push_back(meta.id);
  std::unique_lock lock(mu_);
  for (const auto& segment : index_->segments) {
    if (merging_.contains(segment->meta().id) || any_lives(segment->meta(), *blocks_, expired.ids)) continue;
    merging_.insert(segment->meta().id);  // so that nobody merges it meanwhile
    expired.segments.push_back(segment);
  }
  return expired;
}

Result<void> TopicStoreImpl::commit_expired(const Expired& expired) {
  if (expired.empty()) return {};
  std::lock_guard commit(commit_mu_);
  KSEEK_TRY(check_writable());
  rocksdb::WriteBatch batch;
  for (const BlockId id : expired.ids) {
    batch.Delete(block_key(number_, id));
    batch.Delete(removed_key(number_, id));
  }
  for (const auto& segment : expired.segments) batch.Delete(segment_key(number_, segment->meta().id));
  for (const auto& [partition, letter] : expired.dead_letters) {
    batch.Delete(dead_letter_key(number_, letter.time, partition, letter.offset));
  }
  {
    std::shared_lock lock(mu_);  // a seal may have moved the rest of the record on since it was looked at
    for (const auto& [id, found] : expired.records) {
      PartitionRecord record = partitions_.at(id)->saved;
      record.low = std::max(record.low, found.low);
      batch.Put(partition_key(number_, id), encode_partition(record));
    }
  }
  if (expired.by && !expired.blocks.empty()) {
    const auto by = static_cast<uint64_t>(expired.by->ms);
    batch.Put(topic_key(number_, RecordKind::kExpiredBy), encode_number(by));
  }
  // Files go next: that the catalog no longer names them must survive power loss first.
  const bool files_go = !expired.blocks.empty() || !expired.segments.empty();
  KSEEK_TRY(fault_point("expire.before_commit"));
  KSEEK_TRY(shared_.database->write(batch, files_go));
  crash_point("expire.committed");
  publish_expired(expired);
  for (const auto& segment : expired.segments) segment->make_obsolete();
  return {};
}

void TopicStoreImpl::publish_expired(const Expired& expired) {
  std::unique_lock lock(mu_);
  for (const auto& [id, record] : expired.records) {
    auto& saved = partitions_.at(id)->saved;
    saved.low = std::max(saved.low, record.low);
  }
  std::map<PartitionId, std::optional<Offset>> lowest;  // of the partitions that lose some: their first block left
  for (const auto& [id, letter] : expired.dead_letters) {
    auto& kept = partitions_.at(id)->dead_letters;
    std::erase_if(kept, [gone = letter.offset](const KeptDeadLetter& other) { return other.offset == gone; });
    lowest.try_emplace(id);
  }
  for (const BlockId id : expired.ids) {
    const BlockMeta* const meta = blocks_->find(id);
    if (meta == nullptr) continue;  // compaction took all of it meanwhile, or it was rewritten
    activity_.blocks_expired += 1;
    lowest.try_emplace(meta->partition);
    partitions_.at(meta->partition)->sealed_messages -= meta->messages;
    sealed_messages_ -= meta->messages;
    sealed_raw_bytes_ -= meta->raw_bytes;
    sealed_stored_bytes_ -= meta->stored_bytes;
    removed_.erase(id);
  }
  if (!lowest.empty()) {
    blocks_ = std::make_shared<const BlockList>(blocks_->without(expired.ids));
    blocks_->for_each([&](const BlockMeta& meta) {
      const auto found = lowest.find(meta.partition);
      if (found != lowest.end()) found->second = std::min(found->second.value_or(meta.first), meta.first);
    });
  }
  for (const auto& [id, first] : lowest) {
    Partition& partition = *partitions_.at(id);
    partition.first_kept = partition.first_kept_with(first);
  }
  auto index = std::make_shared<IndexSnapshot>(*index_);
  const auto gone = [&](BlockId id) { return std::binary_search(expired.ids.begin(), expired.ids.end(), id); };
  std::erase_if(index->pending, [&](const auto& pending) { return gone(pending.block); });
  std::erase_if(index->unindexed, gone);
  std::erase_if(index->segments, [&](const auto& segment) {
    return std::find(expired.segments.begin(), expired.segments.end(), segment) != expired.segments.end();
  });
  index_ = std::move(index);
  std::erase_if(damaged_, gone);
  count_restored();
}

Result<void> TopicStoreImpl::reclaim_space(bool dropped_some) {
  reclaim_more_ = reclaim_more_ || dropped_some;
  if (!reclaim_more_) return {};
  LiveBlocks::Snapshot live;
  {
    std::lock_guard commit(commit_mu_);
    KSEEK_TRY(check_writable());
    std::shared_lock lock(mu_);
    live = {std::make_shared<const BlockList>(readable_blocks()), next_block_};
  }
  KSEEK_TRY(shared_.database->sync());
  KSEEK_TRY(fault_point("reclaim.synced"));
  KSEEK_ASSIGN(reclaim_more_, block_family_->reclaim(live, kRewritesACall));
  crash_point("reclaim.done");
  return {};
}

}  // namespace kseek::store
