#include "store/block_family.h"

#include <fmt/format.h>
#include <rocksdb/convenience.h>

#include <algorithm>
#include <vector>

#include "base/bytes.h"

namespace kseek::store {
namespace {

/// A file of blocks and how much of it lives.
struct BlockFile {
  std::string path;
  int level = 0;
  uint64_t size = 0;
  BlockId first, last;
  uint64_t live_bytes = 0;
  uint64_t live_blocks = 0;
};

std::string family_name(TopicNumber topic) { return fmt::format("t{}", topic.value); }

/// Dead blocks in the log are left there until they are so many.
constexpr uint64_t kDeadLogBytes = 16_MiB;

/// The files by first id (their ranges don't overlap, as ids rise), those with ids from `live.end` on left out.
std::vector<BlockFile> list_files(const rocksdb::ColumnFamilyMetaData& family, const LiveBlocks::Snapshot& live) {
  std::vector<BlockFile> files;
  for (const auto& level : family.levels) {
    for (const auto& file : level.files) {
      const auto first = parse_block_data_key(file.smallestkey);
      const auto last = parse_block_data_key(file.largestkey);
      if (!first || !last || *last >= live.end || file.being_compacted) continue;
      files.push_back({file.db_path + file.name, level.level, file.size, *first, *last});
    }
  }
  std::sort(files.begin(), files.end(), [](const BlockFile& a, const BlockFile& b) { return a.first < b.first; });
  live.blocks->for_each([&, file = files.begin()](const BlockMeta& meta) mutable {
    while (file != files.end() && file->last < meta.id) ++file;
    if (file == files.end() || meta.id < file->first) return;
    file->live_bytes += meta.stored_bytes;
    ++file->live_blocks;
  });
  return files;
}

}  // namespace

BlockFamily::~BlockFamily() { database_->release(family_); }

std::unique_ptr<BlockFamily> BlockFamily::opened(const std::shared_ptr<Database>& database, TopicNumber topic) {
  auto family = database->take_family(family_name(topic));
  if (!family) return nullptr;
  return std::unique_ptr<BlockFamily>(new BlockFamily(database, std::move(family)));
}

Result<std::unique_ptr<BlockFamily>> BlockFamily::create(const std::shared_ptr<Database>& database, TopicNumber topic) {
  KSEEK_ASSIGN(auto family, database->create_family(family_name(topic)));
  return std::unique_ptr<BlockFamily>(new BlockFamily(database, std::move(family)));
}

/// Also that the family is there.
Result<Database::Access> BlockFamily::access() const {
  KSEEK_ASSIGN(auto access, database_->access());
  if (family_->handle != nullptr) return access;
  return Error{ErrorCode::kNotFound, fmt::format("{} was dropped", family_->name), "the topic was closed"};
}

Result<void> BlockFamily::put(rocksdb::WriteBatch& batch, BlockId id, std::string_view bytes) const {
  KSEEK_ASSIGN(const auto access, this->access());
  batch.Put(family_->handle, block_data_key(id), bytes);
  return {};
}

Result<std::optional<OwnedBytes>> BlockFamily::read(BlockId id) const {
  KSEEK_ASSIGN(const auto access, this->access());
  rocksdb::ReadOptions options;
  options.verify_checksums = false;  // the block has a checksum of its own
  const auto bytes = std::make_shared<rocksdb::PinnableSlice>();
  const auto status = access->Get(options, family_->handle, block_data_key(id), bytes.get());
  if (status.IsNotFound()) return std::optional<OwnedBytes>();
  if (!status.ok()) return from_rocksdb(status, fmt::format("read block {} of {}", id.value, family_->name));
  return std::optional(OwnedBytes(bytes, bytes->ToStringView()));
}

Result<void> BlockFamily::drop() { return database_->drop_family(*family_); }

/// Blocks that no file has yet are in memory, and in the log: it would keep them until it is full.
Result<void> BlockFamily::flush_dead(rocksdb::DB& rocks, const LiveBlocks::Snapshot& live) const {
  uint64_t unflushed = 0;
  rocks.GetIntProperty(family_->handle, rocksdb::DB::Properties::kCurSizeAllMemTables, &unflushed);
  if (unflushed < kDeadLogBytes) return {};
  rocksdb::ColumnFamilyMetaData metadata;
  rocks.GetColumnFamilyMetaData(family_->handle, &metadata);
  BlockId flushed;  // no file has a later one
  for (const auto& level : metadata.levels) {
    for (const auto& file : level.files)
      flushed = std::max(flushed, parse_block_data_key(file.largestkey).value_or(BlockId()));
  }
  uint64_t alive = 0;
  live.blocks->for_each([&](const BlockMeta& meta) { alive += meta.id > flushed ? meta.stored_bytes : 0; });
  if (unflushed < alive + std::max(alive, kDeadLogBytes)) return {};
  // The catalog's records stand in the same log.
  const auto status = rocks.Flush(rocksdb::FlushOptions(), {family_->handle, rocks.DefaultColumnFamily()});
  return status.ok() ? Result<void>() : from_rocksdb(status, "give disk space back");
}

Result<bool> BlockFamily::reclaim(const LiveBlocks::Snapshot& live, size_t max_rewrites) {
  family_->live->set(live);
  KSEEK_ASSIGN(const auto access, this->access());
  rocksdb::DB& rocks = *access;
  KSEEK_TRY(flush_dead(rocks, live));
  rocksdb::ColumnFamilyMetaData metadata;
  rocks.GetColumnFamilyMetaData(family_->handle, &metadata);
  const auto files = list_files(metadata, live);

  std::vector<std::pair<std::string, std::string>> dead;
  size_t rewrites = 0;
  bool more = false;
  for (const BlockFile& file : files) {
    if (file.live_blocks == 0 && file.level > 0) {
      dead.emplace_back(block_data_key(file.first), block_data_key(file.last));
      continue;
    }
    if (file.live_bytes >= file.size / 2 || damaged_files_.contains(file.path)) continue;
    if (rewrites == max_rewrites) {
      more = true;
      break;
    }
    ++rewrites;
    rocksdb::CompactionOptions options;
    options.compression = rocksdb::kNoCompression;
    const auto status = rocks.CompactFiles(options, family_->handle, {file.path}, std::max(1, file.level));
    // Aborted or invalid: a compaction of RocksDB's own has the file, or moved it; the next call sees to it.
    if (status.IsCorruption()) damaged_files_.insert(file.path);  // what can be read of it is read on
    if (status.IsNoSpace() || status.IsCorruption()) return from_rocksdb(status, "give disk space back");
  }
  if (!dead.empty()) {
    std::vector<rocksdb::Slice> begins(dead.size());
    std::vector<rocksdb::Slice> ends(dead.size());
    std::vector<rocksdb::RangePtr> ranges;
    for (size_t i = 0; i < dead.size(); ++i) {
      begins[i] = dead[i].first;
      ends[i] = dead[i].second;
      ranges.emplace_back(&begins[i], &ends[i]);
    }
    const auto status = rocksdb::DeleteFilesInRanges(&rocks, family_->handle, ranges.data(), ranges.size());
    if (!status.ok()) return from_rocksdb(status, "give disk space back");
  }
  return more;
}

}  // namespace kseek::store
