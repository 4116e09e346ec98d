#include "query/prefilter.h"

#include <algorithm>

#include "query/implied_terms.h"
#include "query/regex_literal.h"
#include "tokenizer/ascii.h"
#include "tokenizer/hidden_ascii.h"

namespace kseek::query {
namespace {

using store::MessageBlock;
using tokenizer::SubstringFinder;
using tokenizer::TextTraits;

/// Of an AND, further conditions are looked for only while more than one message in so many is left: a look at all
/// messages costs as much as verifying a few.
constexpr size_t kFew = 8;

/// A literal that is not ASCII says only which texts it can't be in.
constexpr size_t kWeightNotAscii = 1;

bool is_ascii(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return tokenizer::is_ascii_byte(c); });
}

/// How much looking for the literals of a clause filters; 0: not at all.
size_t weight_of(const TokenClause& clause) {
  size_t weight = SIZE_MAX;
  for (const tokenizer::TokenPattern& pattern : clause) {
    const std::string_view literal = pattern.longest_literal();
    // Other ASCII is in no token: it is the mark of a block (store/unusual_number.h), not of a text.
    const bool word = std::all_of(literal.begin(), literal.end(), tokenizer::is_ascii_letter_or_digit);
    weight = std::min(weight, word ? literal.size() : is_ascii(literal) ? 0 : kWeightNotAscii);
  }
  return clause.empty() ? 0 : weight;
}

/// What a condition on text implies and a search of columns helps with, the most telling first. A field's value tells
/// more than the names that lead to it.
std::vector<TokenClause> telling_clauses(const Condition& condition) {
  std::vector<TokenClause> clauses;
  if (condition.kind == Condition::Kind::kField) {
    Condition value = condition;
    value.path.steps.clear();
    clauses = implied_clauses(value);
  }
  const auto useless = [](const TokenClause& clause) { return weight_of(clause) == 0; };
  std::erase_if(clauses, useless);
  if (clauses.empty()) clauses = implied_clauses(condition);
  std::erase_if(clauses, useless);
  std::stable_sort(clauses.begin(), clauses.end(),
                   [](const TokenClause& a, const TokenClause& b) { return weight_of(a) > weight_of(b); });
  constexpr size_t kMost = 4;
  if (clauses.size() > kMost) clauses.resize(kMost);
  return clauses;
}

/// What every text that the expression matches contains as it was sent, ill-formed or not; empty: nothing is known.
std::string literal_as_sent(const Regex& regex) {
  constexpr std::string_view kReplacement = "\xEF\xBF\xBD";  // what ill-formed bytes read as
  if (regex.ignore_case) return {};
  std::string literal = required_literal(regex.pattern);
  return literal.find(kReplacement) == std::string::npos ? literal : std::string();
}

/// Adds the messages in whose column one of the literals stands, or may stand once the text is folded.
void find_in_column(const std::vector<SubstringFinder>& any_of, const store::TextColumn& column, MessageSet& found) {
  for (const SubstringFinder& finder : any_of) {
    size_t message = 0;
    column.loaded.for_each(column.ends.back(), [&](size_t loaded_begin, size_t loaded_end) {
      const std::string_view text = column.bytes.substr(0, loaded_end);
      for (size_t at = finder.find(text, loaded_begin); at != std::string_view::npos; at = finder.find(text, at)) {
        while (column.ends[message + 1] <= at) ++message;
        const size_t end = column.ends[message + 1];
        if (at + finder.needle().size() > end) {
          ++at;  // it reaches over two messages
          continue;
        }
        found.add(message);
        at = end;
      }
    });
  }
}

/// Adds those of the texts that are not plain ASCII in which the search above may have missed something.
void find_hidden(bool not_ascii, const MessageBlock& block, MessageBlock::Text text, const store::TextColumn& column,
                 MessageSet& found) {
  for (const uint32_t i : column.unplain) {
    if (found.contains(i)) continue;
    const store::StoredMessage message = block.message(i);
    const bool key = text == MessageBlock::Text::kKey;
    const TextTraits traits = key ? message.key_traits : message.value_traits;
    const auto bytes = key ? message.key : message.value;
    if (!bytes) continue;  // not loaded: what is looked for first is not there
    if ((not_ascii && !traits.ascii) || tokenizer::may_hide_ascii(*bytes, traits)) found.add(i);
  }
}

}  // namespace

