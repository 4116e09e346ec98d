// TopicStoreImpl: taking out of the topic what Kafka has compacted away.
#include <algorithm>

#include "base/fault_point.h"
#include "store/topic_store_impl.h"

namespace kseek::store {

/// What was asked: of the offsets [first, end) only `existing` are left.
struct TopicStoreImpl::Remains {
  Offset first, end;
  std::span<const Offset> existing;  ///< rising

  [[nodiscard]] bool gone(Offset offset) const {
    return offset >= first && offset < end && !std::binary_search(existing.begin(), existing.end(), offset);
  }
  [[nodiscard]] size_t existing_between(Offset from, Offset to) const {  ///< both included
    return static_cast<size_t>(std::upper_bound(existing.begin(), existing.end(), to) -
                               std::lower_bound(existing.begin(), existing.end(), from));
  }
};

/// What it means for what is sealed.
struct TopicStoreImpl::Compacted {
  struct Block {
    BlockMeta meta;  ///< as it is from now on; of no messages: the block goes
    std::shared_ptr<const RemovedBits> removed;
  };
  std::vector<Block> blocks;  ///< by id
  std::vector<KeptDeadLetter> dead_letters;
  [[nodiscard]] bool empty() const { return blocks.empty() && dead_letters.empty(); }
};

Result<size_t> TopicStoreImpl::remove_compacted(PartitionId id, Offset first, Offset end,
                                                std::span<const Offset> existing) {
  Partition* const partition = find_partition(id);
  if (partition == nullptr || first >= end) return size_t{0};
  const Remains remains{first, end, existing};
  std::lock_guard one_at_a_time(compact_mu_);
  // Memory first: what is sealed meanwhile is met again among the sealed blocks.
  const size_t in_memory = remove_from_memory(*partition, remains);
  KSEEK_ASSIGN(const Compacted compacted, find_compacted(*partition, remains));
  KSEEK_ASSIGN(const size_t sealed, commit_compacted(*partition, compacted));
  return in_memory + sealed;
}

namespace {

/// The block's first `count` messages without those that are gone; the block itself if none is. nullptr: all are.
template <class Gone>
std::shared_ptr<OpenBlock> without(const std::shared_ptr<OpenBlock>& block, size_t count, const BlockOptions& options,
                                   const Gone& gone) {
  size_t kept = 0;
  for (size_t i = 0; i < count; ++i) kept += gone(block->message(i).offset) ? 0 : 1;
  if (kept == count) return block;
  if (kept == 0) return nullptr;
  auto left = std::make_shared<OpenBlock>(block->partition(), options.max_messages, options.max_bytes);
  for (size_t i = 0; i < count; ++i) {
    const StoredMessage message = block->message(i);
    if (!gone(message.offset)) static_cast<void>(left->append(message));  // it had room for all of them
  }
  return left;
}

}  // namespace

/// Replaces blocks in memory by copies without what is gone; how many messages went.
size_t TopicStoreImpl::remove_from_memory(Partition& partition, const Remains& remains) {
  const auto gone = [&](Offset offset) { return remains.gone(offset); };
  const auto letter_gone = [&](const DeadLetter& letter) { return remains.gone(letter.offset); };
  std::lock_guard appending(partition.append_mu);
  std::unique_lock lock(mu_);
  done_.wait(lock, [&] { return !partition.sealing; });
  partition.sealing = true;  // nobody seals while the copies are made
  std::deque<FrozenBlock> frozen = partition.frozen;
  const std::shared_ptr<OpenBlock> open = partition.open;
  const size_t open_messages = partition.open_messages;
  lock.unlock();

  size_t before = open_messages;
  size_t after = 0;
  for (FrozenBlock& block : frozen) {
    before += block.messages;
    std::erase_if(block.dead_letters, letter_gone);
    if (block.block) block.block = without(block.block, block.messages, shared_.options, gone);
    block.messages = block.block ? block.block->size() : 0;
    after += block.messages;
  }
  const auto still_open = open ? without(open, open_messages, shared_.options, gone) : nullptr;
  const size_t still_open_messages = still_open ? still_open->size() : 0;
  after += still_open_messages;

  lock.lock();
  partition.frozen.swap(frozen);
  partition.open = still_open;
  partition.open_messages = still_open_messages;
  std::erase_if(partition.open_dead_letters, letter_gone);
  partition.sealing = false;
  ++works_ended_;
  lock.unlock();
  done_.notify_all();
  return before - after;
}

namespace {

/// A message more in the block: the bounds are those of what is left of it.
void count_in(BlockMeta& left, const MessageHead& message) {
  if (left.messages++ == 0) {
    left.first = message.offset;
    left.min_create = left.max_create = message.create_time;
    left.min_ingest = left.max_ingest = message.ingest_time;
  }
  left.last = message.offset;
  left.min_create = std::min(left.min_create, message.create_time);
  left.max_create = std::max(left.max_create, message.create_time);
  left.min_ingest = std::min(left.min_ingest, message.ingest_time);
  left.max_ingest = std::max(left.max_ingest, message.ingest_time);
}

}  // namespace

Result<TopicStoreImpl::Compacted> TopicStoreImpl::find_compacted(Partition& partition, const Remains& remains) const {
  Compacted compacted;
  std::shared_ptr<const BlockList> blocks;
  std::vector<KeptDeadLetter> letters;
  {
    std::shared_lock lock(mu_);
    blocks = blocks_;
    letters = partition.dead_letters;
  }
  std::vector<BlockMeta> changed;
  std::vector<BlockMeta> maybe;
  blocks->for_each([&](const BlockMeta& meta) {
    if (meta.partition != partition.id || meta.last < remains.first || meta.first >= remains.end) return;
    const auto dead = std::count_if(letters.begin(), letters.end(), [&](const KeptDeadLetter& letter) {
      return letter.offset >= meta.first && letter.offset <= meta.last && !remains.gone(letter.offset);
    });
    // Kafka never gives back what it removed: as many as there are here are the same ones.
    const bool whole = meta.first >= remains.first && meta.last < remains.end;
    const bool as_many =
        whole && remains.existing_between(meta.first, meta.last) == meta.messages + static_cast<size_t>(dead);
    (as_many ? maybe : changed).push_back(meta);
  });
  {
    // But between the messages of a block that was written anew there may be others, of blocks that have expired.
    std::shared_lock lock(mu_);
    std::copy_if(maybe.begin(), maybe.end(), std::back_inserter(changed),
                 [&](const BlockMeta& meta) { return removed_.contains(meta.id); });
  }
  std::sort(changed.begin(), changed.end(), [](const BlockMeta& a, const BlockMeta& b) { return a.id < b.id; });
  for (const BlockMeta& meta : changed) {
    KSEEK_ASSIGN(const auto block, load_block(meta, Columns::none()));
    if (!block) continue;  // it has expired since
    auto removed = std::make_shared<RemovedBits>();
    {
      std::shared_lock lock(mu_);
      if (const auto known = removed_.find(meta.id); known != removed_.end()) *removed = *known->second;
    }
    BlockMeta left = meta;
    left.messages = 0;
    for (size_t i = 0; i < block->size(); ++i) {
      if (is_removed(*removed, i)) continue;
      const MessageHead message = block->head(i);
      if (remains.gone(message.offset)) {
        mark_removed(*removed, i);
      } else {
        count_in(left, message);
      }
    }
    if (left.messages != meta.messages) compacted.blocks.push_back({left, std::move(removed)});
  }
  std::copy_if(letters.begin(), letters.end(), std::back_inserter(compacted.dead_letters),
               [&](const KeptDeadLetter& letter) { return remains.gone(letter.offset); });
  return compacted;
}

/// How many messages went. REQUIRES: compact_mu_ held.
Result<size_t> TopicStoreImpl::commit_compacted(Partition& partition, const Compacted& compacted) {
  if (compacted.empty()) return size_t{0};
  rewrite_more_ = true;
  bool dropped = false;
  size_t went = 0;
  {
    std::lock_guard commit(commit_mu_);
    KSEEK_TRY(check_writable());
    rocksdb::WriteBatch batch;
    std::shared_ptr<const BlockList> live;
    {
      std::shared_lock lock(mu_);
      live = blocks_;
    }
    for (const auto& [meta, removed] : compacted.blocks) {
      if (live->find(meta.id) == nullptr) continue;  // it has expired since
      if (meta.messages == 0) {
        batch.Delete(block_key(number_, meta.id));
        batch.Delete(removed_key(number_, meta.id));
        dropped = true;
      } else {
        batch.Put(block_key(number_, meta.id), encode_block_meta(meta));
        batch.Put(removed_key(number_, meta.id), *removed);
      }
    }
    for (const KeptDeadLetter& letter : compacted.dead_letters) {
      batch.Delete(dead_letter_key(number_, letter.time, partition.id, letter.offset));
    }
    // A crash may lose it: then it is found out again.
    KSEEK_TRY(fault_point("compact.before_commit"));
    KSEEK_TRY(shared_.database->write(batch, false));
    crash_point("compact.committed");
    went = publish_compacted(partition, compacted);
  }
  if (dropped) {
    std::lock_guard reclaiming(reclaim_mu_);
    reclaim_more_ = true;  // the next expire() gives the space back
  }
  return went;
}

size_t TopicStoreImpl::publish_compacted(Partition& partition, const Compacted& compacted) {
  size_t went = 0;
  Expired gone;
  std::vector<BlockMeta> changed;
  {
    std::unique_lock lock(mu_);
    for (const auto& [meta, removed] : compacted.blocks) {
      const BlockMeta* const before = blocks_->find(meta.id);
      if (before == nullptr) continue;
      if (meta.messages == 0) {
        went += before->messages;
        gone.blocks.push_back(*before);
        gone.ids.push_back(meta.id);
        removed_.erase(meta.id);
        continue;
      }
      const uint32_t fewer = before->messages - meta.messages;
      went += fewer;
      partition.sealed_messages -= fewer;
      sealed_messages_ -= fewer;
      removed_[meta.id] = removed;
      changed.push_back(meta);
    }
    if (!changed.empty()) blocks_ = std::make_shared<const BlockList>(blocks_->replacing(changed));
  }
  for (const KeptDeadLetter& letter : compacted.dead_letters) gone.dead_letters.emplace_back(partition.id, letter);
  publish_expired(gone);
  return went;
}

}  // namespace kseek::store
