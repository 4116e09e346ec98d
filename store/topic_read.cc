// TopicStoreImpl: looking at a topic.
#include <fmt/format.h>

#include <algorithm>

#include "store/topic_store_impl.h"

namespace kseek::store {
namespace {

PartitionView partition_view(const Partition& partition, const TopicConfig& config) {
  PartitionView view;
  view.partition = partition.id;
  view.start = partition.saved.start;
  view.low = config.retention.kind == Retention::Kind::kFollow ? partition.low : partition.first_kept;
  if (partition.low > partition.saved.start) view.log_start = partition.low;
  view.indexed_to = partition.next;
  view.sealed_to = partition.saved.next;
  view.end = partition.end;
  view.last_message_time = config.time_kind == TimeKind::kCreate ? partition.last_create : partition.last_ingest;
  view.messages = partition.sealed_messages + partition.open_messages;
  for (const auto& frozen : partition.frozen) view.messages += frozen.messages;
  view.dead_letters = partition.dead_letter_count();
  return view;
}

}  // namespace

TopicView TopicStoreImpl::view() const {
  TopicView view;
  std::shared_lock lock(mu_);
  view.config = config_;
  view.generation = number_.value;
  if (config_.retention.kind == Retention::Kind::kDuration) {
    view.time_floor = time_floor_of(config_, shared_.clock->now());
  }
  view.blocks = blocks_;
  view.index = index_;
  view.partitions.reserve(partitions_.size());
  for (const auto& [id, partition] : partitions_) {
    view.partitions.push_back(partition_view(*partition, config_));
    for (const auto& frozen : partition->frozen) {
      if (frozen.block) view.memory.push_back({frozen.block, frozen.messages});
    }
    if (partition->open_messages > 0) view.memory.push_back({partition->open, partition->open_messages});
  }
  return view;
}

Result<std::shared_ptr<const MessageBlock>> TopicStoreImpl::read_block(const BlockMeta& meta, Columns columns) const {
  KSEEK_ASSIGN(auto block, read_whole_block(meta, columns));
  std::shared_ptr<const RemovedBits> removed;
  {
    std::shared_lock lock(mu_);
    if (const auto found = removed_.find(meta.id); found != removed_.end()) {
      removed = found->second;
    } else if (!is_readable(meta.id)) {
      return std::shared_ptr<const MessageBlock>();  // what was removed of it is forgotten
    }
  }
  if (!block || !removed || removed->empty()) return block;
  return std::shared_ptr<const MessageBlock>(std::make_shared<const KeptBlock>(std::move(block), *removed));
}

Result<std::shared_ptr<const MessageBlock>> TopicStoreImpl::read_whole_block(const BlockMeta& meta,
                                                                             Columns columns) const {
  const BlockCache::Key key{number_.value, meta.id};
  if (auto cached = shared_.cache->find(key)) {
    KSEEK_TRY(cached->load(columns));
    return std::shared_ptr<const MessageBlock>(std::move(cached));
  }
  KSEEK_ASSIGN(auto block, load_block(meta, columns));
  if (block) shared_.cache->insert(key, block);
  return std::shared_ptr<const MessageBlock>(std::move(block));
}

Result<std::shared_ptr<const DecodedBlock>> TopicStoreImpl::load_block(const BlockMeta& meta, Columns columns) const {
  auto block = [&]() -> Result<std::shared_ptr<const DecodedBlock>> {
    KSEEK_ASSIGN(auto stored, block_family_->read(meta.id));
    if (!stored) return std::shared_ptr<const DecodedBlock>();
    return DecodedBlock::decode(*std::move(stored), meta.partition, columns);
  }();
  if (block ? *block != nullptr : block.error().code != ErrorCode::kCorrupt) return block;
  std::unique_lock lock(mu_);
  if (!is_readable(meta.id)) return std::shared_ptr<const DecodedBlock>();
  damaged_.insert(meta.id);
  return Error{ErrorCode::kCorrupt,
               fmt::format("block {} of topic {} {}", meta.id.value, name_,
                           block ? "is not there" : "is damaged: " + block.error().message),
               config_.source == Source::kImport
                   ? "no Kafka has its messages: import the dumps into a new topic"
                   : fmt::format("its messages can be taken in again with `kseek reindex {} --source kafka`", name_)};
}

TopicStats TopicStoreImpl::stats() const {
  std::shared_lock lock(mu_);
  TopicStats stats;
  stats.activity = activity_;
  stats.messages = sealed_messages_;
  stats.raw_bytes = sealed_raw_bytes_;
  stats.stored_bytes = sealed_stored_bytes_;
  stats.blocks = blocks_->size();
  stats.segments = index_->segments.size();
  for (const BlockId id : damaged_) stats.damaged_blocks += blocks_->find(id) != nullptr ? 1 : 0;
  stats.unindexed_blocks = index_->pending.size() + index_->unindexed.size();
  for (const auto& segment : index_->segments) stats.index_bytes += segment->meta().bytes;
  for (const auto& pending : index_->pending) stats.memory_bytes += pending.terms->memory_bytes();
  for (const auto& [id, partition] : partitions_) {
    stats.messages += partition->open_messages;
    if (partition->open) stats.memory_bytes += partition->open->memory_bytes();
    for (const auto& frozen : partition->frozen) {
      ++stats.frozen_blocks;
      stats.messages += frozen.messages;
      if (frozen.block) stats.frozen_bytes += frozen.block->memory_bytes();
    }
  }
  stats.memory_bytes += stats.frozen_bytes;
  return stats;
}

namespace {

/// Where the message of this offset stands among the first `count`, by binary search.
std::optional<size_t> index_of(const MessageBlock& block, size_t count, Offset offset) {
  size_t begin = 0;
  for (size_t length = count; length > 0;) {
    const size_t half = length / 2;
    if (block.head(begin + half).offset < offset) {
      begin += half + 1;
      length -= half + 1;
    } else {
      length = half;
    }
  }
  if (begin == count || block.head(begin).offset != offset) return std::nullopt;
  return begin;
}

}  // namespace

Result<std::optional<FoundMessage>> find_message(const TopicStore& topic, PartitionId partition, Offset offset) {
  const TopicView view = topic.view();
  const auto known = std::find_if(view.partitions.begin(), view.partitions.end(),
                                  [&](const PartitionView& candidate) { return candidate.partition == partition; });
  using Found = std::optional<FoundMessage>;
  if (known == view.partitions.end() || offset < known->low || offset >= known->indexed_to) return Found();
  const auto found = [&](std::shared_ptr<const MessageBlock> block, size_t count) -> Result<Found> {
    const auto index = index_of(*block, count, offset);
    if (!index || block->head(*index).time(view.config.time_kind) < view.time_floor) return Found();
    KSEEK_TRY(block->load_message(*index));
    const StoredMessage message = block->message(*index);
    return Found(FoundMessage{std::move(block), message, *index});
  };
  for (const MemoryBlock& memory : view.memory) {
    if (memory.block->partition() != partition || memory.messages == 0) continue;
    const Offset last = memory.block->head(memory.messages - 1).offset;
    if (offset <= last && memory.block->head(0).offset <= offset) return found(memory.block, memory.messages);
  }
  const BlockMeta* const holder = view.blocks->find(partition, offset);
  if (holder == nullptr) return Found();
  KSEEK_ASSIGN(auto block, topic.read_block(*holder, Columns::none()));
  if (!block) return Found();
  const size_t count = block->size();
  return found(std::move(block), count);
}

Result<std::optional<FoundMessage>> newest_message(const TopicStore& topic, PartitionId partition, Offset end) {
  const TopicView view = topic.view();
  std::optional<FoundMessage> newest;
  const auto look_at = [&](const std::shared_ptr<const MessageBlock>& block, size_t count) {
    for (size_t i = count; i > 0; --i) {
      const StoredMessage message = block->message(i - 1);
      if (newest && message.offset <= newest->message.offset) return;
      if (message.offset < end) {
        newest = FoundMessage{block, message};
        return;
      }
    }
  };
  for (const MemoryBlock& memory : view.memory) {
    if (memory.block->partition() == partition) look_at(memory.block, memory.messages);
  }
  const BlockMeta* holder = nullptr;
  view.blocks->for_each([&](const BlockMeta& meta) {
    if (meta.partition == partition && meta.first < end && (holder == nullptr || holder->first < meta.first)) {
      holder = &meta;
    }
  });
  if (newest || holder == nullptr) return newest;
  KSEEK_ASSIGN(const std::shared_ptr<const MessageBlock> block, topic.read_block(*holder));
  if (block) look_at(block, block->size());
  return newest;
}

}  // namespace kseek::store
