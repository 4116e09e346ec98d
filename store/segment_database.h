// A segment's Xapian database as its writers, readers and merges see it: pages of terms in order (docs/format.md), or,
// as older segments are, a document a block. Internal to store/.
//
// One thread. Functions that say so throw what Xapian throws: call them below translate_exceptions().
#pragma once

#include <xapian.h>

#include <array>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"
#include "store/glass_writer.h"
#include "store/segment.h"
#include "store/term_pages.h"

namespace kseek::store {

/// A number for each field, in their order.
using FieldCounts = std::array<uint64_t, kFieldsInOrder.size()>;

/// Writes items of other keys, then pages of terms.
class SegmentOutput {
 public:
  /// A segment of `blocks` blocks in `directory`, which must exist and be empty.
  [[nodiscard]] static Result<std::unique_ptr<SegmentOutput>> create(const std::filesystem::path& directory,
                                                                     uint32_t blocks);
  /// REQUIRES: keys rise; they stand below those of pages, and no term was added, or behind them, and all were.
  void add_item(std::string_view key, std::string_view bytes);
  void set_pair_groups(size_t groups) { pair_groups_ = groups; }
  /// A term and its postings (positions rise, not empty). REQUIRES: terms rise.
  void add(std::string_view term, const std::vector<Posting>& postings);
  [[nodiscard]] Result<void> finish();

 private:
  SegmentOutput(std::unique_ptr<GlassWriter> writer, uint32_t blocks)
      : writer_(std::move(writer)), blocks_(blocks), page_(blocks) {}
  void write_page();
  /// Of the page that `term` begins.
  void note_landmark(std::string_view term);
  void write_landmarks();

  std::unique_ptr<GlassWriter> writer_;
  const uint32_t blocks_;
  TermPageBuilder page_;
  FieldCounts terms_by_field_{};
  size_t pair_groups_ = 0;
  size_t pages_ = 0;                    // before the one being filled
  size_t pages_a_landmark_ = 64;        // from one to the next; of 8 KiB, some 500 terms
  std::vector<std::string> landmarks_;  // each begins a page
  std::string key_, sealed_;
  std::string before_;  // the last term of the page before
};

class SegmentDatabase {
 public:
  /// kCorrupt: the files make no sense, or are of another number of blocks. kUnavailable: they can't be read.
  [[nodiscard]] static Result<SegmentDatabase> open(const std::filesystem::path& path, size_t blocks);

  [[nodiscard]] const std::filesystem::path& path() const { return path_; }
  [[nodiscard]] const Xapian::Database& database() const { return database_; }
  [[nodiscard]] uint32_t blocks() const { return blocks_; }
  [[nodiscard]] uint64_t terms() const { return terms_; }  ///< of pages
  /// Of the field; nullopt: of the older format.
  [[nodiscard]] std::optional<uint64_t> terms(Field field) const;
  [[nodiscard]] bool has_pages() const { return has_pages_; }
  [[nodiscard]] PostingForm posting_form() const { return posting_form_; }   ///< of pages
  [[nodiscard]] const std::string& last_term() const { return last_term_; }  ///< of pages
  [[nodiscard]] uint32_t pair_groups() const { return pair_groups_; }        ///< 0: nothing is known of pairs
  /// What SegmentOutput::add_item() wrote. Throws, also when it is not there or damaged.
  [[nodiscard]] std::string item(const std::string& key) const;
  /// As SegmentReader::landmarks(). Throws when they are damaged.
  [[nodiscard]] Result<std::vector<std::string>> landmarks() const;
  [[nodiscard]] Error damaged() const;  ///< kCorrupt, naming the segment

 private:
  SegmentDatabase(std::filesystem::path path, uint32_t blocks) : path_(std::move(path)), blocks_(blocks) {}
  Result<void> open_files();

  std::filesystem::path path_;
  Xapian::Database database_;
  uint32_t blocks_;
  uint64_t terms_ = 0;
  FieldCounts terms_by_field_{};
  bool has_pages_ = false;
  PostingForm posting_form_ = PostingForm::kSlices;
  uint32_t pair_groups_ = 0;
  std::string last_term_;
};

/// Goes through a database's pages from one on. Throws, also when a page is damaged or is not the one that must stand
/// there; the database must outlive it.
class PageWalk {
 public:
  explicit PageWalk(const SegmentDatabase& database);
  /// The first page that ends with a term not below `term`; false: there is none.
  [[nodiscard]] bool seek(std::string_view term);
  [[nodiscard]] bool next();
  [[nodiscard]] const std::string& page() const { return page_; }
  [[nodiscard]] std::string take_page() { return std::move(page_); }  ///< page() is none then
  [[nodiscard]] std::string_view last_term() const { return std::string_view(key_).substr(1); }
  [[nodiscard]] const std::string& before() const { return before_; }  ///< the last term of the page before; "": none

 private:
  bool load();
  [[noreturn]] void fail() const;

  const SegmentDatabase* database_;
  Xapian::TermIterator at_;
  Xapian::TermIterator end_;
  std::string key_;
  std::string page_;
  std::string before_;  // as the page's seal says
};

/// All terms of a segment in order, for a merge.
class SegmentCursor {
 public:
  [[nodiscard]] static Result<std::unique_ptr<SegmentCursor>> open(const std::filesystem::path& path, size_t blocks);
  virtual ~SegmentCursor() = default;
  /// False at the end and on an error: then status() has it.
  [[nodiscard]] virtual bool next() = 0;
  [[nodiscard]] virtual std::string_view term() const = 0;  ///< dies with the next next()
  virtual void append_postings(std::vector<Posting>& postings, uint32_t shift) = 0;
  [[nodiscard]] const Result<void>& status() const { return status_; }
  [[nodiscard]] uint32_t blocks() const { return database_.blocks(); }
  [[nodiscard]] const SegmentDatabase& database() const { return database_; }

 protected:
  explicit SegmentCursor(SegmentDatabase database) : database_(std::move(database)) {}

  SegmentDatabase database_;
  Result<void> status_;
};

}  // namespace kseek::store
