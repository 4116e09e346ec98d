// Inside tokenizer/: from a place in folded text to the tokens around it, without tokenising all of it. Any thread.
#pragma once

#include <optional>
#include <string_view>

#include "tokenizer/tokenizer.h"

namespace kseek::tokenizer {

/// The token that the character at `position` is part of; nullopt where it separates. REQUIRES: position is on a
/// character boundary, < text.size().
[[nodiscard]] std::optional<TokenSpan> token_at(std::string_view text, size_t position);

/// The first token that begins at `position` or later. REQUIRES: a token boundary.
[[nodiscard]] std::optional<TokenSpan> token_after(std::string_view text, size_t position);

/// The last token that ends at `position` or before. REQUIRES: a token boundary.
[[nodiscard]] std::optional<TokenSpan> token_before(std::string_view text, size_t position);

}  // namespace kseek::tokenizer
