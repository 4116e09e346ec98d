// Fresh segments and merged ones. A block is one Xapian document: its position + 1 is the docid, its terms are boolean
// ones, without positions, data or term list.
#include <xapian.h>

#include <algorithm>
#include <cassert>
#include <cstring>
#include <system_error>

#include <fmt/format.h>

#include "store/glass_writer.h"
#include "store/segment.h"
#include "store/segment_files.h"

namespace kseek::store {
namespace {

namespace fs = std::filesystem;

/// Xapian's own way, for more blocks than a GlassWriter takes.
void write_with_xapian(const fs::path& directory, const std::vector<SegmentInput>& inputs) {
  constexpr int kFlags = Xapian::DB_CREATE_OR_OVERWRITE | Xapian::DB_BACKEND_GLASS | Xapian::DB_NO_TERMLIST |
                         Xapian::DB_DANGEROUS | Xapian::DB_NO_SYNC;
  Xapian::WritableDatabase database(directory.string(), kFlags);
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
  std::error_code error;
  fs::remove(directory / "flintlock", error);  // only writers look at the lock, and there are none any more
}

/// The next term of one input.
struct Head {
  std::string_view term;
  uint64_t prefix = 0;  // its first eight bytes, big-endian: settles nearly all comparisons
  uint32_t position = 0;
  size_t next = 0;  // into the input's terms

  bool advance(const BlockTerms& terms) {
    if (next == terms.sorted().size()) return false;
    term = terms.sorted()[next++];
    uint64_t bytes = 0;
    std::memcpy(&bytes, term.data(), std::min(term.size(), sizeof(bytes)));
    prefix = __builtin_bswap64(bytes);
    return true;
  }
  /// For a heap whose top is the least: by term, then by position.
  bool operator<(const Head& other) const {
    if (prefix != other.prefix) return prefix > other.prefix;
    const int order = term.compare(other.term);
    return order != 0 ? order > 0 : position > other.position;
  }
};

/// Merges the inputs' sorted terms into a GlassWriter.
Result<void> write_merged(const fs::path& directory, const std::vector<SegmentInput>& inputs) {
  KSEEK_ASSIGN(const std::unique_ptr<GlassWriter> writer,
               GlassWriter::create(directory, static_cast<uint32_t>(inputs.size())));
  std::vector<Head> heads;
  for (uint32_t position = 0; position < inputs.size(); ++position) {
    Head head;
    head.position = position;
    if (head.advance(*inputs[position].terms)) heads.push_back(head);
  }
  std::make_heap(heads.begin(), heads.end());
  std::vector<uint32_t> positions;
  while (!heads.empty()) {
    const std::string_view term = heads.front().term;
    positions.clear();
    while (!heads.empty() && heads.front().term == term) {
      std::pop_heap(heads.begin(), heads.end());
      Head& head = heads.back();
      positions.push_back(head.position);
      if (head.advance(*inputs[head.position].terms)) {
        std::push_heap(heads.begin(), heads.end());
      } else {
        heads.pop_back();
      }
    }
    writer->add(term, positions);
  }
  return writer->finish();
}

}  // namespace

Result<SegmentMeta> write_segment(const fs::path& path, SegmentId id, const std::vector<SegmentInput>& inputs) {
  assert(!inputs.empty());
  auto published = publish_directory(path, [&inputs](const fs::path& building) {
    return translate_exceptions(building, [&]() -> Result<void> {
      if (inputs.size() <= GlassWriter::kMaxDocuments) return write_merged(building, inputs);
      write_with_xapian(building, inputs);
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
  // The inputs' docids follow each other in the output, so positions stay in the order of meta.blocks. Xapian keeps
  // each input's part of a posting list as an item of its own: merging saves lookups, not bytes; larger fresh segments
  // do.
  auto published = publish_directory(path, [&](const fs::path& building) {
    return translate_exceptions(building, [&]() -> Result<void> {
      all.compact((building / kSingleFileName).string(), Xapian::DBCOMPACT_SINGLE_FILE);
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
