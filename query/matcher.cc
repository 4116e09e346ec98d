#include "query/matcher.h"

#include <algorithm>
#include <tuple>

namespace kseek::query {

Matcher::Matcher(const std::optional<Condition>& where) {
  if (where) root_ = compile(*where);
}

Matcher::Node Matcher::compile(const Condition& condition) {
  Node node;
  node.kind = condition.kind;
  node.scope = condition.scope;
  if (condition.kind == Condition::Kind::kPhrase) node.finder.emplace(condition.phrase);
  for (const Condition& child : condition.children) node.children.push_back(compile(child));
  return node;
}

bool Matcher::matches(const store::StoredMessage& message) {
  if (!root_) return true;
  folded_key_.reset();
  folded_value_.reset();
  return matches(*root_, message);
}

bool Matcher::matches(Node& node, const store::StoredMessage& message) {
  const auto child_matches = [&](Node& child) { return matches(child, message); };
  switch (node.kind) {
    case Condition::Kind::kPhrase: return matches_phrase(node, message);
    case Condition::Kind::kAnd: return std::all_of(node.children.begin(), node.children.end(), child_matches);
    case Condition::Kind::kOr: return std::any_of(node.children.begin(), node.children.end(), child_matches);
    case Condition::Kind::kNot: return !child_matches(node.children.front());
  }
  return false;
}

bool Matcher::matches_phrase(Node& node, const store::StoredMessage& message) {
  if (node.scope != Scope::kValue && message.key) {
    if (!folded_key_) folded_key_ = key_folder_.fold(*message.key, message.key_traits);
    if (node.finder->found_in(*folded_key_)) return true;
  }
  if (node.scope != Scope::kKey && message.value) {
    if (!folded_value_) folded_value_ = value_folder_.fold(*message.value, message.value_traits);
    return node.finder->found_in(*folded_value_);
  }
  return false;
}

std::vector<MatchedPart> Matcher::matched_parts(const store::StoredMessage& message) {
  std::vector<MatchedPart> parts;
  if (!root_) return parts;
  if (message.key && message.key->size() <= kMaxMarkedBytes) {
    collect_parts(*root_, MatchedPart::In::kKey, tokenizer::fold_with_origins(*message.key, message.key_traits), parts);
  }
  if (message.value && message.value->size() <= kMaxMarkedBytes) {
    collect_parts(*root_, MatchedPart::In::kValue, tokenizer::fold_with_origins(*message.value, message.value_traits),
                  parts);
  }
  std::sort(parts.begin(), parts.end(), [](const MatchedPart& a, const MatchedPart& b) {
    return std::tie(a.in, a.begin, a.end) < std::tie(b.in, b.begin, b.end);
  });
  std::vector<MatchedPart> joined;
  for (const MatchedPart& part : parts) {
    if (!joined.empty() && joined.back().in == part.in && part.begin < joined.back().end) {
      joined.back().end = std::max(joined.back().end, part.end);
    } else if (joined.size() < kMaxMatchedParts) {
      joined.push_back(part);
    } else {
      break;
    }
  }
  return joined;
}

void Matcher::collect_parts(Node& node, MatchedPart::In in, const tokenizer::FoldedWithOrigins& folded,
                            std::vector<MatchedPart>& parts) {
  if (node.kind == Condition::Kind::kNot) return;
  for (Node& child : node.children) collect_parts(child, in, folded, parts);
  if (!node.finder) return;
  if (node.scope == (in == MatchedPart::In::kKey ? Scope::kValue : Scope::kKey)) return;
  for (const tokenizer::TokenSpan& span : node.finder->find_all(folded.text, kMaxMatchedParts)) {
    parts.push_back({in, folded.begin[span.begin], folded.end[span.end - 1]});
  }
}

}  // namespace kseek::query
