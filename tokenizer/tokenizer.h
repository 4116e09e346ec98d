// Tokens of folded text. A token is a maximal run of letters, digits and marks (Unicode general categories L, N, M).
// Each Han ideograph and kana, and each letter of a script written without spaces (Unicode Line_Break=Complex_Context:
// Thai, Lao, Khmer, Myanmar …), is, with the marks that follow it, a token of its own. Everything else separates.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace kseek::tokenizer {

/// Where a token stands in its folded text, in bytes.
struct TokenSpan {
  uint32_t begin = 0;
  uint32_t end = 0;
  auto operator<=>(const TokenSpan&) const = default;
};

/// Appends the spans of all tokens of `folded` (text from TextFolder, at most 4 GiB), in order. Any thread.
void find_tokens(std::string_view folded, std::vector<TokenSpan>& spans);

/// The same rules on ICU's properties alone, a character at a time: what find_tokens and TextFolder are tested against.
/// Takes raw (unfolded) UTF-8 bytes, returns folded tokens.
[[nodiscard]] std::vector<std::string> reference_tokens(std::string_view bytes, bool json_escapes);

/// True if `folded[position]` starts a token, or a token ends just before it, or it is inside none: in other words, no
/// token reaches over `position`. REQUIRES: position is on a character boundary, <= folded.size().
[[nodiscard]] bool is_token_boundary(std::string_view folded, size_t position);

// --- index terms -------------------------------------------------------------------------------------------------

/// Longest token that is an index term as it is, in bytes. A longer one is cut to its head, at a character boundary,
/// and marked with the byte 0xFF, which no folded text contains.
inline constexpr size_t kMaxTermBytes = 64;
inline constexpr char kCutMark = '\xFF';

/// The index term of a token: itself, or head and mark in `scratch`. The view dies with either.
[[nodiscard]] std::string_view index_term(std::string_view token, std::string& scratch);

}  // namespace kseek::tokenizer
