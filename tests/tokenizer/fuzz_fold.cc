// Any bytes: the fast path's tokens are the reference's, both foldings give one text, boundaries agree with tokens,
// and each token is found again.
#include <cstdlib>

#include "tokenizer/pattern.h"
#include "tokenizer/text.h"
#include "tokenizer/token_walk.h"
#include "tokenizer/tokenizer.h"

namespace kseek::tokenizer {
namespace {

void require(bool condition) {
  if (!condition) std::abort();
}

void check(std::string_view bytes, TextTraits traits) {
  static TextFolder folder;
  const std::string_view folded = folder.fold(bytes, traits);
  const FoldedWithOrigins slow = fold_with_origins(bytes, traits);
  require(slow.text == folded);
  require(slow.begin.size() == folded.size() && slow.end.size() == folded.size());

  std::vector<TokenSpan> spans;
  find_tokens(folded, spans);
  const std::vector<std::string> expected = reference_tokens(bytes, traits.json_escapes);
  require(spans.size() == expected.size());
  size_t after = 0;
  for (size_t i = 0; i < spans.size(); ++i) {
    const std::string_view token = folded.substr(spans[i].begin, spans[i].end - spans[i].begin);
    require(token == expected[i]);
    require(token_after(folded, after) == spans[i]);
    after = spans[i].end;
  }
  require(!token_after(folded, after));
  if (!expected.empty()) {
    const size_t i = bytes.size() % expected.size();
    require(PhraseFinder(Phrase{{TokenPattern::exact(expected[i])}}).found_in(folded));
  }
}

void check_all(std::string_view bytes) {
  check(bytes, classify(bytes));
  check(bytes, {});
  if (const auto phrase = parse_phrase(bytes)) {
    require(!phrase->tokens.empty());
    require(!phrase->to_string().empty());
  }
}

}  // namespace
}  // namespace kseek::tokenizer

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  kseek::tokenizer::check_all({reinterpret_cast<const char*>(data), size});
  return 0;
}
