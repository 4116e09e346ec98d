// Decoded blocks kept for the next search: least recently used first out, limited by bytes for the whole store.
// Any thread. One mutex is enough: it is held for a hash lookup, where a miss costs a read and a decompression.
#pragma once

#include <cstdint>
#include <list>
#include <memory>
#include <mutex>
#include <unordered_map>

#include "base/ids.h"
#include "store/block.h"

namespace kseek::store {

/// Internal to store/.
class BlockCache {
 public:
  struct Key {
    uint32_t topic = 0;
    BlockId block;
    bool operator==(const Key&) const = default;
  };

  explicit BlockCache(uint64_t limit_bytes) : limit_bytes_(limit_bytes) {}

  /// nullptr when it is not there.
  [[nodiscard]] std::shared_ptr<const DecodedBlock> find(const Key& key);
  /// Keeps the block unless it is larger than the whole limit. No effect when it is there already.
  void insert(const Key& key, std::shared_ptr<const DecodedBlock> block);
  /// Forgets every block of a topic.
  void erase_topic(uint32_t topic);
  [[nodiscard]] uint64_t bytes() const;

 private:
  struct Hash {
    size_t operator()(const Key& key) const noexcept {
      return std::hash<uint64_t>{}((uint64_t{key.topic} << 40) ^ key.block.value);
    }
  };
  struct Entry {
    Key key;
    std::shared_ptr<const DecodedBlock> block;
    uint64_t bytes = 0;
  };
  using Entries = std::list<Entry>;

  const uint64_t limit_bytes_;
  mutable std::mutex mu_;
  Entries entries_;                                         // guarded by mu_; the most recently used first
  std::unordered_map<Key, Entries::iterator, Hash> index_;  // guarded by mu_
  uint64_t bytes_ = 0;                                      // guarded by mu_
};

}  // namespace kseek::store
