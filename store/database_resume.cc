// Database: going on after a write that failed.
#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <system_error>

#include "store/database.h"

namespace kseek::store {
namespace {

/// Of resumes after which the next write failed all the same: then the log itself can't be written any more.
constexpr int kMostFutileResumes = 2;

/// The keys of the catalog that a batch changes.
class KeyCollector final : public rocksdb::WriteBatch::Handler {
 public:
  KeyCollector(std::vector<std::string>& keys, std::vector<std::pair<std::string, std::string>>& ranges)
      : keys_(keys), ranges_(ranges) {}
  rocksdb::Status PutCF(uint32_t family, const rocksdb::Slice& key, const rocksdb::Slice& /*value*/) override {
    return add(family, key);
  }
  rocksdb::Status DeleteCF(uint32_t family, const rocksdb::Slice& key) override { return add(family, key); }
  rocksdb::Status DeleteRangeCF(uint32_t family, const rocksdb::Slice& begin, const rocksdb::Slice& end) override {
    if (family == 0) ranges_.emplace_back(begin.ToString(), end.ToString());
    return rocksdb::Status::OK();
  }

 private:
  rocksdb::Status add(uint32_t family, const rocksdb::Slice& key) {
    if (family == 0) keys_.push_back(key.ToString());
    return rocksdb::Status::OK();
  }

  std::vector<std::string>& keys_;
  std::vector<std::pair<std::string, std::string>>& ranges_;
};

Error disk_fails(const std::filesystem::path& file, int error) {
  return {ErrorCode::kUnavailable,
          fmt::format("cannot write to {}: {}", file.string(), std::generic_category().message(error)),
          "check the disk; it is tried again"};
}

}  // namespace

uint64_t Database::log_number(rocksdb::DB& db) {
  std::unique_ptr<rocksdb::LogFile> log;
  return db.GetCurrentWalFile(&log).ok() && log ? log->LogNumber() : 0;
}

/// After a failed write RocksDB takes no more, and its log must not be touched, until it has resumed.
Result<void> Database::resume() {
  if (!write_failed_) return {};
  const std::lock_guard lock(resume_mu_);
  if (!write_failed_) return {};
  if (++futile_resumes_ <= kMostFutileResumes) {
    const auto access = this->access();
    const auto status = access ? (*access)->Resume() : rocksdb::Status::IOError();
    const std::lock_guard doubt(doubt_mu_);
    // A log that was not changed for another can't be written any more (as when nothing but it held anything).
    if (status.ok() && log_number(**access) != failed_log_) {
      write_failed_ = false;
      return {};
    }
    if (status.IsBusy()) {  // it looks by itself whether there is space
      --futile_resumes_;
      return *failure_;
    }
  }
  KSEEK_TRY(probe_disk());
  return reopen();
}

/// kUnavailable, unless a file can be written and synced: a database that is open can be read, one that can't be
/// opened again can't.
Result<void> Database::probe_disk() const {
  const auto file = dir_ / "probe";
  const int fd = ::open(file.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
  if (fd < 0) return disk_fails(file, errno);
  static constexpr std::array<char, 64 * 1024> kBytes{};
  const ssize_t written = ::write(fd, kBytes.data(), kBytes.size());
  const bool cut = written >= 0 && static_cast<size_t>(written) < kBytes.size();
  int error = cut ? ENOSPC : 0;
  if (written < 0 || (!cut && ::fsync(fd) != 0)) error = errno;
  ::close(fd);
  ::unlink(file.c_str());
  if (error != 0) return disk_fails(file, error);
  return {};
}

void Database::note_doubtful(const rocksdb::WriteBatch& batch) {
  const std::lock_guard lock(doubt_mu_);
  KeyCollector collector(doubtful_.keys, doubtful_.ranges);
  batch.Iterate(&collector).PermitUncheckedError();
}

/// RocksDB does not have what failed writes wanted, but its log may: so what it has of their keys is written again.
/// REQUIRES: db_mu_ and resume_mu_ held.
Result<void> Database::remember_doubtful() {
  const std::lock_guard lock(doubt_mu_);
  const rocksdb::ReadOptions options;
  for (const auto& [begin, end] : doubtful_.ranges) {
    undo_.DeleteRange(begin, end);
    const std::unique_ptr<rocksdb::Iterator> it(db_->NewIterator(options));
    for (it->Seek(begin); it->Valid() && it->key().compare(end) < 0; it->Next()) undo_.Put(it->key(), it->value());
    if (!it->status().ok()) return from_rocksdb(it->status(), fmt::format("read {}", path()));
  }
  for (const std::string& key : doubtful_.keys) {
    std::string value;
    const auto status = db_->Get(options, key, &value);
    if (status.ok()) {
      undo_.Put(key, value);
    } else if (status.IsNotFound()) {
      undo_.Delete(key);
    } else {
      return from_rocksdb(status, fmt::format("read {}", path()));
    }
  }
  doubtful_ = {};
  return {};
}

Result<void> Database::reopen() {
  const std::lock_guard gate(gate_);
  const std::lock_guard exclusive(db_mu_);
  if (db_) {
    undo_.Clear();
    KSEEK_TRY(remember_doubtful());
    close();
  }
  KSEEK_TRY(open_families());
  rocksdb::WriteOptions options;
  options.sync = true;
  if (const auto status = db_->Write(options, &undo_); !status.ok()) {
    close();
    return from_rocksdb(status, fmt::format("write to {} again", path()));
  }
  undo_.Clear();
  futile_resumes_ = 0;
  write_failed_ = false;
  return {};
}

}  // namespace kseek::store
