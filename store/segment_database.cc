#include "store/segment_database.h"

#include <cassert>

#include <fmt/format.h>
#include <xxhash.h>

#include "base/varint.h"
#include "store/segment_files.h"

namespace kseek::store {
namespace {

namespace fs = std::filesystem;

// Keys of the metadata: pages are kPagePrefix and their last term.
constexpr char kPagePrefix = 'p';
constexpr const char* kPages = "p";
constexpr const char* kLandmarksKey = "q";  // behind the pages, before the summary
constexpr const char* kSummaryKey = "summary";
constexpr uint64_t kFormat = 5;
constexpr uint64_t kFormatWithoutSlices = 4;
constexpr uint64_t kFormatWithoutPairs = 3;  // nor slices
constexpr size_t kChecksumBytes = 4;
constexpr size_t kMaxLandmarks = 64;  // then every other is forgotten: so many threads have something to do

/// A seal ends what a key has: the last term of the page before, and a checksum of the key and all before itself. A
/// page that was damaged, or that a damaged tree led to instead of the right one, is told by it.
void append_seal(std::string& bytes, std::string_view key, std::string_view before) {
  bytes += before;
  bytes += static_cast<char>(before.size());
  const uint64_t checksum = XXH3_64bits_withSeed(bytes.data(), bytes.size(), XXH3_64bits(key.data(), key.size()));
  for (size_t i = 0; i < kChecksumBytes; ++i) bytes += static_cast<char>(checksum >> (8 * i));
}

size_t seal_bytes(std::string_view before) { return before.size() + 1 + kChecksumBytes; }

/// Takes the seal off; false: it is not of these bytes.
bool take_seal(std::string& bytes, std::string_view key, std::string& before) {
  if (bytes.size() <= kChecksumBytes) return false;
  const size_t covered = bytes.size() - kChecksumBytes;
  const uint64_t checksum = XXH3_64bits_withSeed(bytes.data(), covered, XXH3_64bits(key.data(), key.size()));
  for (size_t i = 0; i < kChecksumBytes; ++i) {
    if (bytes[covered + i] != static_cast<char>(checksum >> (8 * i))) return false;
  }
  const size_t before_bytes = static_cast<uint8_t>(bytes[covered - 1]);
  if (before_bytes + 1 > covered) return false;
  before.assign(bytes, covered - 1 - before_bytes, before_bytes);
  bytes.resize(covered - 1 - before_bytes);
  return true;
}

/// Of a term's first byte; a byte that is no field counts as the last one's.
size_t field_index(Field field) {
  size_t at = 0;
  while (at + 1 < kFieldsInOrder.size() && kFieldsInOrder[at] != field) ++at;
  return at;
}

}  // namespace

Result<std::unique_ptr<SegmentOutput>> SegmentOutput::create(const fs::path& directory, uint32_t blocks) {
  assert(blocks > 0 && blocks <= kMaxSegmentBlocks);
  KSEEK_ASSIGN(std::unique_ptr<GlassWriter> writer, GlassWriter::create(directory));
  return std::unique_ptr<SegmentOutput>(new SegmentOutput(std::move(writer), blocks));  // NOLINT: private
}

void SegmentOutput::add_item(std::string_view key, std::string_view bytes) {
  sealed_.assign(bytes);
  append_seal(sealed_, key, "");
  writer_->add(key, sealed_);
}

void SegmentOutput::add(std::string_view term, const std::vector<Posting>& postings) {
  static_assert(kMaxSegmentBlocks / 8 <= kMaxSlicedListBytes &&
                    3 * (kMaxPageTermBytes + 10) + kMaxSlicedListBytes <= GlassWriter::kMaxItemBytes,
                "a term with the longest list, itself as the key, and the one before in the seal, is a page");
  const auto beside_page = [&] { return 1 + term.size() + seal_bytes(before_); };  // its key and seal
  ++terms_by_field_[field_index(static_cast<Field>(term.front()))];
  const size_t room = writer_->room();
  if (room > beside_page() && page_.append(term, postings, room - beside_page())) return;
  if (!page_.last_term().empty()) {
    write_page();
    note_landmark(term);
  }
  const bool fits = page_.append(term, postings, GlassWriter::kMaxItemBytes - beside_page());
  assert(fits);
  static_cast<void>(fits);
}

void SegmentOutput::write_page() {
  key_.assign(1, kPagePrefix).append(page_.last_term());
  sealed_.assign(page_.bytes());
  append_seal(sealed_, key_, before_);
  writer_->add(key_, sealed_);
  before_ = page_.last_term();
  page_.clear();
  ++pages_;
}

void SegmentOutput::note_landmark(std::string_view term) {
  if (pages_ % pages_a_landmark_ != 0) return;
  landmarks_.emplace_back(term);
  if (landmarks_.size() < kMaxLandmarks) return;
  pages_a_landmark_ *= 2;
  for (size_t i = 0; i < kMaxLandmarks / 2; ++i) landmarks_[i] = std::move(landmarks_[2 * i + 1]);
  landmarks_.resize(kMaxLandmarks / 2);
}

void SegmentOutput::write_landmarks() {
  static_assert(kMaxLandmarks * (1 + kMaxPageTermBytes) + 10 <= GlassWriter::kMaxItemBytes && kMaxPageTermBytes < 0x80,
                "they fit into an item, each behind a byte of its size");
  std::string item;
  for (const std::string& term : landmarks_) (item += static_cast<char>(term.size())) += term;
  add_item(kLandmarksKey, item);
}

Result<void> SegmentOutput::finish() {
  if (!page_.last_term().empty()) write_page();
  if (!landmarks_.empty()) write_landmarks();
  std::string summary;
  put_varint(summary, kFormat);
  put_varint(summary, blocks_);
  for (const uint64_t terms : terms_by_field_) put_varint(summary, terms);
  put_varint(summary, pair_groups_);
  append_seal(summary, kSummaryKey, before_);
  writer_->add(kSummaryKey, summary);
  return writer_->finish();
}

Result<SegmentDatabase> SegmentDatabase::open(const fs::path& path, size_t blocks) {
  SegmentDatabase opened(path, static_cast<uint32_t>(blocks));
  KSEEK_TRY(translate_exceptions(path, [&opened] { return opened.open_files(); }));
  return opened;
}

Result<void> SegmentDatabase::open_files() {
  database_ = Xapian::Database(database_path(path_));
  std::string summary = database_.get_metadata(kSummaryKey);
  uint64_t blocks = database_.get_lastdocid();
  if (!summary.empty()) {
    std::string_view rest = summary;
    const auto format = take_varint(rest);
    if (!format || *format < kFormatWithoutPairs || *format > kFormat) {
      return Error{ErrorCode::kCorrupt, fmt::format("index segment {} is of an unknown format", path_.string()),
                   "rebuild the index with `kseek reindex TOPIC`"};
    }
    const auto stored_blocks = take_varint(rest);
    if (!stored_blocks || !take_seal(summary, kSummaryKey, last_term_)) return damaged();
    blocks = *stored_blocks;
    for (uint64_t& terms : terms_by_field_) {
      const auto stored_terms = take_varint(rest);
      if (!stored_terms) return damaged();
      terms = *stored_terms;
      terms_ += terms;
    }
    const auto groups = *format == kFormatWithoutPairs ? 0 : take_varint(rest);
    if (!groups || *groups > blocks) return damaged();
    pair_groups_ = static_cast<uint32_t>(*groups);
    has_pages_ = true;
    if (*format <= kFormatWithoutSlices) posting_form_ = PostingForm::kBlocks;
  }
  if (blocks == blocks_) return {};
  return Error{ErrorCode::kCorrupt,
               fmt::format("index segment {} has {} blocks, the catalog says {}", path_.string(), blocks, blocks_),
               "rebuild the index with `kseek reindex TOPIC`"};
}

std::optional<uint64_t> SegmentDatabase::terms(Field field) const {
  return has_pages_ ? std::optional(terms_by_field_[field_index(field)]) : std::nullopt;
}

std::string SegmentDatabase::item(const std::string& key) const {
  std::string bytes = database_.get_metadata(key);
  std::string before;
  if (!take_seal(bytes, key, before)) throw Xapian::DatabaseCorruptError("an item is damaged or missing");
  return bytes;
}

Result<std::vector<std::string>> SegmentDatabase::landmarks() const {
  std::vector<std::string> landmarks;
  if (database_.get_metadata(kLandmarksKey).empty()) return landmarks;
  const std::string bytes = item(kLandmarksKey);
  for (std::string_view rest = bytes; !rest.empty();) {
    const size_t size = static_cast<uint8_t>(rest.front());
    if (size >= rest.size()) return damaged();
    landmarks.emplace_back(rest.substr(1, size));
    rest.remove_prefix(1 + size);
  }
  return landmarks;
}

Error SegmentDatabase::damaged() const {
  return {ErrorCode::kCorrupt, fmt::format("index segment {}: its terms are damaged", path_.string()),
          "rebuild the index with `kseek reindex TOPIC`"};
}

PageWalk::PageWalk(const SegmentDatabase& database) : database_(&database) {}

bool PageWalk::seek(std::string_view term) {
  std::string key(1, kPagePrefix);
  key += term;
  end_ = database_->database().metadata_keys_end(kPages);
  if (at_ == end_ || key <= key_) {  // a term iterator goes only forwards
    at_ = database_->database().metadata_keys_begin(kPages);
    if (at_ == end_ && database_->terms() > 0) fail();
    if (at_ == end_) return false;
  }
  at_.skip_to(key);
  const bool found = load();
  const bool passed_over = found ? !before_.empty() && before_ >= term : database_->last_term() >= term;
  if (passed_over) fail();
  return found;
}

bool PageWalk::next() {
  const std::string last(last_term());
  ++at_;
  const bool found = load();
  if (last != (found ? before_ : database_->last_term())) fail();
  return found;
}

bool PageWalk::load() {
  if (at_ == end_) return false;
  key_ = *at_;
  page_ = database_->database().get_metadata(key_);
  if (!take_seal(page_, key_, before_)) fail();
  return true;
}

void PageWalk::fail() const { throw Xapian::DatabaseCorruptError("a page of terms is damaged or missing"); }

namespace {

class PagesCursor final : public SegmentCursor {
 public:
  explicit PagesCursor(SegmentDatabase database) : SegmentCursor(std::move(database)), walk_(database_) {}

