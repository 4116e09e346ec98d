#include <xapian.h>

#include <fmt/format.h>

#include "store/segment.h"
#include "store/segment_files.h"

namespace kseek::store {
namespace {

constexpr size_t kIdleReaders = 4;      // a segment keeps; each has a file descriptor and about 100 KiB
constexpr size_t kMaxXapianTerm = 245;  // glass has none longer, and ours are far shorter

/// Not a term of any segment: Xapian would take "" for "all documents", and refuses long ones.
bool is_no_term(std::string_view field_term) { return field_term.empty() || field_term.size() > kMaxXapianTerm; }

}  // namespace

struct SegmentReader::Impl {
  std::filesystem::path path;
  Xapian::Database database;
};

SegmentReader::SegmentReader(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
SegmentReader::~SegmentReader() = default;

Result<uint32_t> SegmentReader::block_count(std::string_view field_term) {
  uint32_t count = 0;
  if (is_no_term(field_term)) return count;
  KSEEK_TRY(translate_exceptions(impl_->path, [&]() -> Result<void> {
    count = impl_->database.get_termfreq(std::string(field_term));
    return {};
  }));
  return count;
}

Result<void> SegmentReader::postings(std::string_view field_term, std::vector<uint32_t>& positions) {
  if (is_no_term(field_term)) return {};
  return translate_exceptions(impl_->path, [&]() -> Result<void> {
    const std::string term(field_term);
    const auto end = impl_->database.postlist_end(term);
    for (auto each = impl_->database.postlist_begin(term); each != end; ++each) positions.push_back(*each - 1);
    return {};
  });
}

Result<void> SegmentReader::scan_terms(std::string_view prefix,
                                       const std::function<bool(std::string_view field_term)>& visit) {
  if (prefix.size() > kMaxXapianTerm) return {};
  return translate_exceptions(impl_->path, [&]() -> Result<void> {
    const std::string start(prefix);
    const auto end = impl_->database.allterms_end(start);
    for (auto each = impl_->database.allterms_begin(start); each != end; ++each) {
      if (!visit(*each)) break;
    }
    return {};
  });
}

Segment::Segment(std::filesystem::path path, SegmentMeta meta) : path_(std::move(path)), meta_(std::move(meta)) {}

Segment::~Segment() {
  idle_.clear();
  if (!obsolete_) return;
  // Away first and at once, so that a reading process finds it whole or gone. What is left is an orphan, and goes at
  // the next start.
  std::error_code error;
  const std::filesystem::path away = path_.string() + ".tmp";
  std::filesystem::rename(path_, away, error);
  std::filesystem::remove_all(error ? path_ : away, error);
}

Result<Segment::Lease> Segment::borrow() const {
  {
    const std::lock_guard lock(mu_);
    if (!idle_.empty()) {
      std::unique_ptr<SegmentReader> reader = std::move(idle_.back());
      idle_.pop_back();
      return Lease(*this, std::move(reader));
    }
  }
  std::unique_ptr<SegmentReader> reader;
  const auto opened = translate_exceptions(path_, [&]() -> Result<void> {
    auto impl =
        std::make_unique<SegmentReader::Impl>(SegmentReader::Impl{path_, Xapian::Database(database_path(path_))});
    if (impl->database.get_lastdocid() != meta_.blocks.size()) {
      return Error{ErrorCode::kCorrupt,
                   fmt::format("index segment {} has {} blocks, the catalog says {}", path_.string(),
                               impl->database.get_lastdocid(), meta_.blocks.size()),
                   "rebuild the index with `kseek reindex TOPIC`"};
    }
    reader.reset(new SegmentReader(std::move(impl)));  // NOLINT: the constructor is private
    return {};
  });
  std::error_code error;
  if (!opened && !std::filesystem::exists(path_, error)) {
    return Error{ErrorCode::kUnavailable, fmt::format("index segment {} is gone", path_.string()),
                 "its owner may have merged it: try again; if it stays, rebuild the index with `kseek reindex TOPIC`"};
  }
  KSEEK_TRY(opened);
  return Lease(*this, std::move(reader));
}

void Segment::make_obsolete() const {
  const std::lock_guard lock(mu_);
  obsolete_ = true;
}

Segment::Lease::~Lease() {
  if (reader_ == nullptr) return;
  const std::lock_guard lock(segment_->mu_);
  if (segment_->idle_.size() < kIdleReaders) segment_->idle_.push_back(std::move(reader_));
}

}  // namespace kseek::store
