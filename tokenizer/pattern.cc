#include "tokenizer/pattern.h"

#include <algorithm>
#include <cassert>

#include "tokenizer/utf8.h"

namespace kseek::tokenizer {
namespace {

using Step = TokenPattern::Step;
using Kind = Step::Kind;

size_t char_bytes(std::string_view text, size_t at) {
  return decode_utf8(text.data() + at, text.data() + text.size()).length;
}

/// The first step, from `first` on, that is a `*`, or the end.
size_t next_run(const std::vector<Step>& steps, size_t first) {
  while (first < steps.size() && steps[first].kind != Kind::kAnyRun) ++first;
  return first;
}

/// Matches the steps [first, last), none a `*`, at text[at]; `at` moves behind them.
bool match_fixed(const std::vector<Step>& steps, size_t first, size_t last, std::string_view text, size_t& at) {
  for (; first < last; ++first) {
    if (steps[first].kind == Kind::kLiteral) {
      if (!text.substr(at).starts_with(steps[first].literal)) return false;
      at += steps[first].literal.size();
    } else {
      if (at == text.size()) return false;
      at += char_bytes(text, at);
    }
  }
  return true;
}

/// Whether the steps [0, last), none a `*`, fit a token that begins with `head` and goes on with a character that
/// ends beyond kMaxTermBytes. `open_ended`: a `*` follows.
bool fits_head(const std::vector<Step>& steps, size_t last, bool open_ended, std::string_view head) {
  size_t at = 0;
  for (size_t i = 0; i < last; ++i) {
    const std::string_view left = head.substr(at);
    if (steps[i].kind == Kind::kAnyOne) {
      if (left.empty()) return true;
      at += char_bytes(head, at);
    } else if (const std::string_view literal = steps[i].literal; literal.size() <= left.size()) {
      if (!left.starts_with(literal)) return false;
      at += literal.size();
    } else {
      return literal.starts_with(left) && head.size() + char_bytes(literal, left.size()) > kMaxTermBytes;
    }
  }
  return open_ended;
}

}  // namespace

TokenPattern TokenPattern::exact(std::string folded_token) { return of({{Kind::kLiteral, std::move(folded_token)}}); }

TokenPattern TokenPattern::of(std::vector<Step> steps) {
  assert(!steps.empty());
  TokenPattern pattern;
  for (Step& step : steps) {
    assert((step.kind == Kind::kLiteral) == !step.literal.empty());
    if (!pattern.steps_.empty() && pattern.steps_.back().kind == step.kind && step.kind != Kind::kAnyOne) {
      pattern.steps_.back().literal += step.literal;
    } else {
      pattern.steps_.push_back(std::move(step));
    }
  }
  return pattern;
}

bool TokenPattern::is_exact() const { return steps_.size() == 1 && steps_[0].kind == Kind::kLiteral; }
bool TokenPattern::is_any() const { return steps_.size() == 1 && steps_[0].kind == Kind::kAnyRun; }

std::string_view TokenPattern::literal_prefix() const { return steps_.front().literal; }

std::string_view TokenPattern::longest_literal() const {
  return std::max_element(steps_.begin(), steps_.end(),
                          [](const Step& a, const Step& b) { return a.literal.size() < b.literal.size(); })
      ->literal;
}

bool TokenPattern::matches(std::string_view token) const {
  size_t first = 0;     // the steps before it are matched
  size_t at = 0;        // by the text before it
  bool moving = false;  // a `*` stands before `first`: it may take more characters
  for (;;) {
    if (moving && steps_[first].kind == Kind::kLiteral) {
      const std::string_view literal = steps_[first].literal;
      if (first + 1 == steps_.size()) return token.substr(at).ends_with(literal);
      at = token.find(literal, at);
      if (at == std::string_view::npos) return false;
    }
    const size_t last = next_run(steps_, first);
    size_t behind = at;
    if (match_fixed(steps_, first, last, token, behind) && (last < steps_.size() || behind == token.size())) {
      if (last == steps_.size()) return true;
      // The leftmost place for the steps between two runs leaves the most to what follows: no need to come back.
      first = last + 1;
      at = behind;
      moving = true;
      if (first == steps_.size()) return true;
    } else {
      if (!moving || at == token.size()) return false;
      at += char_bytes(token, at);
    }
  }
}

bool TokenPattern::may_match_term(std::string_view term) const {
  if (term.empty() || term.back() != kCutMark) return matches(term);
  const size_t last = next_run(steps_, 0);
  return fits_head(steps_, last, last < steps_.size(), term.substr(0, term.size() - 1));
}

std::string TokenPattern::to_string() const {
  std::string text;
  for (const Step& step : steps_) {
    switch (step.kind) {
      case Kind::kLiteral: text += step.literal; break;
      case Kind::kAnyRun: text += '*'; break;
      case Kind::kAnyOne: text += '?'; break;
    }
  }
  return text;
}

std::string Phrase::to_string() const {
  std::string text;
  for (const TokenPattern& token : tokens) {
    if (!text.empty()) text += ' ';
    text += token.to_string();
  }
  return text;
}

}  // namespace kseek::tokenizer
