#include <cassert>

#include "tokenizer/pattern.h"
#include "tokenizer/token_walk.h"

namespace kseek::tokenizer {
namespace {

std::string_view text_of(TokenSpan span, std::string_view folded) {
  return folded.substr(span.begin, span.end - span.begin);
}

/// Whether a token may be looked for by the places of `literal`, a part of its pattern: only if the literal can't reach
/// over several tokens, and is long enough that there are few places.
bool locates(const TokenPattern& pattern, std::string_view literal) {
  constexpr size_t kFewPlaces = 3;
  std::vector<TokenSpan> spans;
  find_tokens(literal, spans);
  const bool one_token = spans.size() == 1 && text_of(spans[0], literal).size() == literal.size();
  return one_token && (pattern.is_exact() || literal.size() >= kFewPlaces);
}

}  // namespace

PhraseFinder::PhraseFinder(Phrase phrase) : phrase_(std::move(phrase)) {
  assert(!phrase_.tokens.empty());
  std::string_view longest;
  for (size_t i = 0; i < phrase_.tokens.size(); ++i) {
    if (const std::string_view literal = phrase_.tokens[i].longest_literal(); literal.size() > longest.size()) {
      longest = literal;
      anchored_token_ = i;
    }
  }
  anchor_ = SubstringFinder(std::string(longest));
  local_ = locates(phrase_.tokens[anchored_token_], longest);
}

bool PhraseFinder::found_in(std::string_view folded) {
  if (local_) return find_local(folded, 0).has_value();
  return !find_all(folded, 1).empty();
}

std::vector<TokenSpan> PhraseFinder::find_all(std::string_view folded, size_t limit) {
  std::vector<TokenSpan> found;
  if (local_) {
    uint32_t from = 0;
    while (found.size() < limit) {
      const auto next = find_local(folded, from);
      if (!next) break;
      found.push_back(*next);
      from = next->end;
    }
  } else if (limit > 0 && anchor_.find(folded) != std::string_view::npos) {
    find_in_tokens(folded, limit, found);
  }
  return found;
}

std::optional<TokenSpan> PhraseFinder::find_local(std::string_view folded, uint32_t from) const {
  const TokenPattern& anchored = phrase_.tokens[anchored_token_];
  const size_t anchor_bytes = anchor_.needle().size();
  for (size_t at = anchor_.find(folded, from); at != std::string_view::npos; at = anchor_.find(folded, at)) {
    if (anchored.is_exact()) {
      const TokenSpan span{static_cast<uint32_t>(at), static_cast<uint32_t>(at + anchor_bytes)};
      if (!is_token_boundary(folded, span.begin) || !is_token_boundary(folded, span.end)) {
        ++at;
        continue;
      }
      if (const auto found = extend(folded, span, from)) return found;
      at = span.end;
    } else {
      // The whole token is looked at once, however often the anchor is in it.
      const auto span = token_at(folded, at);
      assert(span);
      if (anchored.matches(text_of(*span, folded))) {
        if (const auto found = extend(folded, *span, from)) return found;
      }
      at = span->end;
    }
  }
  return std::nullopt;
}

std::optional<TokenSpan> PhraseFinder::extend(std::string_view folded, TokenSpan anchored, uint32_t from) const {
  TokenSpan found = anchored;
  for (size_t i = anchored_token_; i-- > 0;) {
    const auto before = token_before(folded, found.begin);
    if (!before || before->begin < from || !phrase_.tokens[i].matches(text_of(*before, folded))) return std::nullopt;
    found.begin = before->begin;
  }
  for (size_t i = anchored_token_ + 1; i < phrase_.tokens.size(); ++i) {
    const auto after = token_after(folded, found.end);
    if (!after || !phrase_.tokens[i].matches(text_of(*after, folded))) return std::nullopt;
    found.end = after->end;
  }
  return found;
}

void PhraseFinder::find_in_tokens(std::string_view folded, size_t limit, std::vector<TokenSpan>& found) {
  spans_.clear();
  find_tokens(folded, spans_);
  const std::vector<TokenPattern>& tokens = phrase_.tokens;
  for (size_t i = 0; i + tokens.size() <= spans_.size() && found.size() < limit;) {
    size_t matched = 0;
    while (matched < tokens.size() && tokens[matched].matches(text_of(spans_[i + matched], folded))) ++matched;
    const bool here = matched == tokens.size();
    if (here) found.push_back({spans_[i].begin, spans_[i + tokens.size() - 1].end});
    i += here ? tokens.size() : 1;
  }
}

}  // namespace kseek::tokenizer
