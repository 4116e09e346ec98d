#include "tests/tokenizer/naive.h"

#include "tokenizer/utf8.h"

namespace kseek::tokenizer {
namespace {

using Step = TokenPattern::Step;

bool matches_from(const std::vector<Step>& steps, size_t step, std::string_view token) {
  if (step == steps.size()) return token.empty();
  if (steps[step].kind == Step::Kind::kLiteral) {
    const std::string& literal = steps[step].literal;
    return token.starts_with(literal) && matches_from(steps, step + 1, token.substr(literal.size()));
  }
  if (steps[step].kind == Step::Kind::kAnyRun && matches_from(steps, step + 1, token)) return true;
  if (token.empty()) return false;
  const std::string_view rest = token.substr(decode_utf8(token.data(), token.data() + token.size()).length);
  return matches_from(steps, steps[step].kind == Step::Kind::kAnyRun ? step : step + 1, rest);
}

}  // namespace

bool naive_matches(const std::vector<Step>& steps, std::string_view token) { return matches_from(steps, 0, token); }

std::vector<Step> steps_of(std::string_view written) {
  std::vector<Step> steps;
  for (const char c : written) {
    if (c == '*') {
      steps.push_back({Step::Kind::kAnyRun, {}});
    } else if (c == '?') {
      steps.push_back({Step::Kind::kAnyOne, {}});
    } else if (!steps.empty() && steps.back().kind == Step::Kind::kLiteral) {
      steps.back().literal += c;
    } else {
      steps.push_back({Step::Kind::kLiteral, std::string(1, c)});
    }
  }
  return steps;
}

bool naive_phrase_at(const Phrase& phrase, const std::vector<std::string>& tokens, size_t at) {
  if (at + phrase.tokens.size() > tokens.size()) return false;
  for (size_t i = 0; i < phrase.tokens.size(); ++i) {
    if (!naive_matches(steps_of(phrase.tokens[i].to_string()), tokens[at + i])) return false;
  }
  return true;
}

}  // namespace kseek::tokenizer
