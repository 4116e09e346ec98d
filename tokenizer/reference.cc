// reference_tokens: the rules a character at a time, on ICU alone and on nothing of the fast path.
#include <unicode/normalizer2.h>
#include <unicode/uchar.h>
#include <unicode/unistr.h>
#include <unicode/uscript.h>
#include <unicode/utf8.h>

#include "tokenizer/icu.h"
#include "tokenizer/json_text.h"
#include "tokenizer/tokenizer.h"

namespace kseek::tokenizer {
namespace {

icu::UnicodeString decode(std::string_view bytes) {
  icu::UnicodeString text;
  const auto* const p = reinterpret_cast<const uint8_t*>(bytes.data());
  const auto size = static_cast<int32_t>(bytes.size());
  for (int32_t i = 0; i < size;) {
    UChar32 c = 0;
    U8_NEXT(p, i, size, c);
    text.append(c < 0 ? UChar32{0xFFFD} : c);
  }
  return text;
}

bool is_mark(UChar32 c) { return (U_GET_GC_MASK(c) & U_GC_M_MASK) != 0; }
bool is_letter(UChar32 c) { return (U_GET_GC_MASK(c) & U_GC_L_MASK) != 0; }
bool is_number(UChar32 c) { return (U_GET_GC_MASK(c) & U_GC_N_MASK) != 0; }

bool stands_alone(UChar32 c) {
  UErrorCode status = U_ZERO_ERROR;
  const bool han = u_hasBinaryProperty(c, UCHAR_IDEOGRAPHIC) || uscript_getScript(c, &status) == USCRIPT_HAN;
  const bool kana = uscript_hasScript(c, USCRIPT_HIRAGANA) || uscript_hasScript(c, USCRIPT_KATAKANA);
  const bool unspaced = u_getIntPropertyValue(c, UCHAR_LINE_BREAK) == U_LB_COMPLEX_CONTEXT;
  return (han && (is_letter(c) || is_number(c))) || ((kana || unspaced) && is_letter(c));
}

}  // namespace

std::vector<std::string> reference_tokens(std::string_view bytes, bool json_escapes) {
  std::string unescaped;
  if (json_escapes) {
    append_unescaped(bytes, unescaped);
    bytes = unescaped;
  }
  UErrorCode status = U_ZERO_ERROR;
  const icu::UnicodeString text = nfkc_casefold().normalize(decode(bytes), status);
  check_icu(status, "fold a text");

  std::vector<std::string> tokens;
  icu::UnicodeString token;
  bool alone = false;  // the token began with a character that stands alone
  const auto finish = [&] {
    if (!token.isEmpty()) token.toUTF8String(tokens.emplace_back());
    token.remove();
    alone = false;
  };
  for (int32_t i = 0; i < text.length(); i = text.moveIndex32(i, 1)) {
    const UChar32 c = text.char32At(i);
    if (!is_letter(c) && !is_number(c) && !is_mark(c)) {
      finish();
      continue;
    }
    if (!is_mark(c) && (alone || stands_alone(c))) finish();
    if (token.isEmpty()) alone = stands_alone(c);
    token.append(c);
  }
  finish();
  return tokens;
}

}  // namespace kseek::tokenizer
