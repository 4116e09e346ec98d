#include "tokenizer/fold_engine.h"

#include "tokenizer/ascii.h"
#include "tokenizer/icu.h"
#include "tokenizer/utf8.h"

namespace kseek::tokenizer {
namespace {

bool boundary_at(const CharTable& table, const char* p, const char* end) {
  return p == end || is_ascii_byte(*p) || table.info(decode_utf8(p, end).c).boundary_before();
}

void append_char(FoldBuffer& out, char32_t c) { out.advance(encode_utf8(c, out.room(4))); }

/// Folds the character at p, not ASCII, and what it interacts with; the end of that.
const char* fold_part(const CharTable& table, const char* p, const char* end, FoldBuffer& out) {
  const Decoded decoded = decode_utf8(p, end);
  const char* const next = p + decoded.length;
  const CharInfo info = table.info(decoded.c);
  if (info.inert() || boundary_at(table, next, end)) {
    if (info.unchanged()) {
      append_char(out, decoded.c);
      return next;
    }
    if (decoded.c < 0x10000 && table.folded[decoded.c] != 0) {
      append_char(out, table.folded[decoded.c]);
      return next;
    }
  }
  const char* const part_end = end_of_part(table, p, end);
  fold_with_icu({p, static_cast<size_t>(part_end - p)}, out);
  return part_end;
}

}  // namespace

const char* end_of_part(const CharTable& table, const char* p, const char* end) {
  const Decoded first = decode_utf8(p, end);
  p += first.length;
  if (table.info(first.c).inert()) return p;  // U+FFFD is: what is ill-formed never gets into a part with others
  while (!boundary_at(table, p, end)) p += decode_utf8(p, end).length;
  return p;
}

void fold_with_icu(std::string_view part, FoldBuffer& out) {
  // ICU counts in int32_t; a part longer than that has billions of combining marks, and folding it in slices is then
  // as good as any other reading of it.
  constexpr size_t kSlice = size_t{1} << 30;
  for (size_t at = 0; at < part.size(); at += kSlice) {
    const std::string_view slice = part.substr(at, kSlice);
    UErrorCode status = U_ZERO_ERROR;
    nfkc_casefold().normalizeUTF8(0, {slice.data(), static_cast<int32_t>(slice.size())}, out, nullptr, status);
    check_icu(status, "fold a text");
  }
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
    while (p < end && !is_ascii_byte(*p)) p = fold_part(table, p, end, out);
  }
}

}  // namespace kseek::tokenizer
