#include "tokenizer/char_table.h"

#include <unicode/normalizer2.h>
#include <unicode/uchar.h>
#include <unicode/uscript.h>

#include "tokenizer/icu.h"

namespace kseek::tokenizer {
namespace {

bool is_standalone(UChar32 c, bool letter) {
  UErrorCode status = U_ZERO_ERROR;
  if (u_hasBinaryProperty(c, UCHAR_IDEOGRAPHIC) || uscript_getScript(c, &status) == USCRIPT_HAN) return true;
  if (!letter) return false;
  return uscript_hasScript(c, USCRIPT_HIRAGANA) || uscript_hasScript(c, USCRIPT_KATAKANA) ||
         u_getIntPropertyValue(c, UCHAR_LINE_BREAK) == U_LB_COMPLEX_CONTEXT;
}

/// What `c` folds to alone, as UTF-16.
icu::UnicodeString fold_alone(const icu::Normalizer2& folder, UChar32 c) {
  UErrorCode status = U_ZERO_ERROR;
  icu::UnicodeString folded = folder.normalize(icu::UnicodeString(c), status);
  check_icu(status, "fold a character");
  return folded;
}

}  // namespace

CharClass class_by_properties(char32_t code_point) {
  const auto c = static_cast<UChar32>(code_point);
  const uint32_t category = U_GET_GC_MASK(c);
  if ((category & U_GC_M_MASK) != 0) return CharClass::kMark;
  if ((category & (U_GC_L_MASK | U_GC_N_MASK)) == 0) return CharClass::kSeparator;
  return is_standalone(c, (category & U_GC_L_MASK) != 0) ? CharClass::kStandalone : CharClass::kWord;
}

CharTable::CharTable() {
  const icu::Normalizer2& folder = nfkc_casefold();
  folded.fill(0);
  for (UChar32 c = 0; c < 0x10000; ++c) {
    const auto i = static_cast<size_t>(c);
    const bool boundary = folder.hasBoundaryBefore(c) != 0;
    const bool inert = folder.isInert(c) != 0;
    if (!inert && boundary && !U_IS_SURROGATE(c)) {
      const icu::UnicodeString alone = fold_alone(folder, c);
      if (alone.length() == 1) folded[i] = alone.charAt(0);
    }
    bmp[i] = CharInfo(class_by_properties(static_cast<char32_t>(c)), boundary, inert);
  }
}

CharInfo CharTable::supplementary(char32_t c) {
  const icu::Normalizer2& folder = nfkc_casefold();
  const auto code_point = static_cast<UChar32>(c);
  const bool inert = folder.isInert(code_point) != 0;
  return {class_by_properties(c), folder.hasBoundaryBefore(code_point) != 0, inert};
}

const CharTable& CharTable::instance() {
  static const CharTable* const table = new CharTable;  // never destroyed: threads may outlive static destruction
  return *table;
}

}  // namespace kseek::tokenizer
