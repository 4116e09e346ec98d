#include "query/implied_terms.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "store/unusual_number.h"
#include "tokenizer/text.h"
#include "tokenizer/tokenizer.h"

namespace kseek::query {
namespace {

using tokenizer::TokenPattern;

void add_phrase(const tokenizer::Phrase& phrase, std::vector<TokenClause>& clauses) {
  for (const TokenPattern& token : phrase.tokens) {
    if (!token.is_any()) clauses.push_back({token});
  }
}

/// The words of a member's name: between quotation marks they stand in the text as they are, one after the other.
std::vector<TokenPattern> tokens_of_name(std::string_view name) {
  tokenizer::TextFolder folder;
  const std::string_view folded = folder.fold(name, {});
  std::vector<tokenizer::TokenSpan> spans;
  tokenizer::find_tokens(folded, spans);
  std::vector<TokenPattern> tokens;
  tokens.reserve(spans.size());
  for (const tokenizer::TokenSpan& span : spans) {
    tokens.push_back(TokenPattern::exact(std::string(folded.substr(span.begin, span.end - span.begin))));
  }
  return tokens;
}

/// A number as it was typed, or a string that reads like it.
void add_number(const std::string& digits, std::vector<TokenClause>& clauses) {
  if (digits.empty()) return;
  clauses.push_back({TokenPattern::exact(digits), TokenPattern::exact(std::string(store::kUnusualNumber))});
}

void add_test(const FieldTest& test, std::vector<TokenClause>& clauses) {
  switch (test.kind) {
    case FieldTest::Kind::kWord:
      if (test.number) return add_number(test.integer_digits, clauses);
      return add_phrase(test.phrase, clauses);
    case FieldTest::Kind::kNull: clauses.push_back({TokenPattern::exact("null")}); return;
    case FieldTest::Kind::kRegex: {
      auto implied = implied_tokens(test.regex);
      std::move(implied.begin(), implied.end(), std::back_inserter(clauses));
      return;
    }
    case FieldTest::Kind::kExists:
    case FieldTest::Kind::kInRange: return;
  }
}

}  // namespace

std::vector<TokenClause> implied_clauses(const Condition& condition) {
  std::vector<TokenClause> clauses;
  switch (condition.kind) {
    case Condition::Kind::kPhrase: add_phrase(condition.phrase, clauses); break;
    case Condition::Kind::kRegex: clauses = implied_tokens(condition.regex); break;
    case Condition::Kind::kField:
      for (const JsonPath::Step& step : condition.path.steps) {
        if (step.kind != JsonPath::Step::Kind::kName) continue;
        for (TokenPattern& token : tokens_of_name(step.name)) clauses.push_back({std::move(token)});
      }
      add_test(condition.test, clauses);
      break;
    default: break;
  }
  return clauses;
}

std::vector<WordPair> implied_pairs(const Condition& condition) {
  std::vector<WordPair> pairs;
  const auto add = [&pairs](const std::vector<TokenPattern>& tokens) {
    for (size_t i = 1; i < tokens.size(); ++i) {
      if (!tokens[i - 1].is_exact() || !tokens[i].is_exact()) continue;
      pairs.push_back({std::string(tokens[i - 1].literal_prefix()), std::string(tokens[i].literal_prefix())});
    }
  };
  if (condition.kind == Condition::Kind::kPhrase) add(condition.phrase.tokens);
  if (condition.kind != Condition::Kind::kField) return pairs;
  for (const JsonPath::Step& step : condition.path.steps) {
    if (step.kind == JsonPath::Step::Kind::kName) add(tokens_of_name(step.name));
  }
  if (condition.test.kind == FieldTest::Kind::kWord && !condition.test.number) add(condition.test.phrase.tokens);
  return pairs;
}

}  // namespace kseek::query
