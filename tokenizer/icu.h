// Inside tokenizer/: the one normalizer, and ICU's errors. Only sources include this, never a header of the folder.
#pragma once

#include <unicode/normalizer2.h>
#include <unicode/utypes.h>

namespace kseek::tokenizer {

/// NFKC_Casefold. Immutable, any thread, never dies.
[[nodiscard]] const icu::Normalizer2& nfkc_casefold();

/// Ends the program when ICU failed: its data is missing or memory has run out; no text makes it fail.
void check_icu(UErrorCode status, const char* what);

}  // namespace kseek::tokenizer
