// RocksDB as store/ uses it: one database, its catalog (default column family), and a column family of blocks a topic
// (block_family.h). Internal to store/; with block_family.h the only headers that show RocksDB's types. Any thread.
#pragma once

#include <rocksdb/db.h>
#include <rocksdb/write_batch.h>

#include <atomic>
#include <filesystem>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "store/live_blocks.h"
#include "store/records.h"

namespace kseek::store {

/// A RocksDB status as an Error: no space and I/O are kUnavailable, bad bytes kCorrupt. `doing` completes "cannot …".
[[nodiscard]] Error from_rocksdb(const rocksdb::Status& status, std::string_view doing);

class Database {
 public:
  /// Opens <dir>/db. Owner: creates it when missing. Otherwise beside an owner, as of now.
  /// Errors: as Store::open, the directory's own checks apart. `env` is for tests that make the disk fail.
  static Result<std::shared_ptr<Database>> open(const std::filesystem::path& dir, bool read_only,
                                                uint64_t write_buffer_bytes, rocksdb::Env* env = nullptr);
  ~Database();

  /// All of the batch or nothing survives a crash, in the order of the writes; `sync`: power loss, too.
  [[nodiscard]] Result<void> write(rocksdb::WriteBatch& batch, bool sync);
  /// Everything written so far survives power loss.
  [[nodiscard]] Result<void> sync();
  /// A catalog record; nullopt: absent.
  [[nodiscard]] Result<std::optional<std::string>> get(const std::string& key) const;
  /// The catalog's records with `prefix`, in order (reverse: from the last), until `visit` returns false.
  [[nodiscard]] Result<void> scan(
      const std::string& prefix, bool reverse,
      const std::function<bool(std::string_view key, std::string_view record)>& visit) const;

  [[nodiscard]] bool read_only() const { return read_only_; }
  rocksdb::DB& rocks() const { return *db_; }

  /// A column family as it was found on opening, with what its compactions ask.
  struct Family {
    std::string name;
    rocksdb::ColumnFamilyHandle* handle = nullptr;
    std::shared_ptr<LiveBlocks> live;
  };
  /// Gives one to the caller, who destroys its handle before the database; nullopt: none of that name.
  [[nodiscard]] std::optional<Family> take_family(const std::string& name);
  [[nodiscard]] std::vector<std::string> families() const;  ///< names of those not taken yet
  [[nodiscard]] Result<Family> create_family(const std::string& name);
  /// Drops the families that nobody took.
  [[nodiscard]] Result<void> drop_untaken();

 private:
  Database() = default;
  [[nodiscard]] Result<void> open_families(const std::string& path, uint64_t write_buffer_bytes, rocksdb::Env* env);
  [[nodiscard]] Result<void> check_format();
  [[nodiscard]] Result<void> resume();

  bool read_only_ = false;
  std::filesystem::path secondary_log_;  // a temporary directory of a reader
  std::unique_ptr<rocksdb::DB> db_;
  std::vector<Family> opened_;  // one thread: who opens the store
  std::mutex resume_mu_;
  std::atomic<bool> write_failed_{false};  // RocksDB has stopped writing: it must resume first
};

}  // namespace kseek::store
