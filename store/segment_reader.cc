#include <xapian.h>

#include <algorithm>
#include <array>
#include <atomic>

#include <fmt/format.h>

#include "base/fault_point.h"
#include "base/open_files.h"
#include "store/pair_rows.h"
#include "store/segment.h"
#include "store/segment_database.h"
#include "store/segment_files.h"
#include "tokenizer/tokenizer.h"

namespace kseek::store {
namespace {

constexpr size_t kIdleReaders = 4;      // of a segment; each has a file descriptor and about 170 KiB
constexpr size_t kMaxXapianTerm = 245;  // glass has none longer, and ours are far shorter

std::atomic<size_t> idle_readers{0};  // of all segments

/// Not a term of any segment: Xapian would take "" for "all documents", and refuses long ones.
bool is_no_term(std::string_view field_term) { return field_term.empty() || field_term.size() > kMaxXapianTerm; }

/// The pages looked at last: a question looks a term up more than once, and the next one may have words of this one.
class LastPages {
 public:
  /// The terms above `before` ("": none), up to `last`.
  struct Page {
    std::string bytes, before, last;
    TermPageReader reader;  // of the bytes
    uint64_t used = 0;      // the higher, the later
  };
  /// `database` must outlive it.
  explicit LastPages(const SegmentDatabase& database) : database_(database), walk_(database) {}

  /// The page where the term would stand, its reader not behind that; until the next call. nullptr: it would stand
  /// behind all. REQUIRES: a term. Throws.
  Page* find(std::string_view term) {
    const auto has_its_place = [&](const Page& page) { return page.before < term && term <= page.last; };
    auto* found = std::find_if(pages_.begin(), pages_.end(), has_its_place);
    const bool loaded = found == pages_.end();
    if (loaded) {
      if (!walk_.seek(term)) return nullptr;
      found =
          std::min_element(pages_.begin(), pages_.end(), [](const Page& a, const Page& b) { return a.used < b.used; });
      found->bytes = walk_.take_page();
      found->before = walk_.before();
      found->last = walk_.last_term();
    }
    if (loaded || found->reader.term() > term) {
      found->reader = TermPageReader(found->bytes, database_.blocks(), database_.posting_form());
    }
    found->used = ++calls_;
    return found;
  }

 private:
  const SegmentDatabase& database_;
  PageWalk walk_;
  std::array<Page, 8> pages_;  // of 8 KiB; a UUID is five words
  uint64_t calls_ = 0;
};

bool is_cut(std::string_view term) { return !term.empty() && term.back() == tokenizer::kCutMark; }

}  // namespace

struct SegmentReader::Impl {
  explicit Impl(SegmentDatabase opened) : database(std::move(opened)), last_pages(database), pairs(database) {}
  Impl(const Impl&) = delete;
  Impl& operator=(const Impl&) = delete;

  [[nodiscard]] const std::filesystem::path& path() const { return database.path(); }
  /// Brings `reader` to a term; false: there is none. kCorrupt: the page is damaged. Throws.
  Result<bool> find(std::string_view term) {
    LastPages::Page* const page = last_pages.find(term);
    if (page == nullptr) return false;
    reader = &page->reader;
    if (page->reader.seek(term)) return reader->term() == term;
    return database.damaged();  // the page ends with a term that is not below
  }

  Result<bool> scan_pages(const TermScan& scan, const std::function<bool(std::string_view)>& visit);
  Result<bool> scan_documents(const TermScan& scan, const std::function<bool(std::string_view)>& visit) const;

