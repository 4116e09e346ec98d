#include "store/rocks_options.h"

#include <rocksdb/cache.h>
#include <rocksdb/compaction_filter.h>
#include <rocksdb/table.h>

#include <algorithm>
#include <filesystem>

#include "base/bytes.h"
#include "base/open_files.h"
#include "store/records.h"
#include "store/rocks_log.h"

namespace kseek::store {
namespace {

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

/// Keeps nothing but what is in use: decoded blocks are cached by BlockCache. Without a cache RocksDB would copy what
/// it reads once more; from one it lends it (PinnableSlice). For all databases of the process: what is lent may outlive
/// them.
const std::shared_ptr<rocksdb::Cache>& pinned_only_cache() {
  static const auto* const cache = new std::shared_ptr<rocksdb::Cache>(rocksdb::NewLRUCache(0));
  return *cache;
}

}  // namespace

rocksdb::DBOptions database_options(const std::string& path, bool read_only, uint64_t write_buffer_bytes) {
  rocksdb::DBOptions options;
  options.create_if_missing = !read_only;
  options.db_write_buffer_size = write_buffer_bytes;
  // A quiet topic's memtable would pin old log files: it is flushed when they reach this.
  options.max_total_wal_size = std::max<uint64_t>(2 * write_buffer_bytes, 64_MiB);
  // A reader must hold every file open, so that none can vanish from under it.
  options.max_open_files = read_only ? -1 : static_cast<int>(file_shares().database);
  options.max_background_jobs = 2;
  options.bytes_per_sync = 1_MiB;
  options.wal_bytes_per_sync = 1_MiB;
  options.max_manifest_file_size = 16_MiB;
  if (!read_only) {
    std::error_code ignored;  // RocksDB will say it
    std::filesystem::create_directories(path, ignored);
    options.info_log = std::make_shared<RocksLog>(path + "/LOG");
  }
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
  table.block_cache = pinned_only_cache();
  options.table_factory.reset(rocksdb::NewBlockBasedTableFactory(table));
  return options;
}

}  // namespace kseek::store