  bool next() override {
    if (reader_.next()) {
      ++terms_;
      return true;
    }
    return !reader_.damaged() ? next_page() : fail();
  }
  std::string_view term() const override { return reader_.term(); }
  void append_postings(std::vector<Posting>& postings, uint32_t shift) override {
    if (!reader_.append_postings(postings, shift)) fail();
  }

 private:
  bool fail() {
    if (status_) status_ = database_.damaged();
    return false;
  }
  /// To the first term of the next page. Terms rise across pages, a page ends with the term that its key says, and
  /// there are as many terms as were written.
  bool next_page() {
    if (reader_.term() != before_) return fail();
    bool found = false;
    auto read = translate_exceptions(database_.path(), [&]() -> Result<void> {
      found = started_ ? walk_.next() : walk_.seek("");
      return {};
    });
    started_ = true;
    if (!read) {
      status_ = std::move(read);
      return false;
    }
    if (!found) return terms_ == database_.terms() ? false : fail();
    reader_ = TermPageReader(walk_.page(), database_.blocks(), database_.posting_form());
    if (!reader_.next() || reader_.term() <= before_) return fail();
    before_ = walk_.last_term();
    ++terms_;
    return true;
  }

  PageWalk walk_;
  TermPageReader reader_;
  std::string before_;  // the last term of the page being read
  bool started_ = false;
  uint64_t terms_ = 0;
};

/// Of a segment with a document a block.
class DocumentsCursor final : public SegmentCursor {
 public:
  explicit DocumentsCursor(SegmentDatabase database) : SegmentCursor(std::move(database)) {}

