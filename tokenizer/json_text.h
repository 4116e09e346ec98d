// JSON as text: is it valid, and what do its string escapes spell. Nothing is parsed into a tree.
#pragma once

#include <string>
#include <string_view>

namespace kseek::tokenizer {

/// True if `bytes` are one valid JSON object or array (RFC 8259, in valid UTF-8, white space around it allowed) of any
/// depth and with numbers of any size. Linear, iterative, allocates only for nesting deeper than 64.
[[nodiscard]] bool is_json_container(std::string_view bytes);

/// Appends `json` to `out` with each string escape replaced by the character it spells (a lone surrogate by U+FFFD,
/// \u0000 by a NUL). REQUIRES: is_json_container(json).
void append_unescaped(std::string_view json, std::string& out);

}  // namespace kseek::tokenizer
