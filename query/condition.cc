#include "query/condition.h"

#include <cassert>
#include <utility>

namespace kseek::query {
namespace {

Condition join(Condition::Kind kind, std::vector<Condition> children) {
  assert(!children.empty());
  if (children.size() == 1) return std::move(children.front());
  Condition condition;
  condition.kind = kind;
  condition.children = std::move(children);
  return condition;
}

std::string join_text(const std::vector<Condition>& children, const char* between) {
  std::string text = "(";
  for (const Condition& child : children) {
    if (text.size() > 1) text += between;
    text += child.to_string();
  }
  return text + ")";
}

}  // namespace

Condition Condition::of_phrase(Scope scope, tokenizer::Phrase phrase) {
  Condition condition;
  condition.scope = scope;
  condition.phrase = std::move(phrase);
  return condition;
}

Condition Condition::all_of(std::vector<Condition> children) { return join(Kind::kAnd, std::move(children)); }

Condition Condition::any_of(std::vector<Condition> children) { return join(Kind::kOr, std::move(children)); }

Condition Condition::none_of(Condition child) {
  Condition condition;
  condition.kind = Kind::kNot;
  condition.children.push_back(std::move(child));
  return condition;
}

std::string Condition::to_string() const {
  switch (kind) {
    case Kind::kPhrase: {
      const char* name = scope == Scope::kKey ? "key:" : scope == Scope::kValue ? "value:" : "";
      return name + ("\"" + phrase.to_string() + "\"");
    }
    case Kind::kAnd: return join_text(children, " ");
    case Kind::kOr: return join_text(children, " OR ");
    case Kind::kNot: return "NOT " + children.front().to_string();
  }
  return {};
}

Result<Condition> parse_text_condition(Scope scope, std::string_view text) {
  KSEEK_ASSIGN(tokenizer::Phrase phrase, tokenizer::parse_phrase(text));
  return Condition::of_phrase(scope, std::move(phrase));
}

}  // namespace kseek::query
