// Folding: from the bytes of a key, a value or a header to the text whose tokens are compared.
//
//   bytes ──(JSON escapes spelled out, when the text is JSON)──▶ ──(NFKC case-folded)──▶ folded text ──▶ tokens
//
// Folded text is valid UTF-8: NFKC_Casefold of the input (Unicode's toNFKC_Casefold, which also drops
// default-ignorable characters), each maximal ill-formed part of what is not UTF-8 read as U+FFFD. All matching happens
// on folded text, so letters match whatever their case and width. (Over 256 bytes of combining marks on end are folded
// in pieces of that length.)
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace kseek::tokenizer {

/// What is known of a text, decided once when its message is stored, kept in the block.
struct TextTraits {
  bool ascii = false;         ///< every byte < 0x80
  bool json_escapes = false;  ///< a valid JSON object or array with at least one backslash: escapes mean characters
  auto operator<=>(const TextTraits&) const = default;
};

/// Looks at the bytes: about 10 GB/s for text without a backslash. Never fails; any bytes are allowed.
[[nodiscard]] TextTraits classify(std::string_view bytes);

/// True if the bytes are well-formed UTF-8 (Unicode 15, table 3-7).
[[nodiscard]] bool is_utf8(std::string_view bytes);

/// Folds texts into its own buffer. One thread at a time (keep one per thread); cheap to keep, not to make.
class TextFolder {
 public:
  TextFolder();
  ~TextFolder();
  TextFolder(TextFolder&&) noexcept;
  TextFolder& operator=(TextFolder&&) noexcept;

  /// The folded text. The view dies with the next call. `traits` must be what classify() said of these bytes
  /// (a default TextTraits is always allowed for text that is not JSON: it only takes the slower path).
  /// REQUIRES: at most 256 MiB (folded text may be eleven times as long, and positions in it are 32 bits).
  [[nodiscard]] std::string_view fold(std::string_view bytes, TextTraits traits);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

/// The folded text with, for each of its bytes, the range of input bytes that it came from: for marking matches.
/// Characters that fold together (a letter and the marks on it) share their range. Slow; gives the same text as
/// TextFolder (a property test holds the two together).
struct FoldedWithOrigins {
  std::string text;
  std::vector<uint32_t> begin;  ///< text.size() entries: first input byte
  std::vector<uint32_t> end;    ///< text.size() entries: one past the last input byte
};
[[nodiscard]] FoldedWithOrigins fold_with_origins(std::string_view bytes, TextTraits traits);

}  // namespace kseek::tokenizer
