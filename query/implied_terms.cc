#include "query/implied_terms.h"

#include <algorithm>

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

/// The words of a member's name: between quotation marks they stand in the text as they are.
void add_name(std::string_view name, std::vector<TokenClause>& clauses) {
  tokenizer::TextFolder folder;
  const std::string_view folded = folder.fold(name, {});
  std::vector<tokenizer::TokenSpan> spans;
  tokenizer::find_tokens(folded, spans);
  for (const tokenizer::TokenSpan& span : spans) {
    clauses.push_back({TokenPattern::exact(std::string(folded.substr(span.begin, span.end - span.begin)))});
  }
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
        if (step.kind == JsonPath::Step::Kind::kName) add_name(step.name, clauses);
      }
      add_test(condition.test, clauses);
      break;
    default: break;
  }
  return clauses;
}

}  // namespace kseek::query
