#include <algorithm>
#include <cassert>

#include "tokenizer/pattern.h"

namespace kseek::tokenizer {

PhraseFinder::PhraseFinder(Phrase phrase) : phrase_(std::move(phrase)) {
  assert(!phrase_.tokens.empty());
  for (const TokenPattern& token : phrase_.tokens) {
    if (token.longest_literal().size() > anchor_.size()) anchor_ = token.longest_literal();
  }
}

bool PhraseFinder::rejects(std::string_view folded) const {
  return !anchor_.empty() && folded.find(anchor_) == std::string_view::npos;
}

bool PhraseFinder::found_in(std::string_view folded) { return !find_all(folded, 1).empty(); }

std::vector<TokenSpan> PhraseFinder::find_all(std::string_view folded, size_t limit) {
  std::vector<TokenSpan> found;
  if (limit == 0 || rejects(folded)) return found;
  spans_.clear();
  find_tokens(folded, spans_);
  const std::vector<TokenPattern>& tokens = phrase_.tokens;
  for (size_t i = 0; i + tokens.size() <= spans_.size() && found.size() < limit;) {
    const bool here = std::equal(tokens.begin(), tokens.end(), spans_.begin() + static_cast<ptrdiff_t>(i),
                                 [folded](const TokenPattern& pattern, const TokenSpan& span) {
                                   return pattern.matches(folded.substr(span.begin, span.end - span.begin));
                                 });
    if (here) found.push_back({spans_[i].begin, spans_[i + tokens.size() - 1].end});
    i += here ? tokens.size() : 1;
  }
  return found;
}

}  // namespace kseek::tokenizer
