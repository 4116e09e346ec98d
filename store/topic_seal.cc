// TopicStoreImpl: from frozen blocks in memory to durable ones.
#include <algorithm>
#include <iterator>

#include "base/fault_point.h"
#include "store/topic_store_impl.h"

namespace kseek::store {

std::shared_ptr<const BlockTerms> collect_terms(const MessageBlock& block, size_t count) {
  thread_local TermCollector collector;
  const auto begin = [&](size_t slice) {  // as the stored block will have it
    return count == block.size() ? block.slice_begin(slice) : std::min(slice * slice_messages(count), count);
  };
  for (size_t slice = 0; slice < kBlockSlices; ++slice) {
    collector.set_slices(static_cast<SliceMask>(1U << slice));
    for (size_t i = begin(slice); i < begin(slice + 1); ++i) {
      collect_terms(collector, block.message(i));
    }
  }
  return collector.take();
}

struct TopicStoreImpl::SealedBlock {
  FrozenBlock frozen;
  EncodedBlock encoded;  ///< of no bytes when there are dead letters alone
  std::shared_ptr<const BlockTerms> terms;
};

Result<bool> TopicStoreImpl::seal_next() {
  Partition* partition = nullptr;
  SealedBlock sealed;
  {
    std::unique_lock lock(mu_);
    const auto claimed = std::find_if(frozen_queue_.begin(), frozen_queue_.end(),
                                      [](const Partition* candidate) { return !candidate->sealing; });
    if (claimed == frozen_queue_.end()) return false;
    partition = *claimed;
    frozen_queue_.erase(claimed);
    partition->sealing = true;
    sealed.frozen = partition->frozen.front();
  }
  if (sealed.frozen.block) {
    sealed.encoded = encode_block(*sealed.frozen.block, sealed.frozen.messages);
    sealed.terms = collect_terms(*sealed.frozen.block, sealed.frozen.messages);
  }
  auto committed = commit_seal(*partition, sealed);
  {
    std::unique_lock lock(mu_);
    if (!committed) frozen_queue_.push_front(partition);
    partition->sealing = false;
    ++works_ended_;
  }
  done_.notify_all();
  if (!committed) return std::move(committed).error();
  return true;
}

Result<void> TopicStoreImpl::commit_seal(Partition& partition, SealedBlock& sealed) {
  std::lock_guard commit(commit_mu_);
  KSEEK_TRY(check_writable());
  PartitionRecord record;
  {
    std::shared_lock lock(mu_);
    record = partition.saved;
    // Behind the last block, what advance() passed over is durable with it.
    const bool last = partition.frozen.size() == 1 && partition.nothing_open();
    record.next = last ? partition.next : sealed.frozen.next;
    record.low = partition.low;
    record.last_create = sealed.frozen.last_create;
    record.last_ingest = sealed.frozen.last_ingest;
  }
  rocksdb::WriteBatch batch;
  if (sealed.frozen.block) {
    // An id whose write failed is not tried again: who knows what of it will be found after a crash.
    BlockMeta& meta = sealed.encoded.meta;
    meta.id = next_block_;
    ++next_block_.value;
    KSEEK_TRY(block_family_->put(batch, meta.id, sealed.encoded.bytes));
    batch.Put(block_key(number_, meta.id), encode_block_meta(meta));
    batch.Put(topic_key(number_, RecordKind::kNextBlock), encode_number(next_block_.value));
  }
  for (const DeadLetter& letter : sealed.frozen.dead_letters) {
    batch.Put(dead_letter_key(number_, letter.time, letter.partition, letter.offset), encode_dead_letter(letter));
  }
  batch.Put(partition_key(number_, partition.id), encode_partition(record));
  KSEEK_TRY(fault_point("seal.before_commit"));
  KSEEK_TRY(shared_.database->write(batch, false));
  crash_point("seal.committed");
  publish_seal(partition, sealed, record);
  return {};
}

void TopicStoreImpl::publish_seal(Partition& partition, SealedBlock& sealed, const PartitionRecord& record) {
  FrozenBlock gone;  // its memory is freed after the lock
  std::shared_ptr<const BlockList> old_blocks;
  std::shared_ptr<const IndexSnapshot> old_index;
  std::unique_lock lock(mu_);
  gone = std::move(partition.frozen.front());
  partition.frozen.pop_front();
  partition.saved = record;
  for (const DeadLetter& letter : gone.dead_letters) partition.dead_letters.push_back({letter.offset, letter.time});
  if (!gone.block) return;
  activity_.blocks_sealed += 1;
  const BlockMeta& meta = sealed.encoded.meta;
  partition.sealed_messages += meta.messages;
  sealed_messages_ += meta.messages;
  sealed_raw_bytes_ += meta.raw_bytes;
  sealed_stored_bytes_ += meta.stored_bytes;
  old_blocks = std::exchange(blocks_, std::make_shared<const BlockList>(blocks_->with(meta)));
  auto index = std::make_shared<IndexSnapshot>(*index_);
  index->pending.push_back({meta.id, std::move(sealed.terms)});
  old_index = std::exchange(index_, std::move(index));
  lock.unlock();
}

Result<void> TopicStoreImpl::save_positions() {
  KSEEK_TRY(fault_point("flush.positions"));
  std::lock_guard commit(commit_mu_);
  KSEEK_TRY(check_writable());
  rocksdb::WriteBatch batch;
  std::vector<std::pair<Partition*, PartitionRecord>> changed;
  {
    std::shared_lock lock(mu_);
    for (const auto& [id, partition] : partitions_) {
      PartitionRecord record = partition->saved;
      record.low = partition->low;
      if (partition->frozen.empty() && partition->nothing_open()) record.next = partition->next;
      if (record != partition->saved) changed.emplace_back(partition.get(), record);
    }
  }
  if (changed.empty()) return {};
  for (const auto& [partition, record] : changed)
    batch.Put(partition_key(number_, partition->id), encode_partition(record));
  KSEEK_TRY(shared_.database->write(batch, false));
  std::unique_lock lock(mu_);
  for (const auto& [partition, record] : changed) partition->saved = record;
  return {};
}

Result<void> TopicStoreImpl::flush() {
  freeze_all();
  uint64_t last_frozen = 0;
  {
    std::shared_lock lock(mu_);
    last_frozen = frozen_sequence_;
  }
  /// Repeats `work` until nothing is `left`; when others have claimed it all, until one of them ends.
  const auto work_off = [this](const auto& work, const auto& left) -> Result<void> {
    for (;;) {
      uint64_t seen = 0;
      {
        std::shared_lock lock(mu_);
        if (!left()) return {};
        seen = works_ended_;
      }
      KSEEK_ASSIGN(const bool worked, work());
      if (worked) continue;
      std::unique_lock lock(mu_);
      done_.wait(lock, [&] { return works_ended_ != seen || !left(); });
    }
  };
  KSEEK_TRY(work_off([this] { return seal_next(); },
                     [&] {
                       return std::any_of(partitions_.begin(), partitions_.end(), [&](const auto& entry) {
                         const auto& frozen = entry.second->frozen;
                         return !frozen.empty() && frozen.front().sequence <= last_frozen;
                       });
                     }));
  BlockId end;
  {
    std::lock_guard commit(commit_mu_);
    end = next_block_;
  }
  KSEEK_TRY(work_off([this] { return index_next(true); }, [&] { return has_unindexed_below(end); }));
  KSEEK_TRY(save_positions());
  return shared_.database->sync();
}

}  // namespace kseek::store