store::Columns columns_of(const Condition& where) {
  switch (where.kind) {
    case Condition::Kind::kPhrase:
    case Condition::Kind::kRegex:
      switch (where.target.scope) {
        case Scope::kKey: return {.keys = true};
        case Scope::kValue: return {.values = true};
        case Scope::kKeyOrValue: return {.keys = true, .values = true};
        case Scope::kHeader: return {.headers = true};
      }
      break;
    case Condition::Kind::kField: return {.values = true};
    default: break;
  }
  store::Columns all;
  for (const Condition& child : where.children) {
    const store::Columns some = columns_of(child);
    all = {all.keys || some.keys, all.values || some.values, all.headers || some.headers};
  }
  return all;
}

Prefilter::Prefilter(const Condition& where) : columns_(columns_of(where)), root_(compile(where)) {
  if (root_) lead_ = lead_of(*root_);
}

std::optional<Prefilter::Node> Prefilter::compile(const Condition& condition) {
  const bool all = condition.kind == Condition::Kind::kAnd;
  switch (condition.kind) {
    case Condition::Kind::kPhrase:
    case Condition::Kind::kRegex:
    case Condition::Kind::kField: return compile_text(condition);
    case Condition::Kind::kAnd:
    case Condition::Kind::kOr: break;
    default: return std::nullopt;
  }
  Node node;
  node.kind = all ? Node::Kind::kAnd : Node::Kind::kOr;
  node.weight = all ? 0 : SIZE_MAX;
  for (const Condition& child : condition.children) {
    std::optional<Node> compiled = compile(child);
    if (!compiled && !all) return std::nullopt;
    if (!compiled) continue;
    node.weight = all ? std::max(node.weight, compiled->weight) : std::min(node.weight, compiled->weight);
    node.children.push_back(*std::move(compiled));
  }
  if (node.children.empty()) return std::nullopt;
  std::stable_sort(node.children.begin(), node.children.end(),
                   [](const Node& a, const Node& b) { return a.weight > b.weight; });
  return node;
}

std::optional<Prefilter::Node> Prefilter::compile_text(const Condition& condition) {
  Node all;
  all.kind = Node::Kind::kAnd;
  if (condition.kind == Condition::Kind::kRegex) {
    std::string literal = literal_as_sent(condition.regex);
    if (literal.size() > 1) {
      Node& node = all.children.emplace_back();
      node.weight = literal.size();
      node.in = columns_of(condition);
      node.as_sent = true;
      node.any_of.emplace_back(std::move(literal));
    }
  }
  for (const TokenClause& clause : telling_clauses(condition)) {
    Node& node = all.children.emplace_back();
    node.weight = weight_of(clause);
    node.in = columns_of(condition);
    for (const tokenizer::TokenPattern& pattern : clause) {
      const std::string_view literal = pattern.longest_literal();
      if (is_ascii(literal)) {
        node.any_of.emplace_back(std::string(literal), SubstringFinder::Case::kAnyAscii);
      } else {
        node.not_ascii = true;
      }
    }
  }
  if (all.children.empty()) return std::nullopt;
  std::stable_sort(all.children.begin(), all.children.end(),
                   [](const Node& a, const Node& b) { return a.weight > b.weight; });
  all.weight = all.children.front().weight;
  return all;
}

void Prefilter::Lead::add(Lead other) {
  const auto join = [](std::optional<store::TextFilter>& mine, std::optional<store::TextFilter>& others) {
    if (mine && others) {
      mine->add(*others);
    } else if (others) {
      mine = std::move(others);
    }
  };
  join(key, other.key);
  join(value, other.value);
  headers = headers || other.headers;
}

