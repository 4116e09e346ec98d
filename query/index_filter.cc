#include "query/index_filter.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "query/block_meta_filter.h"
#include "query/dictionary_scan.h"
#include "query/implied_terms.h"
#include "query/prices.h"
#include "tokenizer/tokenizer.h"

namespace kseek::query {
namespace {

/// A scan of the whole dictionary can't be stopped by a deadline and gives no hits on the way: it must be so much
/// cheaper.
constexpr double kWholeDictionaryHandicap = 2;
/// Before one, so much of its price is spent on verifying blocks.
constexpr double kShareTriedFirst = 0.1;

/// A cut term keeps at least so much of its token's head, so a scan below a longer prefix could miss it.
constexpr size_t kMaxScanPrefixBytes = tokenizer::kMaxTermBytes - 16;

/// By kFieldsInOrder: header, key, value.
std::array<bool, store::kFieldsInOrder.size()> fields_of(const Condition& condition) {
  if (condition.kind == Condition::Kind::kField) return {false, false, true};
  switch (condition.target.scope) {
    case Scope::kKey: return {false, true, false};
    case Scope::kValue: return {false, false, true};
    case Scope::kKeyOrValue: return {false, true, true};
    case Scope::kHeader: return {true, false, false};
  }
  return {};
}

std::string_view scan_prefix(std::string_view literal) {
  if (literal.size() <= kMaxScanPrefixBytes) return literal;
  size_t end = kMaxScanPrefixBytes;
  while (end > 0 && (static_cast<uint8_t>(literal[end]) & 0xC0) == 0x80) --end;
  return literal.substr(0, end);
}

SliceSet narrow_position(const Condition& position, const TermSource& source, const SliceSet& among) {
  SliceSet left(among.size());
  for (const auto& [at, meta] : source.metadata) {
    if (may_match(position, *meta, source.time_kind)) left.add(at, among.slices(at));
  }
  return left;
}

}  // namespace

IndexFilter::IndexFilter(const Condition& where) : root_(compile(where)) {}

IndexFilter::Node IndexFilter::compile(const Condition& condition) {
  Node node;
  node.kind = condition.kind;
  if (condition.kind == Condition::Kind::kNot) return node;  // no filter, whatever stands below
  for (const Condition& child : condition.children) node.children.push_back(compile(child));
  switch (condition.kind) {
    case Condition::Kind::kPhrase:
    case Condition::Kind::kRegex:
    case Condition::Kind::kField: compile_text(condition, node); break;
    case Condition::Kind::kPartitions:
    case Condition::Kind::kOffsets:
    case Condition::Kind::kTimes: node.position = condition; break;
    default: break;
  }
  return node;
}

void IndexFilter::compile_text(const Condition& condition, Node& node) {
  node.looks_in = fields_of(condition);
  node.step = steps_.size();
  steps_.push_back({condition.to_string(), 0, 0});
  std::string scratch;
  for (TokenClause& clause : implied_clauses(condition)) {
    AnyOf any_of;
    for (tokenizer::TokenPattern& pattern : clause) {
      const std::string_view literal = pattern.literal_prefix();
      const std::string_view term = pattern.is_exact() ? tokenizer::index_term(literal, scratch) : scan_prefix(literal);
      Token token{pattern, {}};
      for (size_t field = 0; field < kFields; ++field) {
        token.terms[field] = store::field_term(store::kFieldsInOrder[field], term);
      }
      any_of.push_back(std::move(token));
    }
    if (any_of.size() == 1 && any_of[0].pattern.is_exact()) {
      node.exact.push_back(std::move(any_of[0]));
    } else {
      node.choices.push_back(std::move(any_of));
    }
  }
  for (const WordPair& pair : implied_pairs(condition)) {
    for (size_t field = 0; field < kFields; ++field) {
      const auto hash = store::pair_hash(store::kFieldsInOrder[field], pair.first, pair.second);
      if (hash) node.pairs[field].push_back(*hash);
    }
  }
  // The longest token first: it is the likeliest to be absent, and then the others are not looked up.
  std::stable_sort(node.exact.begin(), node.exact.end(),
                   [](const Token& a, const Token& b) { return a.terms[0].size() > b.terms[0].size(); });
  // The longest prefix first, then the longest literal: it is the likeliest to leave few blocks to the others.
  const auto rank = [](const AnyOf& any_of) {
    return std::pair(any_of[0].terms[0].size(), any_of[0].pattern.longest_literal().size());
  };
  std::stable_sort(node.choices.begin(), node.choices.end(),
                   [&](const AnyOf& a, const AnyOf& b) { return rank(a) > rank(b); });
}

IndexFilter IndexFilter::fresh() const {
  IndexFilter made = *this;
  for (Explain::Step& step : made.steps_) step.blocks_left = step.without_pairs = 0;
  return made;
}

void IndexFilter::add_steps(const IndexFilter& other) {
  for (size_t i = 0; i < steps_.size(); ++i) {
    steps_[i].blocks_left += other.steps_[i].blocks_left;
    steps_[i].without_pairs += other.steps_[i].without_pairs;
  }
}

Result<SliceSet> IndexFilter::narrow(TermSource& source, const SliceSet& among, bool through_dictionaries) {
  through_dictionaries_ = through_dictionaries;
  return narrow_node(root_, source, among);
}

Result<size_t> IndexFilter::blocks_before_dictionaries(TermSource& source) {
  const double seconds = dictionary_seconds(root_, source);
  if (seconds == 0) return 0U;
  KSEEK_ASSIGN(const size_t blocks, estimate(root_, source));
  const double block_seconds = verify_block_seconds(source);
  const bool too_dear = seconds * kWholeDictionaryHandicap > static_cast<double>(blocks) * block_seconds;
  return too_dear ? 0 : static_cast<size_t>(seconds * kShareTriedFirst / block_seconds);
}

double IndexFilter::dictionary_seconds(const AnyOf& any_of, size_t field, const TermSource& source) {
  double seconds = 0;
  for (const Token& token : any_of) {
    if (token.pattern.is_exact() || !is_whole_dictionary(token.terms[field])) continue;
    seconds += static_cast<double>(source.terms(store::kFieldsInOrder[field])) * kTermSeconds;
  }
  return seconds;
}

double IndexFilter::dictionary_seconds(const Node& node, const TermSource& source) {
  double seconds = 0;
  for (const Node& child : node.children) seconds += dictionary_seconds(child, source);
  for (size_t field = 0; field < kFields; ++field) {
    if (!node.looks_in[field]) continue;
    for (const AnyOf& any_of : node.choices) seconds += dictionary_seconds(any_of, field, source);
  }
  return seconds;
}

Result<SliceSet> IndexFilter::narrow_node(const Node& node, TermSource& source, const SliceSet& among) {
  if (among.empty()) return among;
  switch (node.kind) {
    case Condition::Kind::kNot: return among;
    case Condition::Kind::kPartitions:
    case Condition::Kind::kOffsets:
    case Condition::Kind::kTimes: return narrow_position(node.position, source, among);
    case Condition::Kind::kAnd: return narrow_all(node, source, among);
    case Condition::Kind::kOr: {
      SliceSet any(among.size());
      for (const Node& child : node.children) {
        KSEEK_ASSIGN(const SliceSet some, narrow_node(child, source, among));
        any |= some;
      }
      return any;
    }
    case Condition::Kind::kPhrase:
    case Condition::Kind::kRegex:
    case Condition::Kind::kField: break;
  }
  SliceSet any(among.size());
  SliceSet apart(among.size());
  for (size_t field = 0; field < kFields; ++field) {
    if (!node.looks_in[field]) continue;
    KSEEK_ASSIGN(const SliceSet some, narrow_field(node, field, source, among, apart));
    any |= some;
  }
  steps_[node.step].blocks_left += any.count();
  apart.remove_blocks(any);
  steps_[node.step].without_pairs += apart.count();
  return any;
}

Result<SliceSet> IndexFilter::narrow_all(const Node& node, TermSource& source, const SliceSet& among) {
  std::vector<std::pair<size_t, const Node*>> rarest_first;
  for (const Node& child : node.children) {
    KSEEK_ASSIGN(const size_t blocks, estimate(child, source));
    rarest_first.emplace_back(blocks, &child);
  }
  std::stable_sort(rarest_first.begin(), rarest_first.end(),
                   [](const auto& a, const auto& b) { return a.first < b.first; });
  SliceSet left = among;
  for (const auto& [blocks, child] : rarest_first) {
    if (left.empty()) break;
    KSEEK_ASSIGN(left, narrow_node(*child, source, left));
  }
  return left;
}

Result<SliceSet> IndexFilter::narrow_field(const Node& node, size_t field, TermSource& source, const SliceSet& among,
                                           SliceSet& apart) {
  std::vector<std::pair<uint32_t, const Token*>> rarest_first;
  for (const Token& token : node.exact) {
    KSEEK_ASSIGN(const uint32_t blocks, source.block_count(token.terms[field]));
    if (blocks == 0) return SliceSet(among.size());
    rarest_first.emplace_back(blocks, &token);
  }
  std::stable_sort(rarest_first.begin(), rarest_first.end(),
                   [](const auto& a, const auto& b) { return a.first < b.first; });
  SliceSet left = among;
  for (const auto& [blocks, token] : rarest_first) {
    if (left.empty()) return left;
    if (blocks > 1 && blocks >= source.blocks()) break;  // in every block, and so are the others: in most slices, too
    SliceSet having(among.size());
    KSEEK_TRY(source.add_postings(token->terms[field], having));
    left &= having;
  }
  if (!node.pairs[field].empty()) {
    KSEEK_ASSIGN(const SliceSet having, narrow_pairs(node.pairs[field], source, left));
    left.remove_blocks(having);
    apart |= left;
    left = having;
  }
  for (const AnyOf& any_of : node.choices) {
    if (left.empty()) return left;
    KSEEK_ASSIGN(left, narrow_choice(any_of, field, source, left));
  }
  return left;
}

Result<SliceSet> IndexFilter::narrow_choice(const AnyOf& any_of, size_t field, TermSource& source,
                                            const SliceSet& among) {
  const double seconds = dictionary_seconds(any_of, field, source);
  if (seconds > 0 && !through_dictionaries_) return among;
  if (seconds * kWholeDictionaryHandicap > verify_seconds(source, among)) return among;
  SliceSet any(among.size());
  for (const Token& token : any_of) {
    if (token.pattern.is_exact()) {
      KSEEK_TRY(source.add_postings(token.terms[field], any));
    } else {
      const std::string& prefix = token.terms[field];
      const double worth = verify_seconds(source, among) / (is_whole_dictionary(prefix) ? kWholeDictionaryHandicap : 1);
      KSEEK_ASSIGN(const SliceSet some, scan_dictionary(token.pattern, prefix, source, among, worth));
      any |= some;
    }
  }
  any &= among;
  return any;
}

/// Asks as long as that costs less than verifying what is left.
Result<SliceSet> IndexFilter::narrow_pairs(std::span<const store::PairHash> pairs, TermSource& source, SliceSet left) {
  if (left.empty()) return left;
  KSEEK_ASSIGN(const std::optional<double> seconds, source.pair_seconds());
  for (const store::PairHash pair : pairs) {
    if (!seconds || *seconds >= verify_seconds(source, left)) break;
    KSEEK_ASSIGN(left, source.having_pair(pair, left));
  }
  return left;
}

Result<size_t> IndexFilter::estimate(const Node& node, TermSource& source) {
  const size_t unknown = source.blocks() + 1;
  const bool on_text = node.kind == Condition::Kind::kPhrase || node.kind == Condition::Kind::kRegex ||
                       node.kind == Condition::Kind::kField;
  if (on_text) {
    if (node.exact.empty()) return unknown;
    size_t sum = 0;
    for (size_t field = 0; field < kFields; ++field) {
      if (!node.looks_in[field]) continue;
      size_t rarest = unknown;
      for (const Token& token : node.exact) {
        KSEEK_ASSIGN(const uint32_t blocks, source.block_count(token.terms[field]));
        rarest = std::min<size_t>(rarest, blocks);
        if (rarest == 0) break;
      }
      sum += rarest;
    }
    return std::min(sum, source.blocks());
  }
  const bool all = node.kind == Condition::Kind::kAnd;
  if (!all && node.kind != Condition::Kind::kOr) return unknown + 1;
  size_t total = all ? unknown : 0;
  for (const Node& child : node.children) {
    KSEEK_ASSIGN(const size_t blocks, estimate(child, source));
    total = all ? std::min(total, blocks) : std::min(total + blocks, unknown);
  }
  return total;
}

}  // namespace kseek::query
