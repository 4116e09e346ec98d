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

namespace kseek::store {

inline constexpr size_t kMaxPageTermBytes = 100;  ///< far above the index's own limit

/// Builds pages of one segment, one after the other.
class TermPageBuilder {
 public:
  /// `blocks`: how many the segment has.
  explicit TermPageBuilder(uint32_t blocks) : blocks_(blocks) {}

  /// Appends a term and its blocks' positions (rising, not empty). False, and nothing changes, if the page would have
  /// more than `limit_bytes`. REQUIRES: terms rise bytewise in a page and have 1 to kMaxPageTermBytes bytes.
  [[nodiscard]] bool append(std::string_view term, std::span<const uint32_t> positions, size_t limit_bytes);
  [[nodiscard]] const std::string& bytes() const { return bytes_; }
  [[nodiscard]] const std::string& last_term() const { return last_term_; }  ///< "": the page is empty
  void clear();

 private:
  void put_term(std::string_view term);
  void put_positions(std::span<const uint32_t> positions);

  const uint32_t blocks_;
  std::string bytes_;
  std::string last_term_;
  size_t last_shared_ = 0;
  std::string list_;
};

/// Reads a page from its first term to its last. The page must outlive it.
class TermPageReader {
 public:
  TermPageReader(std::string_view page, uint32_t blocks) : rest_(page), blocks_(blocks) {}
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
  /// Appends the positions, each plus `shift`. False: they are damaged, and some may have been appended.
  [[nodiscard]] bool append_positions(std::vector<uint32_t>& positions, uint32_t shift = 0) const;

 private:
  /// What is read or written in one go may reach so far beyond a term; its content there means nothing.
  static constexpr size_t kSlackBytes = 48;

  bool read_next();
  bool read_head();
  bool read_tail();
  bool read_postings();

  std::string_view rest_;
  uint32_t blocks_;
  bool damaged_ = false;
  uint64_t terms_read_ = 0;
  std::array<char, kMaxPageTermBytes + kSlackBytes> term_{};
  size_t term_bytes_ = 0;
  size_t shared_ = 0;  // with the term before
  size_t tail_ = 0;    // bytes after those
  bool packed_ = false;
  unsigned kind_ = 0;
  uint32_t position_ = 0;  // of a single block
  std::string_view list_;
};

}  // namespace kseek::store
