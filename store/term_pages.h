// Pages of terms: what a segment's dictionary and postings are made of (docs/format.md). Terms rise, each is stored as
// what differs from the one before it, and its postings follow it. Internal to store/.
//
// One thread. A page's reader takes any bytes: what no builder wrote is damaged(), never a crash.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "store/slices.h"

namespace kseek::store {

/// What the postings of a page say.
enum class PostingForm : uint8_t {
  kBlocks,  ///< which blocks, as pages were before slices: each in all of its slices
  kSlices,  ///< and in which slices of them
};

inline constexpr size_t kMaxPageTermBytes = 100;  ///< far above the index's own limit

/// Postings of a term that would take more, positions and slices together, are stored without slices: in all of them.
inline constexpr size_t kMaxSlicedListBytes = 7'500;

/// In a segment of more blocks nothing is said of the slices of a term that a single block has: most terms (UUIDs) are
/// such, and rare enough as they are.
inline constexpr uint32_t kMaxBlocksOfSlicedSingles = 32;

/// Builds pages of one segment, one after the other.
class TermPageBuilder {
 public:
  /// `blocks`: how many the segment has.
  explicit TermPageBuilder(uint32_t blocks) : blocks_(blocks) {}

  /// Appends a term and its postings (positions rise, not empty). False, and nothing changes, if the page would have
  /// more than `limit_bytes`. REQUIRES: terms rise bytewise in a page and have 1 to kMaxPageTermBytes bytes.
  [[nodiscard]] bool append(std::string_view term, std::span<const Posting> postings, size_t limit_bytes);
  [[nodiscard]] const std::string& bytes() const { return bytes_; }
  [[nodiscard]] const std::string& last_term() const { return last_term_; }  ///< "": the page is empty
  void clear();

 private:
  void put_term(std::string_view term);
  void put_postings(std::span<const Posting> postings);
  /// Into list_, the shorter way; which of the two it is.
  unsigned list_positions(std::span<const Posting> postings);

  const uint32_t blocks_;
  std::string bytes_;
  std::string last_term_;
  size_t last_shared_ = 0;
  std::string list_;
};

/// Reads a page from its first term to its last. The page must outlive it.
class TermPageReader {
 public:
  TermPageReader(std::string_view page, uint32_t blocks, PostingForm form = PostingForm::kSlices)
      : rest_(page), blocks_(blocks), form_(form) {}
  TermPageReader() : TermPageReader({}, 0) {}

  /// False at the end, and when the rest is damaged().
  [[nodiscard]] bool next();
  [[nodiscard]] bool damaged() const { return damaged_; }
  /// To the next term that contains `literal` or is cut (ends with tokenizer::kCutMark); false as next(). About three
  /// times as fast as next() and a search. REQUIRES: literal not empty.
  [[nodiscard]] bool next_containing(std::string_view literal);
  /// To the first term from here on that is not below `term`; false: there is none, or what was read is damaged().
  [[nodiscard]] bool seek(std::string_view term);
  /// The term that next() came to; dies with the next next().
  [[nodiscard]] std::string_view term() const { return {term_.data(), term_bytes_}; }
  /// How many terms next() and next_containing() went through.
  [[nodiscard]] uint64_t terms_read() const { return terms_read_; }
  /// How many blocks have the term; 0: damaged.
  [[nodiscard]] uint32_t count() const;
  /// Appends the postings, `shift` added to each position. False: they are damaged, and some may have been appended.
  [[nodiscard]] bool append_postings(std::vector<Posting>& postings, uint32_t shift = 0) const;

 private:
  /// What is read or written in one go may reach so far beyond a term; its content there means nothing.
  static constexpr size_t kSlackBytes = 48;

  bool read_next();
  bool read_head();
  bool read_tail();
  bool read_postings();
  bool append_listed(std::vector<Posting>& postings, uint32_t shift) const;

  std::string_view rest_;
  uint32_t blocks_;
  PostingForm form_;
  bool damaged_ = false;
  uint64_t terms_read_ = 0;
  std::array<char, kMaxPageTermBytes + kSlackBytes> term_{};
  size_t term_bytes_ = 0;
  size_t shared_ = 0;  // with the term before
  size_t tail_ = 0;    // bytes after those
  bool packed_ = false;
  unsigned kind_ = 0;
  Posting single_;
  std::string_view slices_;  // a byte a block; none: all of them have all
  std::string_view list_;
};

}  // namespace kseek::store
