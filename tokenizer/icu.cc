#include "tokenizer/icu.h"

#include <cstdio>
#include <cstdlib>

namespace kseek::tokenizer {

const icu::Normalizer2& nfkc_casefold() {
  static const icu::Normalizer2* const normalizer = [] {
    UErrorCode status = U_ZERO_ERROR;
    const icu::Normalizer2* found = icu::Normalizer2::getNFKCCasefoldInstance(status);
    check_icu(status, "load its NFKC_Casefold data");
    return found;
  }();
  return *normalizer;
}

void check_icu(UErrorCode status, const char* what) {
  if (U_SUCCESS(status)) return;
  std::fprintf(stderr, "kseek: ICU can't %s: %s; is libicu complete?\n", what, u_errorName(status));
  std::abort();
}

}  // namespace kseek::tokenizer
