#include "tokenizer/token_walk.h"

#include "tokenizer/char_table.h"
#include "tokenizer/utf8.h"

namespace kseek::tokenizer {
namespace {

size_t next_char(std::string_view text, size_t position) {
  return position + decode_common_utf8(text.data() + position, text.data() + text.size()).length;
}

size_t previous_char(std::string_view text, size_t position) {
  do {
    --position;
  } while (position > 0 && is_continuation(text[position]));
  return position;
}

bool separates(std::string_view text, size_t position) {
  const Decoded decoded = decode_common_utf8(text.data() + position, text.data() + text.size());
  return CharTable::instance().info(decoded.c).char_class() == CharClass::kSeparator;
}

}  // namespace

std::optional<TokenSpan> token_at(std::string_view text, size_t position) {
  if (separates(text, position)) return std::nullopt;
  size_t begin = position;
  while (!is_token_boundary(text, begin)) begin = previous_char(text, begin);
  size_t end = next_char(text, position);
  while (!is_token_boundary(text, end)) end = next_char(text, end);
  return TokenSpan{static_cast<uint32_t>(begin), static_cast<uint32_t>(end)};
}

std::optional<TokenSpan> token_after(std::string_view text, size_t position) {
  for (; position < text.size(); position = next_char(text, position)) {
    if (!separates(text, position)) return token_at(text, position);
  }
  return std::nullopt;
}

std::optional<TokenSpan> token_before(std::string_view text, size_t position) {
  while (position > 0) {
    position = previous_char(text, position);
    if (!separates(text, position)) return token_at(text, position);
  }
  return std::nullopt;
}

}  // namespace kseek::tokenizer
