#include "query/prefilter.h"

#include <algorithm>

#include "query/implied_terms.h"
#include "query/regex_literal.h"
#include "tokenizer/ascii.h"
#include "tokenizer/hidden_words.h"

namespace kseek::query {
namespace {

using store::MessageBlock;
using tokenizer::SubstringFinder;
using tokenizer::TextTraits;

/// Of an AND, further conditions are looked for only while more than one message in so many is left: a look at all
/// messages costs as much as verifying a few.
constexpr size_t kFew = 8;

/// A literal of other scripts than these says only which texts it can't be in.
constexpr size_t kWeightOther = 1;

bool is_ascii(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return tokenizer::is_ascii_byte(c); });
}

bool are_ideographs(std::string_view text) {
  while (tokenizer::begins_with_ideograph(text)) text.remove_prefix(tokenizer::kIdeographBytes);
  return text.empty();
}

/// It stands in the bytes of a text in which it stands once that is folded, unless may_hide_words().
bool stands_as_sent(std::string_view literal) { return is_ascii(literal) || are_ideographs(literal); }

/// How much looking for the literals of a clause filters; 0: not at all.
size_t weight_of(const TokenClause& clause) {
  size_t weight = SIZE_MAX;
  for (const tokenizer::TokenPattern& pattern : clause) {
    const std::string_view literal = pattern.longest_literal();
    // Other ASCII is in no token: it is the mark of a block (store/unusual_number.h), not of a text.
    const bool word = std::all_of(literal.begin(), literal.end(), tokenizer::is_ascii_letter_or_digit);
    const bool tells = word || (are_ideographs(literal) && !literal.empty());
    weight = std::min(weight, tells ? literal.size() : is_ascii(literal) ? 0 : kWeightOther);
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

/// The phrase that a text that matches has; nullptr: there is none.
const tokenizer::Phrase* phrase_of(const Condition& condition) {
  if (condition.kind == Condition::Kind::kPhrase) return &condition.phrase;
  if (condition.kind != Condition::Kind::kField || condition.test.kind != FieldTest::Kind::kWord) return nullptr;
  return condition.test.number ? nullptr : &condition.test.phrase;
}

/// In the bytes of several texts, of which all from `loaded_begin` to `loaded_end` are there.
struct Place {
  size_t at = 0;
  size_t loaded_begin = 0, loaded_end = 0;
};

/// Adds the messages in whose texts one of the literals stands, at a place that counts: stands(i, place). Message
/// first + i's are [ends[i], ends[i + 1]) of `bytes`.
template <class Stands>
void find_in_texts(const std::vector<SubstringFinder>& any_of, std::string_view bytes, const store::LoadedParts& loaded,
                   std::span<const uint32_t> ends, size_t first, Stands&& stands, MessageSet& found) {
  for (const SubstringFinder& finder : any_of) {
    size_t i = 0;
    loaded.for_each(ends.back(), [&](size_t loaded_begin, size_t loaded_end) {
      const std::string_view text = bytes.substr(0, loaded_end);
      for (size_t at = finder.find(text, loaded_begin); at != std::string_view::npos; at = finder.find(text, at)) {
        while (ends[i + 1] <= at) ++i;
        const size_t end = ends[i + 1];
        const bool one_message = at + finder.needle().size() <= end;
        if (!one_message || !stands(i, Place{at, loaded_begin, loaded_end})) {
          ++at;
          continue;
        }
        found.add(first + i);
        at = end;
      }
    });
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
  const tokenizer::Phrase* const phrase = phrase_of(condition);
  auto sent_phrase = phrase == nullptr ? std::nullopt : tokenizer::SentPhrase::of(*phrase);
  const bool whole_phrase = sent_phrase && sent_phrase->is_whole();
  if (sent_phrase) {
    Node& node = all.children.emplace_back();
    node.weight = sent_phrase->anchor().needle().size();
    node.in = columns_of(condition);
    node.any_of.push_back(sent_phrase->anchor());
    node.phrase = std::move(sent_phrase);
  }
  for (const TokenClause& clause : telling_clauses(condition)) {
    if (whole_phrase) break;
    Node& node = all.children.emplace_back();
    node.weight = weight_of(clause);
    node.in = columns_of(condition);
    for (const tokenizer::TokenPattern& pattern : clause) {
      const std::string_view literal = pattern.longest_literal();
      if (stands_as_sent(literal)) {
        node.any_of.emplace_back(std::string(literal), SubstringFinder::Case::kAnyAscii);
      } else {
        node.other_script = true;
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
  using Also = store::TextFilter::Also;
  const Also also = node.as_sent ? Also::kNothing : node.other_script ? Also::kUnplain : Also::kHiding;
  const auto filter = store::TextFilter::of(node.any_of, also);
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
  store::Columns left = node.in;  // that are still to be looked at
  for (const auto text : {MessageBlock::Text::kKey, MessageBlock::Text::kValue}) {
    bool& wanted = text == MessageBlock::Text::kKey ? left.keys : left.values;
    if (!wanted) continue;
    const auto column = block.column(text);
    if (!column) continue;
    const auto stands = [&](size_t i, const Place& place) {
      if (!node.phrase) return true;
      const size_t begin = std::max<size_t>(column->ends[i], place.loaded_begin);
      const size_t end = std::min<size_t>(column->ends[i + 1], place.loaded_end);
      return node.phrase->may_stand_at(column->bytes.substr(begin, end - begin), place.at - begin,
                                       {.before = begin > column->ends[i], .after = end < column->ends[i + 1]});
    };
    find_in_texts(node.any_of, column->bytes, column->loaded, column->ends, 0, stands, found);
    find_hidden(node, text, block, *column, found);
    wanted = false;
  }
  if (left.values && among.count() * kFew > among.size()) {
    const bool have_rows =
        block.visit_rows(among.size(), [&](const store::MessageRows& rows) { find_in_rows(node, block, rows, found); });
    if (have_rows) left.keys = left.values = false;
  }
  if (left == store::Columns::none()) return;
  among.for_each([&](size_t i) {
    if (found.contains(i)) return;
    const store::StoredMessage message = block.message(i);
    const auto may_have = [&node](std::optional<std::string_view> text, TextTraits traits) {
      return text && (stands_in(node, *text) || may_hide(node, *text, traits));
    };
    const auto headers_may_have = [&node](std::string_view encoded) {
      const auto stands = [encoded](const SubstringFinder& finder) { return finder.find(encoded) != encoded.npos; };
      return std::any_of(node.any_of.begin(), node.any_of.end(), stands) || may_hide(node, encoded, {});
    };
    if ((left.keys && may_have(message.key, message.key_traits)) ||
        (left.values && may_have(message.value, message.value_traits)) ||
        (left.headers && !message.headers.empty() && headers_may_have(message.headers.encoded()))) {
      found.add(i);
    }
  });
}

void Prefilter::find_in_rows(const Node& node, const MessageBlock& block, const store::MessageRows& rows,
                             MessageSet& found) {
  const auto stands = [&](size_t i, const Place& place) {
    if (!node.phrase) return true;
    const store::StoredMessage message = block.message(rows.first + i);
    const auto stands_in_it = [&](bool wanted, std::optional<std::string_view> text) {
      if (!wanted || !text) return false;
      const size_t begin = static_cast<size_t>(text->data() - rows.bytes.data());
      if (place.at < begin || place.at + node.any_of.front().needle().size() > begin + text->size()) return false;
      return node.phrase->may_stand_at(*text, place.at - begin, {});
    };
    return stands_in_it(node.in.keys, message.key) || stands_in_it(node.in.values, message.value);
  };
  find_in_texts(node.any_of, rows.bytes, {}, rows.ends, rows.first, stands, found);
  if (node.as_sent) return;
  for (const uint32_t i : rows.hiding) found.add(i);
  if (!node.other_script) return;
  for (const uint32_t i : rows.not_ascii) found.add(i);
}

bool Prefilter::stands_in(const Node& node, std::string_view text) {
  return std::any_of(node.any_of.begin(), node.any_of.end(), [&](const SubstringFinder& finder) {
    size_t at = finder.find(text);
    while (at != std::string_view::npos && node.phrase && !node.phrase->may_stand_at(text, at, {})) {
      at = finder.find(text, at + 1);
    }
    return at != std::string_view::npos;
  });
}

bool Prefilter::may_hide(const Node& node, std::string_view text, TextTraits traits) {
  if (node.as_sent) return false;
  return (node.other_script && !traits.ascii) || tokenizer::may_hide_words(text, traits);
}

void Prefilter::find_hidden(const Node& node, MessageBlock::Text text, const MessageBlock& block,
                            const store::TextColumn& column, MessageSet& found) {
  if (node.as_sent) return;
  for (const uint32_t i : column.unplain) {
    if (found.contains(i)) continue;
    const store::StoredMessage message = block.message(i);
    const TextTraits traits = text == MessageBlock::Text::kKey ? message.key_traits : message.value_traits;
    // What is not loaded of it has nothing that is looked for.
    column.loaded.for_each(column.ends.back(), [&](size_t loaded_begin, size_t loaded_end) {
      const size_t begin = std::max<size_t>(column.ends[i], loaded_begin);
      const size_t end = std::min<size_t>(column.ends[i + 1], loaded_end);
      if (begin < end && may_hide(node, column.bytes.substr(begin, end - begin), traits)) found.add(i);
    });
  }
}

}  // namespace kseek::query