  SegmentDatabase database;
  LastPages last_pages;
  PairReader pairs;
  const TermPageReader* reader = nullptr;   // stands at the term of the last look-up, if that was found
  const TermPageReader* visited = nullptr;  // stands at the term that a scan visits
};

/// A walk of its own: `visit` may look other terms up.
Result<bool> SegmentReader::Impl::scan_pages(const TermScan& scan, const std::function<bool(std::string_view)>& visit) {
  PageWalk pages(database);
  uint64_t read = 0;
  const bool all = scan.literal.empty();
  const std::string_view first = std::max(scan.prefix, scan.from);
  const auto is_behind = [&scan](std::string_view term) {
    return !term.starts_with(scan.prefix) || (!scan.below.empty() && term >= scan.below);
  };
  for (bool found = pages.seek(first); found; found = pages.next()) {
    TermPageReader page(pages.page(), database.blocks(), database.posting_form());
    const auto next = [&] { return all ? page.next() : page.next_containing(scan.literal); };
    bool any = page.seek(first);
    if (any && !all && page.term().find(scan.literal) == std::string_view::npos && !is_cut(page.term())) any = next();
    for (; any; any = next()) {
      const std::string_view term = page.term();
      if (is_behind(term)) return true;
      visited = &page;
      const bool more = visit(term);
      visited = nullptr;
      if (!more) return false;
    }
    if (page.damaged()) return database.damaged();
    read += page.terms_read();
    if (read >= scan.most) return false;
    if (is_behind(pages.last_term())) return true;
  }
  return true;
}

Result<bool> SegmentReader::Impl::scan_documents(const TermScan& scan,
                                                 const std::function<bool(std::string_view)>& visit) const {
  const std::string start(scan.prefix);
  const auto end = database.database().allterms_end(start);
  uint64_t read = 0;
  auto each = database.database().allterms_begin(start);
  if (each != end && !scan.from.empty()) each.skip_to(std::string(scan.from));
  for (; each != end; ++each) {
    const std::string term = *each;
    if (!scan.below.empty() && term >= scan.below) return true;
    if ((term.find(scan.literal) != std::string::npos || is_cut(term)) && !visit(term)) return false;
    if (++read >= scan.most) return false;
  }
  return true;
}

SegmentReader::SegmentReader(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
SegmentReader::~SegmentReader() = default;

Result<uint32_t> SegmentReader::block_count(std::string_view field_term) {
  uint32_t count = 0;
  if (is_no_term(field_term)) return count;
  auto asked = translate_exceptions(impl_->path(), [&]() -> Result<void> {
    if (!impl_->database.has_pages()) {
      count = impl_->database.database().get_termfreq(std::string(field_term));
      return {};
    }
    KSEEK_ASSIGN(const bool found, impl_->find(field_term));
    if (found) count = impl_->reader->count();
    return {};
  });
  if (asked) return count;
  suspect_segment(impl_->path());
  return std::move(asked).error();
}

Result<void> SegmentReader::postings(std::string_view field_term, std::vector<Posting>& postings) {
  if (is_no_term(field_term)) return {};
  auto read = translate_exceptions(impl_->path(), [&]() -> Result<void> {
    if (const TermPageReader* visited = impl_->visited; visited != nullptr && visited->term() == field_term) {
      return visited->append_postings(postings) ? Result<void>() : impl_->database.damaged();
    }
    if (impl_->database.has_pages()) {
      KSEEK_ASSIGN(const bool found, impl_->find(field_term));
      if (found && !impl_->reader->append_postings(postings)) return impl_->database.damaged();
      return {};
    }
    const std::string term(field_term);
    const Xapian::Database& database = impl_->database.database();
    const auto end = database.postlist_end(term);
    for (auto each = database.postlist_begin(term); each != end; ++each) postings.push_back({*each - 1, kAllSlices});
    return {};
  });
  if (!read) suspect_segment(impl_->path());
  return read;
}

Result<uint32_t> SegmentReader::pair_rows() {
  uint32_t rows = 0;
  auto asked = translate_exceptions(impl_->path(), [&]() -> Result<void> {
    rows = impl_->pairs.rows_read();
    return {};
  });
  if (asked) return rows;
  suspect_segment(impl_->path());
  return std::move(asked).error();
}

Result<void> SegmentReader::keep_having(PairHash pair, std::vector<uint32_t>& positions) {
  auto asked = translate_exceptions(impl_->path(), [&]() -> Result<void> {
    impl_->pairs.keep_having(pair, positions);
    return {};
  });
  if (!asked) suspect_segment(impl_->path());
  return asked;
}

std::optional<uint64_t> SegmentReader::terms(Field field) const { return impl_->database.terms(field); }

Result<std::vector<std::string>> SegmentReader::landmarks() {
  std::vector<std::string> landmarks;
  auto read = translate_exceptions(impl_->path(), [&]() -> Result<void> {
    KSEEK_ASSIGN(landmarks, impl_->database.landmarks());
    return {};
  });
  if (read) return landmarks;
  suspect_segment(impl_->path());
  return std::move(read).error();
}

Result<bool> SegmentReader::scan_terms(const TermScan& scan,
                                       const std::function<bool(std::string_view field_term)>& visit) {
  bool finished = true;
  if (scan.prefix.size() > kMaxXapianTerm) return finished;
  auto scanned = translate_exceptions(impl_->path(), [&]() -> Result<void> {
    const bool pages = impl_->database.has_pages();
    KSEEK_ASSIGN(finished, pages ? impl_->scan_pages(scan, visit) : impl_->scan_documents(scan, visit));
    return {};
  });
  if (scanned) return finished;
  suspect_segment(impl_->path());
  return std::move(scanned).error();
}

Segment::Segment(std::filesystem::path path, SegmentMeta meta, TimeBounds times)
    : path_(std::move(path)), meta_(std::move(meta)), times_(times) {}

Segment::~Segment() {
  idle_readers -= idle_.size();
  idle_.clear();
  if (!obsolete_) return;
  // Away first and at once, so that a reading process finds it whole or gone. What is left is an orphan, and goes at
  // the next start.
  std::error_code error;
  const std::filesystem::path away = path_.string() + ".tmp";
  std::filesystem::rename(path_, away, error);
  crash_point("segment.away");
  std::filesystem::remove_all(error ? path_ : away, error);
}

Result<Segment::Lease> Segment::borrow() const {
  {
    const std::lock_guard lock(mu_);
    if (!idle_.empty()) {
      std::unique_ptr<SegmentReader> reader = std::move(idle_.back());
      idle_.pop_back();
      --idle_readers;
      return Lease(*this, std::move(reader));
    }
  }
  auto opened = SegmentDatabase::open(path_, meta_.blocks.size());
  std::error_code error;
  if (!opened && !std::filesystem::exists(path_, error)) {
    return Error{ErrorCode::kUnavailable, fmt::format("index segment {} is gone", path_.string()),
                 "its owner may have merged it: try again; if it stays, rebuild the index with `kseek reindex TOPIC`"};
  }
  if (!opened) {
    suspect_segment(path_);
    return std::move(opened).error();
  }
  auto impl = std::make_unique<SegmentReader::Impl>(*std::move(opened));
  return Lease(*this, std::unique_ptr<SegmentReader>(new SegmentReader(std::move(impl))));  // NOLINT: private
}

void Segment::make_obsolete() const {
  const std::lock_guard lock(mu_);
  obsolete_ = true;
}

Segment::Lease::~Lease() {
  if (reader_ == nullptr) return;
  static const size_t kMost = file_shares().segments;
  if (idle_readers >= kMost) return;
  const std::lock_guard lock(segment_->mu_);
  if (segment_->idle_.size() >= kIdleReaders) return;
  segment_->idle_.push_back(std::move(reader_));
  ++idle_readers;
}

}  // namespace kseek::store