std::optional<Prefilter::Lead> Prefilter::lead_of(const Node& node) {
  if (node.kind == Node::Kind::kAnd) return lead_of(node.children.front());
  Lead lead;
  if (node.kind == Node::Kind::kOr) {
    for (const Node& child : node.children) {
      auto its = lead_of(child);
      if (!its) return std::nullopt;
      lead.add(*std::move(its));
    }
    return lead;
  }
  lead.headers = node.in.headers;
  if (!node.in.keys && !node.in.values) return lead;
  const auto filter = store::TextFilter::of(node.any_of, !node.as_sent);
  if (!filter) return std::nullopt;
  if (node.in.keys) lead.key = filter;
  if (node.in.values) lead.value = filter;
  return lead;
}

Result<void> Prefilter::load(const MessageBlock& block, size_t begin, size_t end) const {
  if (!lead_) return block.load(columns_, begin, end);
  if (lead_->key) KSEEK_TRY(block.load_where(MessageBlock::Text::kKey, begin, end, *lead_->key));
  if (lead_->value) KSEEK_TRY(block.load_where(MessageBlock::Text::kValue, begin, end, *lead_->value));
  return lead_->headers ? block.load({.headers = true}, begin, end) : Result<void>();
}

Result<MessageSet> Prefilter::messages(const MessageBlock& block, const MessageSet& among) const {
  MessageSet found(among.size());
  KSEEK_TRY(find(*root_, block, among, found));
  found &= among;
  return found;
}

Result<void> Prefilter::find(const Node& node, const MessageBlock& block, const MessageSet& among,
                             MessageSet& found) const {
  if (node.kind == Node::Kind::kOr) {
    for (const Node& child : node.children) KSEEK_TRY(find(child, block, among, found));
    return {};
  }
  if (node.kind == Node::Kind::kLiterals) {
    find_literals(node, block, among, found);
    return {};
  }
  MessageSet left(found.size());
  KSEEK_TRY(find(node.children.front(), block, among, left));
  left &= among;
  for (size_t i = 1; i < node.children.size() && left.count() * kFew > found.size(); ++i) {
    // What else is looked for may stand in what is not loaded yet.
    Result<void> loaded;
    left.for_each([&](size_t message) {
      if (loaded) loaded = block.load(columns_, message, message + 1);
    });
    KSEEK_TRY(std::move(loaded));
    MessageSet also(found.size());
    KSEEK_TRY(find(node.children[i], block, left, also));
    left &= also;
  }
  found |= left;
  return {};
}

void Prefilter::find_literals(const Node& node, const MessageBlock& block, const MessageSet& among, MessageSet& found) {
  bool by_message = node.in.headers;
  for (const auto text : {MessageBlock::Text::kKey, MessageBlock::Text::kValue}) {
    if (!(text == MessageBlock::Text::kKey ? node.in.keys : node.in.values)) continue;
    if (const auto column = block.column(text)) {
      find_in_column(node.any_of, *column, found);
      if (!node.as_sent) find_hidden(node.not_ascii, block, text, *column, found);
    } else {
      by_message = true;
    }
  }
  if (!by_message) return;
  among.for_each([&](size_t i) {
    if (found.contains(i)) return;
    const store::StoredMessage message = block.message(i);
    const auto may_have = [&node](std::optional<std::string_view> text, TextTraits traits) {
      if (!text) return false;
      const auto stands = [&text](const SubstringFinder& finder) {
        return finder.find(*text) != std::string_view::npos;
      };
      if (std::any_of(node.any_of.begin(), node.any_of.end(), stands)) return true;
      return !node.as_sent && ((node.not_ascii && !traits.ascii) || tokenizer::may_hide_ascii(*text, traits));
    };
    if ((node.in.keys && may_have(message.key, message.key_traits)) ||
        (node.in.values && may_have(message.value, message.value_traits)) ||
        (node.in.headers && !message.headers.empty() && may_have(message.headers.encoded(), {}))) {
      found.add(i);
    }
  });
}

}  // namespace kseek::query
