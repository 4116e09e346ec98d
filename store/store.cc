#include "store/store.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <chrono>
#include <map>
#include <mutex>
#include <optional>
#include <set>
#include <shared_mutex>
#include <string>

#include "base/fault_point.h"
#include "base/time.h"
#include "store/lock_file.h"
#include "store/segment_files.h"
#include "store/topic_store_impl.h"

namespace kseek::store {
namespace {

namespace fs = std::filesystem;

/// What may stand in a directory that kseek began to make and did not finish.
bool is_ours_or_empty(const fs::path& dir, std::error_code& error) {
  if (fs::exists(dir / "db" / "CURRENT", error)) return true;
  static const std::set<std::string> kOurs = {"LOCK", "db", "segments", "lost+found"};
  fs::directory_iterator entries(dir, error);
  if (error) return false;
  return std::all_of(begin(entries), end(entries),
                     [](const fs::directory_entry& entry) { return kOurs.contains(entry.path().filename().string()); });
}

Error cannot_use(const fs::path& dir, const std::error_code& error) {
  return {ErrorCode::kUnavailable, fmt::format("cannot use {} as data directory: {}", dir.string(), error.message()),
          "check its permissions, that the disk is mounted, and that it is not read-only"};
}

/// kInvalid, kUnavailable or (reader) kNotFound unless `dir` is, or may become, a data directory.
Result<void> check_directory(const fs::path& dir, OpenMode mode) {
  std::error_code error;
  const auto status = fs::status(dir, error);
  if (status.type() == fs::file_type::not_found) {
    if (mode == OpenMode::kReadOnly) {
      return Error{ErrorCode::kNotFound, fmt::format("there is no data directory {}", dir.string()),
                   "check --data-dir, or start its owner first"};
    }
    fs::create_directories(dir, error);
    if (error) return cannot_use(dir, error);
    return {};
  }
  if (status.type() == fs::file_type::none) return cannot_use(dir, error);
  if (status.type() != fs::file_type::directory) {
    return Error{ErrorCode::kInvalid, fmt::format("{} is not a directory", dir.string()),
                 "give a directory as --data-dir"};
  }
  error.clear();
  const bool ours = is_ours_or_empty(dir, error);
  if (error) return cannot_use(dir, error);
  if (!ours) {
    return Error{ErrorCode::kInvalid, fmt::format("{} is not a kseek directory, and not empty", dir.string()),
                 "give an empty or a new directory as --data-dir"};
  }
  if (mode == OpenMode::kReadOnly && !fs::exists(dir / "db" / "CURRENT", error)) {
    return Error{ErrorCode::kNotFound, fmt::format("{} has no kseek data yet", dir.string()), "start its owner first"};
  }
  return {};
}

Error not_open(std::string_view topic) {
  return {ErrorCode::kNotFound, fmt::format("topic {} is not open", topic), "`kseek topics` lists them"};
}

class StoreImpl final : public Store {
 public:
  StoreImpl(StoreShared shared, std::optional<LockFile> lock) : lock_(std::move(lock)), shared_(std::move(shared)) {}
  ~StoreImpl() override {
    if (lock_) ignore_error(shared_.database->empty_log(), "the log is read again at the next start");
  }
  StoreImpl(const StoreImpl&) = delete;
  StoreImpl& operator=(const StoreImpl&) = delete;

  Result<void> load();
  Result<void> remove_orphans() const;

  [[nodiscard]] Result<std::shared_ptr<TopicStore>> create_topic(const TopicConfig& config) override;
  [[nodiscard]] Result<std::shared_ptr<TopicStore>> recreate_topic(const TopicConfig& config,
                                                                   const TopicEvent& event) override;
  [[nodiscard]] std::shared_ptr<TopicStore> topic(std::string_view name) const override;
  [[nodiscard]] std::vector<std::shared_ptr<TopicStore>> topics() const override;
  [[nodiscard]] Result<void> drop_topic(std::string_view name) override;
  [[nodiscard]] std::string clock_trouble() const override { return shared_.clock->trouble(); }
  [[nodiscard]] Result<std::shared_ptr<TopicStore>> create_generation(const TopicConfig& config) override;
  [[nodiscard]] std::shared_ptr<TopicStore> generation(std::string_view name) const override;
  [[nodiscard]] std::vector<std::shared_ptr<TopicStore>> generations() const override;
  [[nodiscard]] Result<void> adopt_generation(std::string_view name) override;
  [[nodiscard]] Result<void> drop_generation(std::string_view name) override;
  [[nodiscard]] Result<void> save_job(const JobRecord& job) override;
  [[nodiscard]] Result<void> forget_job(uint64_t id) override;
  [[nodiscard]] Result<std::vector<JobRecord>> jobs() const override;

