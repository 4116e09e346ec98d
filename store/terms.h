// The distinct terms of one block, by field: what the index knows of it.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "store/pairs.h"
#include "store/slices.h"
#include "tokenizer/text.h"

namespace kseek::store {

struct StoredMessage;

/// The part of a message that a term comes from; its value is the first byte of the term as it is indexed.
enum class Field : char { kHeader = 'H', kKey = 'K', kValue = 'V' };

/// All of them, in the order of their bytes.
inline constexpr std::array kFieldsInOrder = {Field::kHeader, Field::kKey, Field::kValue};

/// The indexed bytes of a token's term: the field's byte, then tokenizer::index_term(token).
[[nodiscard]] std::string field_term(Field field, std::string_view index_term);

/// A block's distinct field terms, sorted bytewise, in which of its slices each stands, and which words stand next to
/// each other. Immutable; any thread. Owns its bytes.
class BlockTerms {
 public:
  /// 0: none has the term.
  [[nodiscard]] SliceMask slices(std::string_view field_term) const;
  [[nodiscard]] const std::vector<std::string_view>& sorted() const { return sorted_; }
  [[nodiscard]] const BlockPairs& pairs() const { return pairs_; }
  [[nodiscard]] size_t memory_bytes() const;

 private:
  friend class TermCollector;
  BlockPairs pairs_;
  std::vector<std::unique_ptr<char[]>> arena_;
  std::vector<std::string_view> sorted_;
  size_t arena_bytes_ = 0;
};

/// The slices of a term that sorted() gave.
[[nodiscard]] inline SliceMask slices_of(std::string_view sorted_term) {
  return static_cast<SliceMask>(sorted_term.data()[-1]);  // where TermCollector puts them
}

/// Collects the terms of a block's messages: tokenise and dedupe. One thread; reusable after take().
class TermCollector {
 public:
  TermCollector();
  ~TermCollector();
  TermCollector(const TermCollector&) = delete;
  TermCollector& operator=(const TermCollector&) = delete;

  /// What is added from now on stands in these slices; at first, and after take(), in all.
  void set_slices(SliceMask slices);
  void add(Field field, std::string_view bytes, tokenizer::TextTraits traits);
  /// Adds a term that no text has.
  void add_mark(Field field, std::string_view mark);
  [[nodiscard]] std::shared_ptr<const BlockTerms> take();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

/// Adds all terms of a message: key, value and header values (plain text: JSON escapes are read in keys and values
/// only), and kUnusualNumber where it belongs.
void collect_terms(TermCollector& collector, const StoredMessage& message);

}  // namespace kseek::store
