#include "query/matcher.h"

#include <algorithm>
#include <cassert>
#include <tuple>

namespace kseek::query {

Matcher::Matcher(const std::optional<Condition>& where) {
  if (where) root_.emplace(compile(*where));
}

Matcher::Node Matcher::compile(const Condition& condition) {
  Node node;
  node.condition = condition;
  node.condition.children.clear();
  if (condition.kind == Condition::Kind::kPhrase) node.finder.emplace(condition.phrase);
  if (condition.kind == Condition::Kind::kField) node.field.emplace(condition.path, condition.test);
  if (condition.kind == Condition::Kind::kRegex) {
    auto compiled = RegexMatcher::compile(condition.regex);
    assert(compiled && "conditions are made of expressions that compile");
    node.regex.emplace(*std::move(compiled));
  }
  for (const Condition& child : condition.children) node.children.push_back(compile(child));
  return node;
}

void Matcher::Text::take(std::optional<std::string_view> text, tokenizer::TextTraits its_traits) {
  bytes = text;
  traits = its_traits;
  folded.reset();
}

bool Matcher::matches(const store::StoredMessage& message, TimeKind time_kind) {
  if (!root_) return true;
  key_.take(message.key, message.key_traits);
  value_.take(message.value, message.value_traits);
  return matches(*root_, message, time_kind);
}

bool Matcher::matches(Node& node, const store::StoredMessage& message, TimeKind time_kind) {
  const auto child_matches = [&](Node& child) { return matches(child, message, time_kind); };
  const Condition& condition = node.condition;
  switch (condition.kind) {
    case Condition::Kind::kPhrase:
    case Condition::Kind::kRegex: return matches_text(node, message);
    case Condition::Kind::kField: return message.value && node.field->matches(*message.value, message.value_traits);
    case Condition::Kind::kPartitions:
      return std::binary_search(condition.partitions.begin(), condition.partitions.end(), message.partition);
    case Condition::Kind::kOffsets: return condition.offsets.contains(message.offset);
    case Condition::Kind::kTimes: return condition.times.contains(message.time(time_kind));
    case Condition::Kind::kAnd: return std::all_of(node.children.begin(), node.children.end(), child_matches);
    case Condition::Kind::kOr: return std::any_of(node.children.begin(), node.children.end(), child_matches);
    case Condition::Kind::kNot: return !child_matches(node.children.front());
  }
  return false;
}

bool Matcher::matches_text(Node& node, const store::StoredMessage& message) {
  switch (node.condition.target.scope) {
    case Scope::kKey: return found_in(node, key_);
    case Scope::kValue: return found_in(node, value_);
    case Scope::kKeyOrValue: return found_in(node, key_) || found_in(node, value_);
    case Scope::kHeader: return matches_headers(node, message.headers);
  }
  return false;
}

bool Matcher::found_in(Node& node, Text& text) {
  if (!text.bytes) return false;
  if (node.regex) return node.regex->found_in(*text.bytes, text.traits.ascii || text.traits.json_escapes);
  if (!text.folded) text.folded = text.folder.fold(*text.bytes, text.traits);
  return node.finder->found_in(*text.folded);
}

bool Matcher::matches_headers(Node& node, const HeaderList& headers) {
  const std::string& name = node.condition.target.header;
  for (const Header& header : headers) {
    if (!name.empty() && header.name != name) continue;
    header_.take(header.value, {});
    if (found_in(node, header_)) return true;
  }
  return false;
}

std::vector<MatchedPart> Matcher::matched_parts(const store::StoredMessage& message) {
  std::vector<MatchedPart> parts;
  if (!root_) return parts;
  const auto collect = [&](MatchedPart::In in, std::optional<std::string_view> bytes, tokenizer::TextTraits traits) {
    if (!bytes || bytes->size() > kMaxMarkedBytes) return;
    MarkedText text{in, *bytes, traits, std::nullopt};
    collect_parts(*root_, text, parts);
  };
  collect(MatchedPart::In::kKey, message.key, message.key_traits);
  collect(MatchedPart::In::kValue, message.value, message.value_traits);
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

void Matcher::collect_parts(Node& node, MarkedText& text, std::vector<MatchedPart>& parts) {
  if (node.condition.kind == Condition::Kind::kNot) return;
  for (Node& child : node.children) collect_parts(child, text, parts);
  const auto add = [&](const ByteSpan& span) {
    parts.push_back({text.in, static_cast<uint32_t>(span.begin), static_cast<uint32_t>(span.end)});
  };
  const bool in_key = text.in == MatchedPart::In::kKey;
  if (node.field && !in_key) {
    for (const ByteSpan& span : node.field->find_all(text.bytes, text.traits, kMaxMatchedParts)) add(span);
  }
  const Scope scope = node.condition.target.scope;
  if (scope == Scope::kHeader || scope == (in_key ? Scope::kValue : Scope::kKey)) return;
  if (node.finder) {
    if (!text.folded) text.folded = tokenizer::fold_with_origins(text.bytes, text.traits);
    const tokenizer::FoldedWithOrigins& folded = *text.folded;
    for (const tokenizer::TokenSpan& span : node.finder->find_all(folded.text, kMaxMatchedParts)) {
      add({folded.begin[span.begin], folded.end[span.end - 1]});
    }
  }
  if (node.regex) {
    for (const ByteSpan& span : node.regex->find_all(text.bytes, kMaxMatchedParts)) add(span);
  }
}

}  // namespace kseek::query
