#include "store/database.h"

#include <fmt/format.h>
#include <rocksdb/compaction_filter.h>
#include <rocksdb/options.h>
#include <rocksdb/table.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>

#include "base/bytes.h"
#include "store/open_files.h"

namespace kseek::store {
namespace {

constexpr const char* kRebuildHint =
    "the messages are still in Kafka: move the directory away, start again, and rebuild with "
    "`kseek reindex TOPIC --source kafka`";

/// Drops dead blocks from files that a compaction rewrites. It never runs when files are only moved.
class LiveFilter final : public rocksdb::CompactionFilter {
 public:
  explicit LiveFilter(LiveBlocks::Snapshot live) : live_(std::move(live)) {}
  bool Filter(int /*level*/, const rocksdb::Slice& key, const rocksdb::Slice& /*value*/, std::string* /*changed*/,
              bool* /*is_changed*/) const override {
    const auto id = parse_block_data_key(key.ToStringView());
    return id && !live_.contains(*id);
  }
  const char* Name() const override { return "kseek.LiveFilter"; }

 private:
  const LiveBlocks::Snapshot live_;
};

class LiveFilterFactory final : public rocksdb::CompactionFilterFactory {
 public:
  explicit LiveFilterFactory(std::shared_ptr<const LiveBlocks> live) : live_(std::move(live)) {}
  std::unique_ptr<rocksdb::CompactionFilter> CreateCompactionFilter(
      const rocksdb::CompactionFilter::Context& /*context*/) override {
    return std::make_unique<LiveFilter>(live_->get());
  }
  const char* Name() const override { return "kseek.LiveFilterFactory"; }