 private:
  using TopicMap = std::map<std::string, std::shared_ptr<TopicStoreImpl>, std::less<>>;
  [[nodiscard]] Result<void> check_writable() const;
  Result<std::shared_ptr<TopicStoreImpl>> make_topic(const TopicConfig& config, bool is_generation,
                                                     std::vector<TopicEvent> events = {},
                                                     TopicStoreImpl* instead_of = nullptr) const;
  [[nodiscard]] std::shared_ptr<TopicStoreImpl> find(const TopicMap& map, std::string_view name) const;
  Result<void> drop_from(TopicMap& map, std::string_view name);

  const std::optional<LockFile> lock_;  // let go last
  const StoreShared shared_;
  std::mutex change_mu_;  // one create or drop at a time; taken before mu_
  mutable std::shared_mutex mu_;
  TopicMap topics_;       // guarded by mu_
  TopicMap generations_;  // guarded by mu_
};

Result<void> StoreImpl::load() {
  Timestamp latest;
  for (const std::string& family : shared_.database->families()) {
    TopicNumber number;
    if (std::from_chars(family.data() + 1, family.data() + family.size(), number.value).ec != std::errc()) continue;
    KSEEK_ASSIGN(const auto record, shared_.database->get(topic_key(number, RecordKind::kConfig)));
    if (!record) continue;  // a crash while it was opened or closed
    auto config = decode_config(*record);
    if (!config) {
      return Error{ErrorCode::kCorrupt, fmt::format("the catalog's record of topic number {} is damaged", number.value),
                   kStartAnewHint};
    }
    const std::string name = config->name;
    auto topic = std::make_shared<TopicStoreImpl>(shared_, number, *std::move(config),
                                                  BlockFamily::opened(shared_.database, number));
    KSEEK_TRY(topic->load());
    KSEEK_ASSIGN(const auto is_generation, shared_.database->get(topic_key(number, RecordKind::kGeneration)));
    latest = std::max(latest, topic->latest_time());
    (is_generation ? generations_ : topics_).emplace(name, std::move(topic));
  }
  if (!shared_.database->read_only()) shared_.clock->begin_after(latest);
  return {};
}

Result<void> StoreImpl::remove_orphans() const {
  crash_point("open.loaded");
  KSEEK_TRY(shared_.database->drop_untaken());
  std::error_code error;
  fs::create_directories(shared_.segments_dir, error);
  if (error) return cannot_use(shared_.segments_dir, error);
  // They may have been made just now: so that they survive power loss, with what is synced in them.
  const fs::path dir = fs::absolute(shared_.segments_dir.parent_path(), error);
  KSEEK_TRY(sync_path(dir));
  ignore_error(sync_path(dir.parent_path()), "it may be somebody else's; then who made the directory sees to it");
  std::set<std::string> named;
  for (const TopicMap* map : {&topics_, &generations_}) {
    for (const auto& [name, topic] : *map) {
      for (auto& segment : topic->segment_names()) named.insert(std::move(segment));
    }
  }
  std::vector<fs::path> orphans;
  for (const auto& entry : fs::directory_iterator(shared_.segments_dir, error)) {
    if (!named.contains(entry.path().filename().string())) orphans.push_back(entry.path());
  }
  for (const auto& path : orphans) {
    if (error) break;
    fs::remove_all(path, error);
    crash_point("open.orphan_removed");
  }
  if (error) return cannot_use(shared_.segments_dir, error);
  return {};
}

/// Its records and its family of blocks; in one write with the end of `instead_of`, if that is not null.
/// REQUIRES: change_mu_ held.
Result<std::shared_ptr<TopicStoreImpl>> StoreImpl::make_topic(const TopicConfig& config, bool is_generation,
                                                              std::vector<TopicEvent> events,
                                                              TopicStoreImpl* instead_of) const {
  KSEEK_TRY(check_writable());
  KSEEK_ASSIGN(const auto record, shared_.database->get(next_topic_key()));
  const auto next = record ? decode_number(*record) : std::optional<uint64_t>(1);
  if (!next || *next >= UINT32_MAX) {
    return Error{ErrorCode::kCorrupt, "the catalog's next topic number is damaged", kStartAnewHint};
  }
  const TopicNumber number{static_cast<uint32_t>(*next)};
  KSEEK_ASSIGN(auto family, BlockFamily::create(shared_.database, number));
  auto created = std::make_shared<TopicStoreImpl>(shared_, number, config, std::move(family), std::move(events));
  crash_point("create.family");
  rocksdb::WriteBatch batch;
  batch.Put(next_topic_key(), encode_number(*next + 1));
  created->put_records(batch);
  if (is_generation) batch.Put(topic_key(number, RecordKind::kGeneration), "");
  auto written = instead_of != nullptr ? instead_of->drop(std::move(batch)) : shared_.database->write(batch, true);
  if (!written) {
    created->give_up();
    return std::move(written).error();
  }
  crash_point("create.committed");
  return created;
}

Result<void> StoreImpl::check_writable() const {
  if (!shared_.database->read_only()) return {};
  return Error{ErrorCode::kConflict, "the data directory is open for reading only",
               "ask the kseek that owns it (--server)"};
}

Result<std::shared_ptr<TopicStore>> StoreImpl::create_topic(const TopicConfig& config) {
  KSEEK_TRY(check_topic_name(config.name));
  std::lock_guard changing(change_mu_);
  if (topic(config.name)) {
    return Error{ErrorCode::kConflict, fmt::format("topic {} is open already", config.name), ""};
  }
  KSEEK_ASSIGN(auto created, make_topic(config, false));
  std::unique_lock lock(mu_);
  topics_.emplace(config.name, created);
  return std::shared_ptr<TopicStore>(std::move(created));
}

Result<std::shared_ptr<TopicStore>> StoreImpl::recreate_topic(const TopicConfig& config, const TopicEvent& event) {
  std::lock_guard changing(change_mu_);
  const auto old = find(topics_, config.name);
  if (!old) return not_open(config.name);
  KSEEK_TRY(drop_from(generations_, config.name));
  std::vector<TopicEvent> events = old->events();
  events.push_back(event);
  if (events.size() > kKeptEvents) events.erase(events.begin());
  KSEEK_TRY(fault_point("recreate.before_commit"));
  KSEEK_ASSIGN(auto created, make_topic(config, false, std::move(events), old.get()));
  crash_point("recreate.committed");
  std::unique_lock lock(mu_);
  topics_.find(config.name)->second = created;
  return std::shared_ptr<TopicStore>(std::move(created));
}

std::shared_ptr<TopicStoreImpl> StoreImpl::find(const TopicMap& map, std::string_view name) const {
  std::shared_lock lock(mu_);
  const auto found = map.find(name);
  return found == map.end() ? nullptr : found->second;
}

std::shared_ptr<TopicStore> StoreImpl::topic(std::string_view name) const { return find(topics_, name); }

std::vector<std::shared_ptr<TopicStore>> StoreImpl::topics() const {
  std::shared_lock lock(mu_);
  std::vector<std::shared_ptr<TopicStore>> all;
  for (const auto& [name, topic] : topics_) all.push_back(topic);
  return all;
}

Result<void> StoreImpl::drop_from(TopicMap& map, std::string_view name) {
  const auto dropped = find(map, name);
  if (!dropped) return {};
  KSEEK_TRY(dropped->drop());
  std::unique_lock lock(mu_);
  map.erase(map.find(name));
  return {};
}

Result<void> StoreImpl::drop_topic(std::string_view name) {
  std::lock_guard changing(change_mu_);
  if (!find(topics_, name)) return not_open(name);
  KSEEK_TRY(drop_from(generations_, name));
  return drop_from(topics_, name);
}

Result<std::shared_ptr<TopicStore>> StoreImpl::create_generation(const TopicConfig& config) {
  std::lock_guard changing(change_mu_);
  if (!find(topics_, config.name)) return not_open(config.name);
  if (find(generations_, config.name)) {
    return Error{ErrorCode::kConflict, fmt::format("topic {} has a next generation already", config.name), ""};
  }
  KSEEK_ASSIGN(auto created, make_topic(config, true));
  std::unique_lock lock(mu_);
  generations_.emplace(config.name, created);
  return std::shared_ptr<TopicStore>(std::move(created));
}

std::shared_ptr<TopicStore> StoreImpl::generation(std::string_view name) const { return find(generations_, name); }

std::vector<std::shared_ptr<TopicStore>> StoreImpl::generations() const {
  std::shared_lock lock(mu_);
  std::vector<std::shared_ptr<TopicStore>> all;
  for (const auto& [name, topic] : generations_) all.push_back(topic);
  return all;
}

Result<void> StoreImpl::adopt_generation(std::string_view name) {
  std::lock_guard changing(change_mu_);
  const auto old = find(topics_, name);
  const auto fresh = find(generations_, name);
  if (!old || !fresh) {
    return Error{ErrorCode::kNotFound, fmt::format("topic {} has no next generation", name), ""};
  }
  rocksdb::WriteBatch batch;
  batch.Delete(topic_key(fresh->number(), RecordKind::kGeneration));
  fresh->inherit_events(old->events(), batch);
  KSEEK_TRY(fault_point("generation.before_adopt"));
  KSEEK_TRY(old->drop(std::move(batch)));
  crash_point("generation.adopted");
  std::unique_lock lock(mu_);
  topics_.find(name)->second = fresh;
  generations_.erase(generations_.find(name));
  return {};
}

Result<void> StoreImpl::drop_generation(std::string_view name) {
  std::lock_guard changing(change_mu_);
  return drop_from(generations_, name);
}

Result<void> StoreImpl::save_job(const JobRecord& job) {
  KSEEK_TRY(check_writable());
  rocksdb::WriteBatch batch;
  batch.Put(job_key(job.id), encode_job(job));
  KSEEK_TRY(fault_point("job.before_save"));
  KSEEK_TRY(shared_.database->write(batch, true));
  crash_point("job.saved");
  return {};
}

Result<void> StoreImpl::forget_job(uint64_t id) {
  KSEEK_TRY(check_writable());
  rocksdb::WriteBatch batch;
  batch.Delete(job_key(id));
  return shared_.database->write(batch, false);
}

Result<std::vector<JobRecord>> StoreImpl::jobs() const {
  std::vector<JobRecord> all;
  KSEEK_TRY(shared_.database->scan(jobs_prefix(), false, [&](std::string_view /*key*/, std::string_view record) {
    if (auto job = decode_job(record)) all.push_back(*std::move(job));
    return true;
  }));
  return all;
}

Result<std::unique_ptr<Store>> open_once(const fs::path& dir, OpenMode mode, const StoreOptions& options) {
  KSEEK_TRY(check_directory(dir, mode));
  const bool read_only = mode == OpenMode::kReadOnly;
  std::optional<LockFile> lock;
  if (!read_only) {
    KSEEK_ASSIGN(auto taken, LockFile::take(dir));
    lock.emplace(std::move(taken));
  }
  StoreShared shared;
  KSEEK_ASSIGN(shared.database, Database::open(dir, read_only, options.write_buffer_bytes));
  shared.cache = std::make_shared<BlockCache>(options.block_cache_bytes);
  shared.segments_dir = dir / "segments";
  shared.options = options.blocks;
  auto store = std::make_unique<StoreImpl>(std::move(shared), std::move(lock));
  KSEEK_TRY(store->load());
  if (!read_only) KSEEK_TRY(store->remove_orphans());
  return std::unique_ptr<Store>(std::move(store));
}

/// Which files there are, by name: an owner never writes a second one of a name.
std::set<fs::path> files_below(const fs::path& dir) {
  std::set<fs::path> files;
  std::error_code error;  // what goes meanwhile is not there
  for (fs::recursive_directory_iterator file(dir, error), end; file != end && !error; file.increment(error)) {
    files.insert(file->path());
  }
  return files;
}

}  // namespace

Result<std::unique_ptr<Store>> Store::open(const fs::path& dir, OpenMode mode, const StoreOptions& options) {
  if (mode == OpenMode::kOwner) return open_once(dir, mode, options);
  // Beside a busy owner, files may vanish between the moment they are listed and the moment they are opened.
  constexpr std::chrono::seconds kPatience{30};
  const auto deadline = std::chrono::steady_clock::now() + kPatience;
  for (;;) {
    const std::set<fs::path> before = files_below(dir);
    auto opened = open_once(dir, mode, options);
    if (opened || std::chrono::steady_clock::now() >= deadline) return opened;
    const ErrorCode code = opened.error().code;
    if (code != ErrorCode::kCorrupt && code != ErrorCode::kUnavailable) return opened;
    if (files_below(dir) == before) return opened;  // nobody's doing
  }
}

}  // namespace kseek::store
