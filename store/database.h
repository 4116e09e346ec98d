// RocksDB as store/ uses it: one database, its catalog (default column family), and a column family of blocks a topic
// (block_family.h). Internal to store/; with block_family.h and rocks_*.h the only headers that show RocksDB's
// types. Any thread.
//
// A disk that fails. After a failed write RocksDB takes no more and reads on. Each later write() first asks it to
// resume: where the disk was full it does so by itself, once there is space (64 MiB, looked at every five seconds).
// After any other failure it never does; then, as soon as a file can be written beside it, the database is closed and
// opened again, and reads wait for that. A write that failed is undone then, in case that the log has it all the same.
#pragma once

#include <rocksdb/db.h>
#include <rocksdb/write_batch.h>

#include <atomic>
#include <filesystem>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <shared_mutex>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"
#include "store/live_blocks.h"
#include "store/records.h"

namespace kseek::store {

/// A RocksDB status as an Error: no space and I/O are kUnavailable, bad bytes kCorrupt. `doing` completes "cannot …".
[[nodiscard]] Error from_rocksdb(const rocksdb::Status& status, std::string_view doing);

/// What to do when the data directory can't be read: the next step of an Error.
inline constexpr const char* kStartAnewHint =
    "move the data directory away, start again and open the topics with `kseek open`: what Kafka still has is taken in "
    "anew (docs/faults.md)";

class Database {
 public:
  /// Opens <dir>/db. Owner: creates it when missing. Otherwise beside an owner, as of now.
  /// Errors: as Store::open, the directory's own checks apart. `env` is for tests that make the disk fail.
  static Result<std::shared_ptr<Database>> open(const std::filesystem::path& dir, bool read_only,
                                                uint64_t write_buffer_bytes, rocksdb::Env* env = nullptr);
  ~Database();

  /// All of the batch or nothing survives a crash, in the order of the writes; `sync`: power loss, too.
  [[nodiscard]] Result<void> write(rocksdb::WriteBatch& batch, bool sync);
  /// Everything written so far survives power loss. Costs nothing when that is so already.
  [[nodiscard]] Result<void> sync();
  /// A catalog record; nullopt: absent.
  [[nodiscard]] Result<std::optional<std::string>> get(const std::string& key) const;
  /// The catalog's records with `prefix`, in order (reverse: from the last), until `visit` returns false; it must not
  /// use the database.
  [[nodiscard]] Result<void> scan(
      const std::string& prefix, bool reverse,
      const std::function<bool(std::string_view key, std::string_view record)>& visit) const;

  [[nodiscard]] bool read_only() const { return read_only_; }

  /// A column family of blocks, with what its compactions ask.
  struct Family {
    std::string name;
    std::shared_ptr<LiveBlocks> live;
    rocksdb::ColumnFamilyHandle* handle = nullptr;  ///< while there is an Access; nullptr: dropped
  };
  using FamilyPtr = std::shared_ptr<Family>;

  /// RocksDB, which stays open as long as this lives. A thread has one at a time, for a moment.
  class Access {
   public:
    Access(std::shared_lock<std::shared_mutex> lock, rocksdb::DB& db) : lock_(std::move(lock)), db_(&db) {}
    rocksdb::DB* operator->() const { return db_; }
    rocksdb::DB& operator*() const { return *db_; }

   private:
    std::shared_lock<std::shared_mutex> lock_;
    rocksdb::DB* db_;
  };
  /// kUnavailable: it was closed after a failure of the disk, and could not be opened again yet.
  [[nodiscard]] Result<Access> access() const;

  /// A family as it was found on opening, for the caller, who releases it; nullptr: none of that name.
  [[nodiscard]] FamilyPtr take_family(const std::string& name);
  [[nodiscard]] std::vector<std::string> families() const;  ///< names of those not taken yet
  [[nodiscard]] Result<FamilyPtr> create_family(const std::string& name);
  /// Drops it from the database; what is open reads on until it is released.
  [[nodiscard]] Result<void> drop_family(const Family& family);
  void release(const FamilyPtr& family);
  /// Drops the families that nobody took.
  [[nodiscard]] Result<void> drop_untaken();

  /// Before it is closed: where RocksDB's log is long, what stands in it alone goes into files, and the log goes. It
  /// would keep blocks a second time on disk, and be read again at the next start.
  [[nodiscard]] Result<void> empty_log();

 private:
  Database(std::filesystem::path dir, bool read_only, uint64_t write_buffer_bytes, rocksdb::Env* env)
      : dir_(std::move(dir)), read_only_(read_only), write_buffer_bytes_(write_buffer_bytes), env_(env) {}
  [[nodiscard]] std::string path() const { return (dir_ / "db").string(); }
  Result<void> open_families();                      // REQUIRES: db_mu_ held exclusively, or nobody else there
  Result<std::vector<std::string>> list_families();  // their names
  void close();                                      // as open_families()
  Result<void> check_format();
  [[nodiscard]] Error write_failed(rocksdb::DB& db, const rocksdb::Status& status, std::string_view doing);

  // database_resume.cc
  /// What failed writes wanted to change in the catalog: keys, and ranges of keys.
  struct Doubtful {
    std::vector<std::string> keys;
    std::vector<std::pair<std::string, std::string>> ranges;
  };
  [[nodiscard]] static uint64_t log_number(rocksdb::DB& db);
  Result<void> resume();
  Result<void> reopen();
  Result<void> probe_disk() const;
  void note_doubtful(const rocksdb::WriteBatch& batch);
  Result<void> remember_doubtful();

  const std::filesystem::path dir_;
  const bool read_only_;
  const uint64_t write_buffer_bytes_;
  rocksdb::Env* const env_;              // nullptr: the usual one
  std::filesystem::path secondary_log_;  // a temporary directory of a reader

  mutable std::mutex gate_;          // taken before db_mu_, so that who waits to close it is let in
  mutable std::shared_mutex db_mu_;  // shared: to use db_ and the handles; exclusive: to close and open it
  std::unique_ptr<rocksdb::DB> db_;  // guarded by db_mu_; nullptr: closed
  mutable std::mutex families_mu_;   // taken after db_mu_
  std::vector<FamilyPtr> untaken_;   // guarded by families_mu_
  std::vector<FamilyPtr> taken_;     // guarded by families_mu_

  std::atomic<uint64_t> writes_{0};         // that were not synced when they were written
  std::atomic<uint64_t> synced_writes_{0};  // of those, so many of the first are

  std::mutex resume_mu_;                   // one resume() at a time; taken before db_mu_
  std::atomic<bool> write_failed_{false};  // RocksDB has stopped writing: it must resume first
  std::atomic<int> futile_resumes_{0};     // since the last write that went well
  std::mutex doubt_mu_;                    // taken after all others
  std::optional<Error> failure_;           // guarded by doubt_mu_: why writing stopped
  uint64_t failed_log_ = 0;                // guarded by doubt_mu_: RocksDB's log when writing stopped
  Doubtful doubtful_;                      // guarded by doubt_mu_
  rocksdb::WriteBatch undo_;               // guarded by resume_mu_: what must be written when it is opened again
};

}  // namespace kseek::store
