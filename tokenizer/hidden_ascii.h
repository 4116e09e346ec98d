// What folding can add to the ASCII that stands in a text: so that a search of its bytes, as they were sent, can stand
// for a search of the folded text. Any thread.
#pragma once

#include <string_view>

#include "tokenizer/text.h"

namespace kseek::tokenizer {

/// False only if every run of ASCII letters and digits in the folded text stands in `bytes` too, in upper or lower
/// case: no \u escape counts, and no character folds to such letters or to nothing (ﬁ, ², full-width forms, soft
/// hyphens). `traits` must be what classify() said of the bytes. At once for ASCII without escapes.
[[nodiscard]] bool may_hide_ascii(std::string_view bytes, TextTraits traits);

}  // namespace kseek::tokenizer