  bool next() override {
    bool found = false;
    auto read = translate_exceptions(database_.path(), [&]() -> Result<void> {
      if (started_) {
        ++at_;
      } else {
        at_ = database_.database().allterms_begin();
        started_ = true;
      }
      found = at_ != database_.database().allterms_end();
      if (found) term_ = *at_;
      return {};
    });
    if (!read) status_ = std::move(read);
    return found;
  }
  std::string_view term() const override { return term_; }
  void append_postings(std::vector<Posting>& postings, uint32_t shift) override {
    auto read = translate_exceptions(database_.path(), [&]() -> Result<void> {
      const size_t before = postings.size();
      const auto end = database_.database().postlist_end(term_);
      for (auto each = database_.database().postlist_begin(term_); each != end; ++each) {
        if (*each > database_.blocks()) return database_.damaged();
        postings.push_back({*each - 1 + shift, kAllSlices});
      }
      if (postings.size() - before != at_.get_termfreq()) return database_.damaged();
      return {};
    });
    if (!read) status_ = std::move(read);
  }

 private:
  Xapian::TermIterator at_;
  std::string term_;
  bool started_ = false;
};

}  // namespace

Result<std::unique_ptr<SegmentCursor>> SegmentCursor::open(const fs::path& path, size_t blocks) {
  KSEEK_ASSIGN(SegmentDatabase database, SegmentDatabase::open(path, blocks));
  if (database.has_pages()) return std::unique_ptr<SegmentCursor>(new PagesCursor(std::move(database)));
  return std::unique_ptr<SegmentCursor>(new DocumentsCursor(std::move(database)));
}

}  // namespace kseek::store
