// Fresh segments and merged ones. A block is one Xapian document: its position + 1 is the docid, its terms are boolean
// ones, without positions, data or term list.
#include <xapian.h>

#include <algorithm>
#include <cassert>
#include <system_error>

#include <fmt/format.h>

#include "store/segment.h"
#include "store/segment_files.h"

namespace kseek::store {
namespace {

namespace fs = std::filesystem;

/// In bytes; see bench/store_bench.cc for why.
constexpr int kFreshTableBlock = 8192;
constexpr int kMergedTableBlock = 8192;

void write_database(const fs::path& directory, const std::vector<SegmentInput>& inputs) {
  constexpr int kFlags = Xapian::DB_CREATE_OR_OVERWRITE | Xapian::DB_BACKEND_GLASS | Xapian::DB_NO_TERMLIST |
                         Xapian::DB_DANGEROUS | Xapian::DB_NO_SYNC;
  Xapian::WritableDatabase database(directory.string(), kFlags, kFreshTableBlock);
  std::string term;
  for (const SegmentInput& input : inputs) {
    Xapian::Document document;
    for (const std::string_view each : input.terms->sorted()) {
      term.assign(each);
      document.add_boolean_term(term);
    }
    database.add_document(document);
  }
  database.commit();
  database.close();
}

}  // namespace

Result<SegmentMeta> write_segment(const fs::path& path, SegmentId id, const std::vector<SegmentInput>& inputs) {
  auto published = publish_directory(path, [&inputs](const fs::path& building) {
    return translate_exceptions(building, [&]() -> Result<void> {
      write_database(building, inputs);
      std::error_code error;
      fs::remove(building / "flintlock", error);  // only writers look at the lock, and there are none any more
      return {};
    });
  });
  if (!published) return std::move(published).error();
  SegmentMeta meta;
  meta.id = id;
  for (const SegmentInput& input : inputs) meta.blocks.push_back(input.block);
  meta.bytes = published->bytes;
  meta.checksum = published->checksum;
  return meta;
}

Result<SegmentMeta> merge_segments(const fs::path& path, SegmentId id,
                                   const std::vector<std::shared_ptr<const Segment>>& inputs) {
  assert(!inputs.empty());
  SegmentMeta meta;
  meta.id = id;
  Xapian::Database all;
  for (const auto& input : inputs) {
    KSEEK_TRY(translate_exceptions(input->path(), [&]() -> Result<void> {
      const Xapian::Database one(database_path(input->path()));
      if (one.get_lastdocid() != input->meta().blocks.size()) {
        return Error{ErrorCode::kCorrupt,
                     fmt::format("index segment {} has {} blocks, the catalog says {}", input->path().string(),
                                 one.get_lastdocid(), input->meta().blocks.size()),
                     "rebuild the index with `kseek reindex TOPIC`"};
      }
      all.add_database(one);
      return {};
    }));
    meta.blocks.insert(meta.blocks.end(), input->meta().blocks.begin(), input->meta().blocks.end());
    meta.level = std::max(meta.level, input->meta().level + 1);
  }
  // The inputs' docids follow each other in the output, so positions stay in the order of meta.blocks.
  auto published = publish_directory(path, [&](const fs::path& building) {
    return translate_exceptions(building, [&]() -> Result<void> {
      all.compact((building / kSingleFileName).string(), Xapian::DBCOMPACT_SINGLE_FILE, kMergedTableBlock);
      return {};
    });
  });
  if (!published) return std::move(published).error();
  meta.bytes = published->bytes;
  meta.checksum = published->checksum;
  return meta;
}

Result<void> verify_segment(const fs::path& path, const SegmentMeta& meta) {
  KSEEK_ASSIGN(const FilesDigest digest, digest_files(path));
  if (digest.bytes == meta.bytes && digest.checksum == meta.checksum) return {};
  return Error{ErrorCode::kCorrupt,
               fmt::format("the files of index segment {} are not what was written", path.string()),
               "rebuild the index with `kseek reindex TOPIC`"};
}

}  // namespace kseek::store
