// What folding can add to the words that stand in a text: so that a search of its bytes, as they were sent, can stand
// for a search of the folded text. Any thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "tokenizer/text.h"

namespace kseek::tokenizer {

inline constexpr size_t kIdeographBytes = 3;

/// The text begins with an ideograph from U+4E00 to U+9FFF: it folds to itself, and is a token of its own.
[[nodiscard]] inline bool begins_with_ideograph(std::string_view text) {
  const auto at = [text](size_t i) { return static_cast<uint8_t>(text[i]); };
  return text.size() >= kIdeographBytes && at(0) >= 0xE4 && at(0) <= 0xE9 && (at(0) > 0xE4 || at(1) >= 0xB8) &&
         (at(1) & 0xC0) == 0x80 && (at(2) & 0xC0) == 0x80;
}

/// False only if every run of ASCII letters and digits in the folded text stands in `bytes` too, in upper or lower
/// case, and every run of such ideographs: no \u escape counts, and no character folds to these or to nothing (ﬁ, ²,
/// full-width forms, soft hyphens, compatibility ideographs). `traits`: what classify() says of the text of
/// which the bytes are all or a part, or more than that: not ASCII, with escapes. At once for ASCII without escapes.
[[nodiscard]] bool may_hide_words(std::string_view bytes, TextTraits traits);

}  // namespace kseek::tokenizer
