// TopicStoreImpl: writing what is left of mostly empty blocks as fewer full ones.
//
// The new blocks have new ids, so that RocksDB's files of blocks stay disjoint in ids and go as a whole. The old ones
// are no longer named by the catalog from the write on that names the new ones, but stay where they are, with what was
// removed of them, while anybody has a list of blocks that names them (BlockList::era). After a crash nobody has.
#include <algorithm>
#include <bit>

#include "base/fault_point.h"
#include "store/rewrite_policy.h"
#include "store/topic_store_impl.h"

namespace kseek::store {

struct TopicStoreImpl::Rewrite {
  struct Block {
    EncodedBlock encoded;
    std::shared_ptr<const BlockTerms> terms;
  };
  std::vector<BlockMeta> old;       ///< by id
  std::shared_ptr<OpenBlock> open;  ///< what the next new one is made of
  std::vector<Block> blocks;        ///< by offset

  void finish_block() {
    if (!open) return;
    blocks.push_back({encode_block(*open, open->size()), collect_terms(*open, open->size())});
    open = nullptr;
  }
};

namespace {

uint64_t count_removed(const RemovedBits& bits) {
  uint64_t count = 0;
  for (const char byte : bits) count += static_cast<uint64_t>(std::popcount(static_cast<unsigned char>(byte)));
  return count;
}

}  // namespace

Result<bool> TopicStoreImpl::rewrite_next() {
  if (shared_.database->read_only()) return false;
  std::lock_guard one_at_a_time(compact_mu_);  // nothing is removed of the blocks meanwhile
  if (!rewrite_more_) return false;
  const std::vector<BlockMeta> run = choose_blocks_to_rewrite();
  if (run.empty()) {
    rewrite_more_ = false;
    return false;
  }
  Rewrite rewrite;
  for (const BlockMeta& old : run) {
    KSEEK_ASSIGN(const bool written, write_anew(old, rewrite));
    if (!written) return true;  // without it another run is chosen
  }
  rewrite.finish_block();
  rewrite.old = run;
  std::sort(rewrite.old.begin(), rewrite.old.end(), [](const auto& a, const auto& b) { return a.id < b.id; });
  KSEEK_TRY(commit_rewrite(rewrite));
  return true;
}

/// Neighbours of one partition, by offset. REQUIRES: compact_mu_ held.
std::vector<BlockMeta> TopicStoreImpl::choose_blocks_to_rewrite() const {
  std::shared_ptr<const BlockList> blocks;
  std::map<BlockId, std::shared_ptr<const RemovedBits>> removed;
  {
    std::shared_lock lock(mu_);
    if (removed_.empty()) return {};
    blocks = blocks_;
    removed = removed_;
  }
  std::map<PartitionId, std::vector<BlockMeta>> partitions;
  blocks->for_each([&](const BlockMeta& meta) { partitions[meta.partition].push_back(meta); });
  for (auto& [partition, metas] : partitions) {
    std::sort(metas.begin(), metas.end(), [](const auto& a, const auto& b) { return a.first < b.first; });
    std::vector<RewriteCandidate> candidates;
    candidates.reserve(metas.size());
    for (const BlockMeta& meta : metas) {
      const auto bits = removed.find(meta.id);
      const uint64_t gone = bits == removed.end() ? 0 : count_removed(*bits->second);
      candidates.push_back({meta.messages, meta.messages + gone, meta.raw_bytes, not_rewritten_.contains(meta.id)});
    }
    const auto choice = choose_rewrite(candidates, shared_.options.max_messages, shared_.options.max_bytes);
    if (!choice) continue;
    const auto begin = metas.begin() + static_cast<std::ptrdiff_t>(choice->begin);
    return {begin, begin + static_cast<std::ptrdiff_t>(choice->count)};
  }
  return {};
}

/// Adds what is left of the block. False: it can't be read, or has expired. REQUIRES: compact_mu_ held.
Result<bool> TopicStoreImpl::write_anew(const BlockMeta& old, Rewrite& rewrite) {
  std::shared_ptr<const RemovedBits> removed;
  {
    std::shared_lock lock(mu_);
    if (blocks_->find(old.id) == nullptr) return false;
    if (const auto found = removed_.find(old.id); found != removed_.end()) removed = found->second;
  }
  const auto stored = load_block(old, Columns::all());  // not through the cache: nobody asked for it
  if (!stored && stored.error().code != ErrorCode::kCorrupt) return stored.error();
  if (!stored || !*stored) {
    not_rewritten_.insert(old.id);
    return false;
  }
  const KeptBlock block(*stored, removed ? *removed : RemovedBits());
  if (block.size() != old.messages) {
    not_rewritten_.insert(old.id);
    return false;
  }
  const BlockOptions& options = shared_.options;
  for (size_t i = 0; i < block.size(); ++i) {
    const StoredMessage message = block.message(i);
    if (rewrite.open && rewrite.open->append(message)) continue;
    rewrite.finish_block();
    rewrite.open = std::make_shared<OpenBlock>(old.partition, options.max_messages, options.max_bytes);
    static_cast<void>(rewrite.open->append(message));  // an empty block takes any message
  }
  return true;
}

Result<void> TopicStoreImpl::commit_rewrite(Rewrite& rewrite) {
  std::lock_guard commit(commit_mu_);
  KSEEK_TRY(check_writable());
  {
    std::shared_lock lock(mu_);
    const bool all_there = std::all_of(rewrite.old.begin(), rewrite.old.end(),
                                       [&](const BlockMeta& old) { return blocks_->find(old.id) != nullptr; });
    if (!all_there) return {};  // some have expired: the next call looks again
  }
  rocksdb::WriteBatch batch;
  for (auto& [encoded, terms] : rewrite.blocks) {
    encoded.meta.id = next_block_;
    ++next_block_.value;
    KSEEK_TRY(block_family_->put(batch, encoded.meta.id, encoded.bytes));
    batch.Put(block_key(number_, encoded.meta.id), encode_block_meta(encoded.meta));
    batch.Put(removed_key(number_, encoded.meta.id), RemovedBits());  // it was written anew, see find_compacted()
  }
  batch.Put(topic_key(number_, RecordKind::kNextBlock), encode_number(next_block_.value));
  for (const BlockMeta& old : rewrite.old) {
    batch.Delete(block_key(number_, old.id));
    batch.Delete(removed_key(number_, old.id));
  }
  // Power failure may lose it: the old blocks' bytes go after a sync only.
  KSEEK_TRY(fault_point("rewrite.before_commit"));
  KSEEK_TRY(shared_.database->write(batch, false));
  crash_point("rewrite.committed");
  publish_rewrite(rewrite);
  return {};
}

void TopicStoreImpl::publish_rewrite(const Rewrite& rewrite) {
  Superseded superseded;
  superseded.blocks = rewrite.old;
  for (const BlockMeta& old : rewrite.old) superseded.ids.push_back(old.id);
  std::vector<BlockMeta> added;
  for (const auto& [encoded, terms] : rewrite.blocks) added.push_back(encoded.meta);
  const std::vector<BlockId>& ids = superseded.ids;
  const auto gone = [&](BlockId id) { return std::binary_search(ids.begin(), ids.end(), id); };

  std::shared_ptr<const BlockList> old_blocks;  // they are freed after the lock
  std::shared_ptr<const IndexSnapshot> old_index;
  std::unique_lock lock(mu_);
  for (const BlockMeta& old : rewrite.old) {
    sealed_raw_bytes_ -= old.raw_bytes;
    sealed_stored_bytes_ -= old.stored_bytes;
  }
  for (const BlockMeta& meta : added) {
    sealed_raw_bytes_ += meta.raw_bytes;
    sealed_stored_bytes_ += meta.stored_bytes;
  }
  auto index = std::make_shared<IndexSnapshot>(*index_);
  std::erase_if(index->pending, [&](const auto& pending) { return gone(pending.block); });
  std::erase_if(index->unindexed, gone);
  for (const auto& [encoded, terms] : rewrite.blocks) index->pending.push_back({encoded.meta.id, terms});
  for (const BlockMeta& meta : added) removed_.emplace(meta.id, std::make_shared<const RemovedBits>());
  activity_.blocks_rewritten += rewrite.old.size();
  superseded.era = blocks_->era();
  old_blocks = std::exchange(blocks_, std::make_shared<const BlockList>(blocks_->rewritten(ids, added)));
  old_index = std::exchange(index_, std::move(index));
  superseded_.push_back(std::move(superseded));
  count_restored();
  lock.unlock();
}

/// Forgets the rewritten blocks that nobody can read any more; true if there were any. Who has a list of an era may
/// have the blocks of all later ones, too.
bool TopicStoreImpl::release_superseded() {
  std::unique_lock lock(mu_);
  bool released = false;
  for (; !superseded_.empty() && superseded_.front().era.expired(); superseded_.pop_front()) {
    for (const BlockId id : superseded_.front().ids) removed_.erase(id);
    released = true;
  }
  return released;
}

bool TopicStoreImpl::is_readable(BlockId id) const {
  if (blocks_->find(id) != nullptr) return true;
  return std::any_of(superseded_.begin(), superseded_.end(), [&](const Superseded& superseded) {
    return std::binary_search(superseded.ids.begin(), superseded.ids.end(), id);
  });
}

/// Those that live, and those that were rewritten and are not released.
BlockList TopicStoreImpl::readable_blocks() const {
  if (superseded_.empty()) return blocks_->apart();
  std::vector<BlockMeta> all;
  blocks_->for_each([&](const BlockMeta& meta) { all.push_back(meta); });
  for (const Superseded& superseded : superseded_) {
    all.insert(all.end(), superseded.blocks.begin(), superseded.blocks.end());
  }
  std::sort(all.begin(), all.end(), [](const BlockMeta& a, const BlockMeta& b) { return a.id < b.id; });
  return BlockList::of(all);
}

}  // namespace kseek::store
