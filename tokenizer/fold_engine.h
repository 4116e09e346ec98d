// Inside tokenizer/: folding of UTF-8 that may be ill-formed, into a growing buffer. One thread at a time.
// Text is cut where NFKC_Casefold has a boundary; a part of one character comes from the table, others go through ICU.
#pragma once

#include <unicode/bytestream.h>

#include <algorithm>
#include <cstring>
#include <memory>
#include <string_view>

#include "tokenizer/char_table.h"

namespace kseek::tokenizer {

/// Bytes that are appended without being zeroed first.
class FoldBuffer final : public icu::ByteSink {
 public:
  /// Where at least `n` bytes may be written; valid until the next call.
  char* room(size_t n) {
    if (capacity_ - size_ < n) grow(n);
    return data_.get() + size_;
  }
  void advance(size_t n) { size_ += n; }
  void clear() { size_ = 0; }
  void Append(const char* bytes, int32_t n) override {
    std::memcpy(room(static_cast<size_t>(n)), bytes, static_cast<size_t>(n));
    advance(static_cast<size_t>(n));
  }
  [[nodiscard]] std::string_view view() const { return {data_.get(), size_}; }

 private:
  void grow(size_t n) {
    const size_t capacity = std::max(size_ + n, 2 * capacity_ + 256);
    std::unique_ptr<char[]> bigger(new char[capacity]);
    if (size_ > 0) std::memcpy(bigger.get(), data_.get(), size_);
    data_ = std::move(bigger);
    capacity_ = capacity;
  }

  std::unique_ptr<char[]> data_;
  size_t size_ = 0;
  size_t capacity_ = 0;
};

/// Longer parts are cut, at a character: ICU takes quadratic time to order combining marks, and 10 MiB of them must not
/// stop an indexer. Text that means anything has parts of a few bytes.
inline constexpr ptrdiff_t kMaxPartBytes = 256;

/// The end of the part that begins at p: the next position whose character has a boundary before it. REQUIRES: p < end.
[[nodiscard]] const char* end_of_part(const CharTable& table, const char* p, const char* end);

/// Folds one part, valid UTF-8, through ICU.
void fold_with_icu(std::string_view part, FoldBuffer& out);

/// Folds any bytes.
void fold_text(std::string_view bytes, FoldBuffer& out);

}  // namespace kseek::tokenizer
