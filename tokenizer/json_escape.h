// Inside tokenizer/: one escape of a JSON string.
#pragma once

#include "tokenizer/utf8.h"

namespace kseek::tokenizer {

/// The character that the escape at `p` (its backslash) spells, a surrogate pair being one escape, and the bytes it
/// took. REQUIRES: it is valid and ends before `end`.
[[nodiscard]] Decoded decode_json_escape(const char* p, const char* end);

}  // namespace kseek::tokenizer
