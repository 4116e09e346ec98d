// The blocks of one topic in RocksDB: a column family, block id -> encoded block. Internal to store/. Any thread.
//
// Blocks are written once under rising ids and are never rewritten or deleted key by key: the catalog says which live.
// So compaction only moves files, and expired blocks go as whole files.
#pragma once

#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>

#include "store/database.h"
#include "store/owned_bytes.h"

namespace kseek::store {

class BlockFamily {
 public:
  /// The topic's family as it was found on opening; nullptr when there is none.
  static std::unique_ptr<BlockFamily> opened(const std::shared_ptr<Database>& database, TopicNumber topic);
  static Result<std::unique_ptr<BlockFamily>> create(const std::shared_ptr<Database>& database, TopicNumber topic);
  ~BlockFamily();  ///< leaves the blocks where they are
  BlockFamily(const BlockFamily&) = delete;
  BlockFamily& operator=(const BlockFamily&) = delete;

  /// Adds the block to a batch. kUnavailable as Database::access(); kNotFound when it was dropped.
  [[nodiscard]] Result<void> put(rocksdb::WriteBatch& batch, BlockId id, std::string_view bytes) const;
  /// The block's bytes; nullopt when it is not there.
  [[nodiscard]] Result<std::optional<OwnedBytes>> read(BlockId id) const;
  /// Drops it from the database; what is open reads on until it is destroyed.
  [[nodiscard]] Result<void> drop();

  /// Gives space back: files without a live block are deleted, up to `max_rewrites` mostly dead ones are rewritten. So
  /// is RocksDB's log, when mostly dead blocks stand in it.
  /// REQUIRES: that all but `live` are dead is durable; one call at a time. True: there may be more to do, call again.
  [[nodiscard]] Result<bool> reclaim(const LiveBlocks::Snapshot& live, size_t max_rewrites);

 private:
  BlockFamily(std::shared_ptr<Database> database, Database::FamilyPtr family)
      : database_(std::move(database)), family_(std::move(family)) {}
  [[nodiscard]] Result<Database::Access> access() const;
  [[nodiscard]] Result<void> flush_dead(rocksdb::DB& rocks, const LiveBlocks::Snapshot& live) const;

  const std::shared_ptr<Database> database_;
  const Database::FamilyPtr family_;
  std::set<std::string> damaged_files_;  // one thread: reclaim()'s; not rewritten any more
};

}  // namespace kseek::store
