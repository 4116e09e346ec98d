#include "tokenizer/fold_engine.h"

#include "tokenizer/ascii.h"
#include "tokenizer/icu.h"
#include "tokenizer/utf8.h"

namespace kseek::tokenizer {
namespace {

bool boundary_at(const CharTable& table, const char* p, const char* end) {
  return p == end || is_ascii_byte(*p) || table.info(decode_common_utf8(p, end).c).boundary_before();
}

/// What a character folds to if that takes no ICU: one character; or 0. REQUIRES: a boundary before it.
char32_t folded_alone(const CharTable& table, Decoded decoded, const char* next, const char* end) {
  const CharInfo info = table.info(decoded.c);
  if (info.inert()) return decoded.c;
  return decoded.c < 0x10000 && boundary_at(table, next, end) ? table.folded[decoded.c] : 0;
}

/// From p, not ASCII, up to two ASCII characters in a row, or somewhat less; where it stopped.
const char* fold_other(const CharTable& table, const char* p, const char* end, FoldBuffer& out) {
  constexpr size_t kStep = 1024;
  const char* const stop = p + std::min(static_cast<size_t>(end - p), kStep);
  char* const begin = out.room(4 * kStep);
  char* to = begin;
  while (p < stop && !(is_ascii_byte(*p) && (p + 1 == end || is_ascii_byte(p[1])))) {
    const Decoded decoded = decode_common_utf8(p, end);
    const char* const next = p + decoded.length;
    const char32_t folded = folded_alone(table, decoded, next, end);
    if (folded == 0) {
      out.advance(static_cast<size_t>(to - begin));
      const char* const part_end = end_of_part(table, p, end);
      fold_with_icu({p, static_cast<size_t>(part_end - p)}, out);
      return part_end;
    }
    to += encode_utf8(folded, to);
    p = next;
  }
  out.advance(static_cast<size_t>(to - begin));
  return p;
}

}  // namespace

const char* end_of_part(const CharTable& table, const char* p, const char* end) {
  const Decoded first = decode_utf8(p, end);
  const char* const begin = p;
  p += first.length;
  if (table.info(first.c).inert()) return p;  // U+FFFD is: what is ill-formed never gets into a part with others
  while (p - begin < kMaxPartBytes && !boundary_at(table, p, end)) p += decode_utf8(p, end).length;
  return p;
}

void fold_with_icu(std::string_view part, FoldBuffer& out) {
  UErrorCode status = U_ZERO_ERROR;
  nfkc_casefold().normalizeUTF8(0, {part.data(), static_cast<int32_t>(part.size())}, out, nullptr, status);
  check_icu(status, "fold a text");
}

void fold_text(std::string_view bytes, FoldBuffer& out) {
  const CharTable& table = CharTable::instance();
  const char* p = bytes.data();
  const char* const end = p + bytes.size();
  while (p < end) {
    const char* ascii_end = skip_ascii(p, end);
    // The last ASCII character may be composed with a mark that follows it.
    const bool joined = ascii_end > p && !boundary_at(table, ascii_end, end);
    if (joined) --ascii_end;
    const auto ascii_bytes = static_cast<size_t>(ascii_end - p);
    lower_ascii(p, ascii_end, out.room(ascii_bytes));
    out.advance(ascii_bytes);
    p = ascii_end;
    if (joined) {
      const char* const part_end = end_of_part(table, p, end);
      fold_with_icu({p, static_cast<size_t>(part_end - p)}, out);
      p = part_end;
    }
    while (p < end && !is_ascii_byte(*p)) p = fold_other(table, p, end, out);
  }
}

}  // namespace kseek::tokenizer
