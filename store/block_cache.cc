#include "store/block_cache.h"

#include <utility>
#include <vector>

namespace kseek::store {

std::shared_ptr<const DecodedBlock> BlockCache::find(const Key& key) {
  std::lock_guard lock(mu_);
  const auto found = index_.find(key);
  if (found == index_.end()) return nullptr;
  entries_.splice(entries_.begin(), entries_, found->second);
  return found->second->block;
}

void BlockCache::insert(const Key& key, std::shared_ptr<const DecodedBlock> block) {
  const uint64_t size = block->memory_bytes();
  if (size > limit_bytes_) return;
  std::vector<std::shared_ptr<const DecodedBlock>> evicted;  // freed after the lock
  std::lock_guard lock(mu_);
  if (index_.contains(key)) return;
  while (bytes_ + size > limit_bytes_ && !entries_.empty()) {
    Entry& oldest = entries_.back();
    bytes_ -= oldest.bytes;
    evicted.push_back(std::move(oldest.block));
    index_.erase(oldest.key);
    entries_.pop_back();
  }
  entries_.push_front({key, std::move(block), size});
  index_.emplace(key, entries_.begin());
  bytes_ += size;
}

void BlockCache::erase_topic(uint32_t topic) {
  std::lock_guard lock(mu_);
  for (auto entry = entries_.begin(); entry != entries_.end();) {
    if (entry->key.topic != topic) {
      ++entry;
      continue;
    }
    bytes_ -= entry->bytes;
    index_.erase(entry->key);
    entry = entries_.erase(entry);
  }
}

uint64_t BlockCache::bytes() const {
  std::lock_guard lock(mu_);
  return bytes_;
}

}  // namespace kseek::store