 private:
  const std::shared_ptr<const LiveBlocks> live_;
};

rocksdb::DBOptions database_options(bool read_only, uint64_t write_buffer_bytes) {
  rocksdb::DBOptions options;
  options.create_if_missing = !read_only;
  options.db_write_buffer_size = write_buffer_bytes;
  // A quiet topic's memtable would pin old log files: it is flushed when they reach this.
  options.max_total_wal_size = std::max<uint64_t>(2 * write_buffer_bytes, 64_MiB);
  // A reader must hold every file open, so that none can vanish from under it.
  options.max_open_files = read_only ? -1 : static_cast<int>(std::min<size_t>(512, open_file_limit() / 4));
  options.max_background_jobs = 2;
  options.bytes_per_sync = 1_MiB;
  options.wal_bytes_per_sync = 1_MiB;
  options.max_manifest_file_size = 16_MiB;
  options.keep_log_file_num = 2;
  options.max_log_file_size = 4_MiB;
  options.info_log_level = rocksdb::InfoLogLevel::WARN_LEVEL;
  options.stats_dump_period_sec = 0;
  options.stats_persist_period_sec = 0;
  options.skip_stats_update_on_db_open = true;
  return options;
}

rocksdb::ColumnFamilyOptions catalog_options() {
  rocksdb::ColumnFamilyOptions options;
  options.write_buffer_size = 8_MiB;
  options.compression = rocksdb::kNoCompression;
  return options;
}

rocksdb::ColumnFamilyOptions family_options(const std::shared_ptr<const LiveBlocks>& live) {
  rocksdb::ColumnFamilyOptions options;
  options.write_buffer_size = 64_MiB;
  options.arena_block_size = 64_KiB;  // topics may be many, and most of them quiet
  options.compression = rocksdb::kNoCompression;
  options.target_file_size_base = 64_MiB;
  options.compaction_filter_factory = std::make_shared<LiveFilterFactory>(live);
  rocksdb::BlockBasedTableOptions table;
  table.no_block_cache = true;  // decoded blocks are cached by BlockCache
  options.table_factory.reset(rocksdb::NewBlockBasedTableFactory(table));
  return options;
}

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

Error not_ours(const std::string& path) {
  return {ErrorCode::kInvalid, fmt::format("{} holds a database that is not kseek's", path),
          "give an empty directory, or one that kseek made, as --data-dir"};
}

}  // namespace

Error from_rocksdb(const rocksdb::Status& status, std::string_view doing) {
  const std::string message = fmt::format("cannot {}: {}", doing, status.ToString());
  if (status.IsNoSpace()) {
    return {ErrorCode::kUnavailable, message, "free some disk space; it is tried again"};
  }
  if (status.ToString().find("Too many open files") != std::string::npos) {
    return {ErrorCode::kUnavailable, message, kOpenFilesHint};
  }
  if (status.IsCorruption()) return {ErrorCode::kCorrupt, message, kRebuildHint};
  if (status.IsIOError() && status.ToString().find("lock") != std::string::npos) {
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
  std::shared_ptr<Database> database(new Database());
  database->read_only_ = read_only;
  KSEEK_TRY(database->open_families((dir / "db").string(), write_buffer_bytes, env));
  KSEEK_TRY(database->check_format());
  return database;
}

Result<void> Database::open_families(const std::string& path, uint64_t write_buffer_bytes, rocksdb::Env* env) {
  auto options = database_options(read_only_, write_buffer_bytes);
  if (env != nullptr) options.env = env;
  std::vector<std::string> names = {rocksdb::kDefaultColumnFamilyName};
  if (std::filesystem::exists(std::filesystem::path(path) / "CURRENT")) {
    if (const auto status = rocksdb::DB::ListColumnFamilies(options, path, &names); !status.ok()) {
      return from_rocksdb(status, fmt::format("open {}", path));
    }
    if (!std::all_of(names.begin(), names.end(), is_family_of_ours)) return not_ours(path);
  }
  std::vector<std::shared_ptr<LiveBlocks>> live;
  std::vector<rocksdb::ColumnFamilyDescriptor> descriptors;
  for (const auto& name : names) {
    live.push_back(std::make_shared<LiveBlocks>());
    descriptors.emplace_back(
        name, name == rocksdb::kDefaultColumnFamilyName ? catalog_options() : family_options(live.back()));
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
    status = open_beside_owner(options, path, pattern, descriptors, &handles, &opened);
  } else {
    status = rocksdb::DB::Open(options, path, descriptors, &handles, &opened);
  }
  db_.reset(opened);
  if (!status.ok()) return from_rocksdb(status, fmt::format("open {}", path));
  for (size_t i = 0; i < handles.size(); ++i) opened_.push_back({names[i], handles[i], live[i]});
  return {};
}

Result<void> Database::check_format() {
  KSEEK_ASSIGN(const auto record, get(format_key()));
  if (record) {
    const auto version = decode_format(*record);
    if (!version) return not_ours(db_->GetName());
    if (*version > kFormatVersion) {
      return Error{ErrorCode::kInvalid,
                   fmt::format("{} was written by a newer kseek: format {}; this one reads up to {}", db_->GetName(),
                               *version, kFormatVersion),
                   "run the newer kseek, or give another --data-dir"};
    }
    if (*version == kFormatVersion || read_only_) return {};
    rocksdb::WriteBatch batch;  // what this program adds, an older one would not understand
    batch.Put(format_key(), encode_format(kFormatVersion));
    return write(batch, true);
  }
  bool empty = true;
  KSEEK_TRY(scan("", false, [&](std::string_view, std::string_view) { return empty = false; }));
  if (!empty) return not_ours(db_->GetName());
  if (read_only_) {
    return Error{ErrorCode::kNotFound, fmt::format("{} has no kseek data yet", db_->GetName()),
                 "start its owner first"};
  }
  rocksdb::WriteBatch batch;
  batch.Put(format_key(), encode_format(kFormatVersion));
  return write(batch, true);
}

Database::~Database() {
  if (db_) {
    for (const auto& family : opened_) db_->DestroyColumnFamilyHandle(family.handle);
    if (!read_only_) ignore_error(sync(), "what is not durable is consumed again");
    db_.reset();
  }
  std::error_code ignored;
  if (!secondary_log_.empty()) std::filesystem::remove_all(secondary_log_, ignored);
}

/// After a failed write RocksDB takes no more, and its log must not be touched, until it has resumed.
Result<void> Database::resume() {
  if (!write_failed_) return {};
  const std::lock_guard lock(resume_mu_);
  if (!write_failed_) return {};
  if (const auto status = db_->Resume(); !status.ok()) {
    Error error = from_rocksdb(status, fmt::format("write to {} again", db_->GetName()));
    error.code = ErrorCode::kUnavailable;
    error.hint = status.IsBusy() ? "RocksDB looks every few seconds whether there is space again: free some disk space"
                                 : "check the disk, then restart kseek (what is not stored yet is consumed again)";
    return error;
  }
  write_failed_ = false;
  return {};
}

Result<void> Database::write(rocksdb::WriteBatch& batch, bool sync) {
  KSEEK_TRY(resume());
  rocksdb::WriteOptions options;
  options.sync = sync;
  const auto status = db_->Write(options, &batch);
  if (status.ok()) return {};
  write_failed_ = true;
  return from_rocksdb(status, fmt::format("write to {}", db_->GetName()));
}

Result<void> Database::sync() {
  KSEEK_TRY(resume());
  const auto status = db_->FlushWAL(true);
  if (status.ok()) return {};
  write_failed_ = true;
  return from_rocksdb(status, fmt::format("sync {}", db_->GetName()));
}

Result<std::optional<std::string>> Database::get(const std::string& key) const {
  std::string record;
  const auto status = db_->Get(rocksdb::ReadOptions(), key, &record);
  if (status.IsNotFound()) return std::optional<std::string>();
  if (!status.ok()) return from_rocksdb(status, fmt::format("read {}", db_->GetName()));
  return std::optional<std::string>(std::move(record));
}

Result<void> Database::scan(const std::string& prefix, bool reverse,
                            const std::function<bool(std::string_view, std::string_view)>& visit) const {
  const std::unique_ptr<rocksdb::Iterator> it(db_->NewIterator(rocksdb::ReadOptions()));
  if (reverse) {
    it->SeekForPrev(prefix + std::string(64, '\xFF'));
  } else {
    it->Seek(prefix);
  }
  for (; it->Valid() && it->key().starts_with(prefix); reverse ? it->Prev() : it->Next()) {
    if (!visit(it->key().ToStringView(), it->value().ToStringView())) return {};
  }
  if (!it->status().ok()) return from_rocksdb(it->status(), fmt::format("read {}", db_->GetName()));
  return {};
}

std::optional<Database::Family> Database::take_family(const std::string& name) {
  const auto found =
      std::find_if(opened_.begin(), opened_.end(), [&](const Family& family) { return family.name == name; });
  if (found == opened_.end()) return std::nullopt;
  Family family = std::move(*found);
  opened_.erase(found);
  return family;
}

std::vector<std::string> Database::families() const {
  std::vector<std::string> names;
  for (const auto& family : opened_) names.push_back(family.name);
  return names;
}

Result<Database::Family> Database::create_family(const std::string& name) {
  Family family{name, nullptr, std::make_shared<LiveBlocks>()};
  const auto status = db_->CreateColumnFamily(family_options(family.live), name, &family.handle);
  if (!status.ok()) return from_rocksdb(status, fmt::format("add a topic to {}", db_->GetName()));
  return family;
}

Result<void> Database::drop_untaken() {
  for (const auto& family : opened_) {
    if (family.name == rocksdb::kDefaultColumnFamilyName) continue;
    const auto status = db_->DropColumnFamily(family.handle);
    if (!status.ok()) return from_rocksdb(status, fmt::format("remove leftovers from {}", db_->GetName()));
  }
  return {};
}

}  // namespace kseek::store
