// Inside tokenizer/: what folding and tokenising need to know of a code point, from ICU's properties, in a table for
// the Basic Multilingual Plane. Built once, on first use (about 5 ms); immutable; any thread.
#pragma once

#include <array>
#include <cstdint>

namespace kseek::tokenizer {

enum class CharClass : uint8_t {
  kSeparator,   ///< not in a token
  kWord,        ///< letter or digit
  kStandalone,  ///< a token of its own: ideograph, kana, letter of a script written without spaces
  kMark,        ///< continues any token
};

/// A code point's properties in one byte.
class CharInfo {
 public:
  CharInfo() = default;
  CharInfo(CharClass char_class, bool boundary_before, bool inert)
      : bits_(static_cast<uint8_t>(static_cast<unsigned>(char_class) | (boundary_before ? 4U : 0U) |
                                   (inert ? 8U : 0U))) {}

  [[nodiscard]] CharClass char_class() const { return static_cast<CharClass>(bits_ & 3U); }
  /// NFKC_Casefold never joins it to what stands before it: text may be folded in parts that begin with it.
  [[nodiscard]] bool boundary_before() const { return (bits_ & 4U) != 0; }
  /// It folds to itself and has a boundary before and after it, whatever its neighbours.
  [[nodiscard]] bool inert() const { return (bits_ & 8U) != 0; }

 private:
  uint8_t bits_ = 0;
};

struct CharTable {
  std::array<CharInfo, 0x10000> bmp;
  /// What a code point that has a boundary before it folds to alone, where that is one code point of the plane; 0
  /// where it isn't.
  std::array<char16_t, 0x10000> folded;

  static const CharTable& instance();
  [[nodiscard]] CharInfo info(char32_t c) const { return c < 0x10000 ? bmp[c] : supplementary(c); }

 private:
  CharTable();
  static CharInfo supplementary(char32_t c);
};

/// From ICU's properties, without the table.
[[nodiscard]] CharClass class_by_properties(char32_t c);

}  // namespace kseek::tokenizer
