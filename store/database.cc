#include "store/database.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>

#include "base/open_files.h"
#include "store/rocks_options.h"

namespace kseek::store {
namespace {

/// A shorter log is left as it is: flushing writes a file for each topic.
constexpr uint64_t kLongLogBytes = 16_MiB;

/// The oldest write-ahead log in the database's directory; nullopt: there is none. They are deleted in order.
std::optional<std::filesystem::path> oldest_log(const std::string& path) {
  std::optional<std::filesystem::path> oldest;
  std::error_code error;
  for (std::filesystem::directory_iterator entry(path, error), end; !error && entry != end; entry.increment(error)) {
    if (entry->path().extension() == ".log" && (!oldest || entry->path() < *oldest)) oldest = entry->path();
  }
  return oldest;
}

/// Opens beside an owner. What is in no file of blocks yet is in a log, and the two are read one after the other: had
/// the owner moved something from a log to a file in between, it would be missing.
rocksdb::Status open_beside_owner(const rocksdb::DBOptions& options, const std::string& path,
                                  const std::string& own_path,
                                  const std::vector<rocksdb::ColumnFamilyDescriptor>& descriptors,
                                  std::vector<rocksdb::ColumnFamilyHandle*>* handles, rocksdb::DB** opened) {
  const auto oldest = oldest_log(path);
  auto status = rocksdb::DB::OpenAsSecondary(options, path, own_path, descriptors, handles, opened);
  std::error_code error;
  if (status.ok() && oldest && !std::filesystem::exists(*oldest, error)) {
    for (auto* handle : *handles) (*opened)->DestroyColumnFamilyHandle(handle);
    handles->clear();
    return rocksdb::Status::TryAgain("its owner changed it meanwhile");
  }
  return status;
}

/// "t" and a number, or the catalog's "default".
bool is_family_of_ours(const std::string& name) {
  if (name == rocksdb::kDefaultColumnFamilyName) return true;
  uint32_t number = 0;
  const char* end = name.data() + name.size();
  return name.size() > 1 && name[0] == 't' && std::from_chars(name.data() + 1, end, number).ptr == end;
}

Error cannot_open(const rocksdb::Status& status, const std::string& path) {
  Error error = from_rocksdb(status, fmt::format("open {}", path));
  if (!status.IsPathNotFound()) return error;
  return {ErrorCode::kCorrupt, std::move(error.message), kStartAnewHint};  // of the files that name each other
}

Error not_ours(const std::string& path) {
  return {ErrorCode::kInvalid, fmt::format("{} holds a database that is not kseek's", path),
          "give an empty directory, or one that kseek made, as --data-dir"};
}

}  // namespace

Error from_rocksdb(const rocksdb::Status& status, std::string_view doing) {
  const std::string text = status.ToString();
  const std::string message = fmt::format("cannot {}: {}", doing, text);
  if (status.IsNoSpace()) {
    return {ErrorCode::kUnavailable, fmt::format("no space left on the disk: {}", message),
            "free some disk space (RocksDB wants 64 MiB); it is tried again"};
  }
  if (text.find("Too many open files") != std::string::npos) {
    return {ErrorCode::kUnavailable, message, kOpenFilesHint};
  }
  if (status.IsCorruption()) return {ErrorCode::kCorrupt, message, kStartAnewHint};
  if (status.IsIOError() && text.find("lock") != std::string::npos) {
    return {ErrorCode::kConflict, message, "another process has the database open: stop it"};
  }
  if (status.IsIOError() || status.IsBusy() || status.IsTryAgain() || status.IsAborted() || status.IsTimedOut() ||
      status.IsShutdownInProgress()) {
    return {ErrorCode::kUnavailable, message, "check the disk and the directory's permissions; it is tried again"};
  }
  if (status.IsColumnFamilyDropped()) return {ErrorCode::kNotFound, message, "the topic was closed"};
  return {ErrorCode::kInternal, message, ""};
}

Result<std::shared_ptr<Database>> Database::open(const std::filesystem::path& dir, bool read_only,
                                                 uint64_t write_buffer_bytes, rocksdb::Env* env) {
  std::shared_ptr<Database> database(new Database(dir, read_only, write_buffer_bytes, env));
  KSEEK_TRY(database->open_families());
  KSEEK_TRY(database->check_format());
  return database;
}

Result<std::vector<std::string>> Database::list_families() {
  std::vector<std::string> names = {rocksdb::kDefaultColumnFamilyName};
  if (!std::filesystem::exists(dir_ / "db" / "CURRENT")) return names;
  auto options = database_options(path(), read_only_, write_buffer_bytes_);
  if (env_ != nullptr) options.env = env_;
  const auto status = rocksdb::DB::ListColumnFamilies(options, path(), &names);
  if (!status.ok()) return cannot_open(status, path());
  if (!std::all_of(names.begin(), names.end(), is_family_of_ours)) return not_ours(path());
  return names;
}

/// Those that are taken get their handles; others that are there are untaken.
Result<void> Database::open_families() {
  KSEEK_ASSIGN(const auto names, list_families());
  auto options = database_options(path(), read_only_, write_buffer_bytes_);
  if (env_ != nullptr) options.env = env_;
  const std::lock_guard families(families_mu_);
  std::vector<FamilyPtr> found;
  std::vector<rocksdb::ColumnFamilyDescriptor> descriptors;
  for (const auto& name : names) {
    const auto known =
        std::find_if(taken_.begin(), taken_.end(), [&](const FamilyPtr& family) { return family->name == name; });
    found.push_back(known != taken_.end() ? *known
                                          : std::make_shared<Family>(Family{name, std::make_shared<LiveBlocks>()}));
    const bool is_catalog = name == rocksdb::kDefaultColumnFamilyName;
    descriptors.emplace_back(name, is_catalog ? catalog_options() : family_options(found.back()->live));
  }
  std::vector<rocksdb::ColumnFamilyHandle*> handles;
  rocksdb::DB* opened = nullptr;
  rocksdb::Status status;
  if (read_only_) {
    std::string pattern = (std::filesystem::temp_directory_path() / "kseek-reader-XXXXXX").string();
    if (::mkdtemp(pattern.data()) == nullptr) {
      return Error{ErrorCode::kUnavailable, fmt::format("cannot make a temporary directory {}", pattern),
                   "set TMPDIR to a directory that can be written"};
    }
    secondary_log_ = pattern;
    status = open_beside_owner(options, path(), pattern, descriptors, &handles, &opened);
  } else {
    status = rocksdb::DB::Open(options, path(), descriptors, &handles, &opened);
  }
  db_.reset(opened);
  if (!status.ok()) return cannot_open(status, path());
  for (size_t i = 0; i < handles.size(); ++i) {
    found[i]->handle = handles[i];
    if (std::find(taken_.begin(), taken_.end(), found[i]) == taken_.end()) untaken_.push_back(found[i]);
  }
  return {};
}

void Database::close() {
  if (!db_) return;
  const std::lock_guard families(families_mu_);
  for (const auto* list : {&taken_, &untaken_}) {
    for (const FamilyPtr& family : *list) {
      if (family->handle != nullptr) db_->DestroyColumnFamilyHandle(std::exchange(family->handle, nullptr));
    }
  }
  untaken_.clear();
  db_.reset();
}

Result<void> Database::check_format() {
  KSEEK_ASSIGN(const auto record, get(format_key()));
  if (record) {
    const auto version = decode_format(*record);
    if (!version) return not_ours(path());
    if (*version > kFormatVersion) {
      return Error{ErrorCode::kInvalid,
                   fmt::format("{} was written by a newer kseek: format {}; this one reads up to {}", path(), *version,
                               kFormatVersion),
                   "run the newer kseek, or give another --data-dir"};
    }
    if (*version == kFormatVersion || read_only_) return {};
    rocksdb::WriteBatch batch;  // what this program adds, an older one would not understand
    batch.Put(format_key(), encode_format(kFormatVersion));
    return write(batch, true);
  }
  bool empty = true;
  KSEEK_TRY(scan("", false, [&](std::string_view, std::string_view) { return empty = false; }));
  if (!empty) return not_ours(path());
  if (read_only_) {
    return Error{ErrorCode::kNotFound, fmt::format("{} has no kseek data yet", path()), "start its owner first"};
  }
  rocksdb::WriteBatch batch;
  batch.Put(format_key(), encode_format(kFormatVersion));
  return write(batch, true);
}

Database::~Database() {
  if (db_ && !read_only_) ignore_error(sync(), "what is not durable is consumed again");
  close();
  std::error_code ignored;
  if (!secondary_log_.empty()) std::filesystem::remove_all(secondary_log_, ignored);
}

Result<Database::Access> Database::access() const {
  std::shared_lock<std::shared_mutex> lock;
  {
    const std::lock_guard gate(gate_);
    lock = std::shared_lock(db_mu_);
  }
  if (db_) return Access(std::move(lock), *db_);
  return Error{ErrorCode::kUnavailable, fmt::format("{} could not be opened again after the disk had failed", path()),
               "check the disk; it is tried again"};
}

Error Database::write_failed(rocksdb::DB& db, const rocksdb::Status& status, std::string_view doing) {
  Error error = from_rocksdb(status, fmt::format("{} {}", doing, path()));
  {
    const std::lock_guard lock(doubt_mu_);
    failure_ = error;
    if (!write_failed_) failed_log_ = log_number(db);
  }
  write_failed_ = true;
  return error;
}

Result<void> Database::write(rocksdb::WriteBatch& batch, bool sync) {
  KSEEK_TRY(resume());
  KSEEK_ASSIGN(const Access access, this->access());
  rocksdb::WriteOptions options;
  options.sync = sync;
  const auto status = access->Write(options, &batch);
  if (status.ok()) {
    if (!sync) ++writes_;
    if (futile_resumes_ != 0) futile_resumes_ = 0;
    return {};
  }
  note_doubtful(batch);
  return write_failed(*access, status, "write to");
}

Result<void> Database::sync() {
  KSEEK_TRY(resume());
  const uint64_t written = writes_;
  uint64_t synced = synced_writes_;
  if (synced >= written) return {};
  KSEEK_ASSIGN(const Access access, this->access());
  // Not FlushWAL(): it would touch a log that another thread has just failed to write, and there RocksDB asserts.
  rocksdb::WriteOptions options;
  options.sync = true;
  rocksdb::WriteBatch nothing;
  const auto status = access->Write(options, &nothing);
  if (!status.ok()) return write_failed(*access, status, "sync");
  while (synced < written && !synced_writes_.compare_exchange_weak(synced, written)) continue;
  return {};
}

Result<std::optional<std::string>> Database::get(const std::string& key) const {
  KSEEK_ASSIGN(const Access access, this->access());
  std::string record;
  const auto status = access->Get(rocksdb::ReadOptions(), key, &record);
  if (status.IsNotFound()) return std::optional<std::string>();
  if (!status.ok()) return from_rocksdb(status, fmt::format("read {}", path()));
  return std::optional<std::string>(std::move(record));
}

Result<void> Database::scan(const std::string& prefix, bool reverse,
                            const std::function<bool(std::string_view, std::string_view)>& visit) const {
  KSEEK_ASSIGN(const Access access, this->access());
  const std::unique_ptr<rocksdb::Iterator> it(access->NewIterator(rocksdb::ReadOptions()));
  if (reverse) {
    it->SeekForPrev(prefix + std::string(64, '\xFF'));
  } else {
    it->Seek(prefix);
  }
  for (; it->Valid() && it->key().starts_with(prefix); reverse ? it->Prev() : it->Next()) {
    if (!visit(it->key().ToStringView(), it->value().ToStringView())) return {};
  }
  if (!it->status().ok()) return from_rocksdb(it->status(), fmt::format("read {}", path()));
  return {};
}

Database::FamilyPtr Database::take_family(const std::string& name) {
  const std::lock_guard families(families_mu_);
  const auto found =
      std::find_if(untaken_.begin(), untaken_.end(), [&](const FamilyPtr& family) { return family->name == name; });
  if (found == untaken_.end()) return nullptr;
  taken_.push_back(*found);
  untaken_.erase(found);
  return taken_.back();
}

std::vector<std::string> Database::families() const {
  const std::lock_guard families(families_mu_);
  std::vector<std::string> names;
  for (const FamilyPtr& family : untaken_) names.push_back(family->name);
  return names;
}

Result<Database::FamilyPtr> Database::create_family(const std::string& name) {
  KSEEK_TRY(resume());
  KSEEK_ASSIGN(const Access access, this->access());
  auto family = std::make_shared<Family>(Family{name, std::make_shared<LiveBlocks>()});
  const auto status = access->CreateColumnFamily(family_options(family->live), name, &family->handle);
  if (!status.ok()) return write_failed(*access, status, "add a topic to");
  const std::lock_guard families(families_mu_);
  taken_.push_back(family);
  return family;
}

Result<void> Database::drop_family(const Family& family) {
  KSEEK_TRY(resume());
  KSEEK_ASSIGN(const Access access, this->access());
  if (family.handle == nullptr) return {};
  const auto status = access->DropColumnFamily(family.handle);
  if (!status.ok()) return write_failed(*access, status, fmt::format("drop {} from", family.name));
  return {};
}

void Database::release(const FamilyPtr& family) {
  const auto access = this->access();
  const std::lock_guard families(families_mu_);
  std::erase(taken_, family);
  if (access && family->handle != nullptr) (*access)->DestroyColumnFamilyHandle(std::exchange(family->handle, nullptr));
}

Result<void> Database::empty_log() {
  if (write_failed_) return {};
  KSEEK_ASSIGN(const Access access, this->access());
  rocksdb::VectorLogPtr logs;
  if (const auto status = access->GetSortedWalFiles(logs); !status.ok()) return from_rocksdb(status, "list the log of");
  uint64_t bytes = 0;
  for (const auto& log : logs) bytes += log->SizeFileBytes();
  if (bytes < kLongLogBytes) return {};
  const std::lock_guard lock(families_mu_);
  std::vector<rocksdb::ColumnFamilyHandle*> handles;
  for (const auto* list : {&taken_, &untaken_}) {
    for (const FamilyPtr& family : *list) {
      if (family->handle != nullptr) handles.push_back(family->handle);
    }
  }
  const auto status = access->Flush(rocksdb::FlushOptions(), handles);
  if (!status.ok()) return from_rocksdb(status, fmt::format("flush {}", path()));
  return {};
}

Result<void> Database::drop_untaken() {
  std::vector<FamilyPtr> families;
  {
    const std::lock_guard lock(families_mu_);
    families = untaken_;
  }
  for (const FamilyPtr& family : families) {
    if (family->name != rocksdb::kDefaultColumnFamilyName) KSEEK_TRY(drop_family(*family));
  }
  return {};
}

}  // namespace kseek::store
