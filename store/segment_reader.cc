#include <xapian.h>

#include <fmt/format.h>

#include "store/segment.h"
#include "store/segment_database.h"
#include "store/segment_files.h"

namespace kseek::store {
namespace {

constexpr size_t kIdleReaders = 4;      // a segment keeps; each has a file descriptor and about 100 KiB
constexpr size_t kMaxXapianTerm = 245;  // glass has none longer, and ours are far shorter

/// Calls `visit` with the terms of a prefix until it says no. A walk of its own: `visit` may look terms up.
Result<void> scan_pages(const SegmentDatabase& database, std::string_view prefix,
                        const std::function<bool(std::string_view)>& visit) {
  PageWalk walk(database);
  for (bool found = walk.seek(prefix); found; found = walk.next()) {
    TermPageReader reader(walk.page(), database.blocks());
    for (bool any = reader.seek(prefix); any; any = reader.next()) {
      const std::string_view term = reader.term();
      if (!term.starts_with(prefix) || !visit(term)) return {};
    }
    if (reader.damaged()) return database.damaged();
  }
  return {};
}

/// Not a term of any segment: Xapian would take "" for "all documents", and refuses long ones.
bool is_no_term(std::string_view field_term) { return field_term.empty() || field_term.size() > kMaxXapianTerm; }

}  // namespace

struct SegmentReader::Impl {
  explicit Impl(SegmentDatabase opened) : database(std::move(opened)), walk(database) {}
  Impl(const Impl&) = delete;
  Impl& operator=(const Impl&) = delete;

  [[nodiscard]] const std::filesystem::path& path() const { return database.path(); }
  /// Brings `reader` to a term; false: there is none. kCorrupt: the page is damaged. Throws. Terms that rise within a
  /// page are found in one go.
  Result<bool> find(std::string_view term) {
    const bool ahead = !reader.term().empty() && reader.term() <= term && term <= page_end;
    if (!ahead) {
      page_end.clear();
      reader = {};
      if (!walk.seek(term)) return false;
      page_end = walk.last_term();
      reader = TermPageReader(walk.page(), database.blocks());
    }
    if (reader.seek(term)) return reader.term() == term;
    page_end.clear();
    return database.damaged();  // the page ends with a term that is not below
  }

  SegmentDatabase database;
  PageWalk walk;
  TermPageReader reader;  // of the page of the last look-up
  std::string page_end;   // its last term
};

SegmentReader::SegmentReader(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
SegmentReader::~SegmentReader() = default;

Result<uint32_t> SegmentReader::block_count(std::string_view field_term) {
  uint32_t count = 0;
  if (is_no_term(field_term)) return count;
  KSEEK_TRY(translate_exceptions(impl_->path(), [&]() -> Result<void> {
    if (!impl_->database.has_pages()) {
      count = impl_->database.database().get_termfreq(std::string(field_term));
      return {};
    }
    KSEEK_ASSIGN(const bool found, impl_->find(field_term));
    if (found) count = impl_->reader.count();
    return {};
  }));
  return count;
}

Result<void> SegmentReader::postings(std::string_view field_term, std::vector<uint32_t>& positions) {
  if (is_no_term(field_term)) return {};
  return translate_exceptions(impl_->path(), [&]() -> Result<void> {
    if (impl_->database.has_pages()) {
      KSEEK_ASSIGN(const bool found, impl_->find(field_term));
      if (found && !impl_->reader.append_positions(positions)) return impl_->database.damaged();
      return {};
    }
    const std::string term(field_term);
    const Xapian::Database& database = impl_->database.database();
    const auto end = database.postlist_end(term);
    for (auto each = database.postlist_begin(term); each != end; ++each) positions.push_back(*each - 1);
    return {};
  });
}

Result<void> SegmentReader::scan_terms(std::string_view prefix,
                                       const std::function<bool(std::string_view field_term)>& visit) {
  if (prefix.size() > kMaxXapianTerm) return {};
  return translate_exceptions(impl_->path(), [&]() -> Result<void> {
    if (impl_->database.has_pages()) return scan_pages(impl_->database, prefix, visit);
    const std::string start(prefix);
    const Xapian::Database& database = impl_->database.database();
    const auto end = database.allterms_end(start);
    for (auto each = database.allterms_begin(start); each != end; ++each) {
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
  auto opened = SegmentDatabase::open(path_, meta_.blocks.size());
  std::error_code error;
  if (!opened && !std::filesystem::exists(path_, error)) {
    return Error{ErrorCode::kUnavailable, fmt::format("index segment {} is gone", path_.string()),
                 "its owner may have merged it: try again; if it stays, rebuild the index with `kseek reindex TOPIC`"};
  }
  if (!opened) return std::move(opened).error();
  auto impl = std::make_unique<SegmentReader::Impl>(*std::move(opened));
  return Lease(*this, std::unique_ptr<SegmentReader>(new SegmentReader(std::move(impl))));  // NOLINT: private
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
