// Which blocks, and which slices of them, may have a match, by their terms. A filter: it may name one that has none, it
// never misses one. All that a message has to have stands in one slice, so that two words that a block has may rule it
// out.
//
//   phrase, field, regular expression
//                the blocks that have what it implies (implied_terms.h), in one field; the rarest token first
//   abc*, a?c    the union of the blocks of every term that the pattern may match, by a scan of the dictionary below
//                the literal prefix for terms that contain the longest literal; given up once it costs more than
//                verifying the blocks it could save. Without a prefix (*abc) the whole dictionary is gone through: not
//                before some blocks were verified without, which give the page where what is looked for is frequent
//   partition, offset, time
//                the blocks whose metadata allows it
//   words in a row, of which many blocks have each
//                and of those the blocks that may have neighbouring words next to each other (store/pairs.h)
//   AND, OR      intersection, union;  NOT and a lone *: no filter
//
// One thread at a time.
#pragma once

#include <array>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "base/result.h"
#include "query/condition.h"
#include "query/request.h"
#include "query/slice_set.h"
#include "query/term_source.h"
#include "store/terms.h"

namespace kseek::query {

class IndexFilter {
 public:
  explicit IndexFilter(const Condition& where);

  /// The slices of `among` that may have a match; perhaps more where whole dictionaries are not gone through. Errors:
  /// the source's.
  [[nodiscard]] Result<SliceSet> narrow(TermSource& source, const SliceSet& among, bool through_dictionaries = true);

  /// How many of the source's blocks are better verified, and narrow() asked about the rest, before it goes through a
  /// whole dictionary, which takes long and gives no hits on the way. They cost a tenth of that. 0: it would not, or
  /// not for long. Errors: the source's.
  [[nodiscard]] Result<size_t> blocks_before_dictionaries(TermSource& source);

  /// For each condition on text, in their order: how many blocks it left, all calls of narrow() together.
  [[nodiscard]] const std::vector<Explain::Step>& steps() const { return steps_; }

  /// One for another thread, which counts from 0 / adds what such a one has counted.
  [[nodiscard]] IndexFilter fresh() const;
  void add_steps(const IndexFilter& other);

 private:
  static constexpr size_t kFields = store::kFieldsInOrder.size();
  struct Token {
    tokenizer::TokenPattern pattern;
    std::array<std::string, kFields> terms;  // the exact field term, or the prefix to scan below
  };
  using AnyOf = std::vector<Token>;
  struct Node {
    Condition::Kind kind = Condition::Kind::kPhrase;
    std::array<bool, kFields> looks_in{};
    std::vector<Token> exact;                                 // all are needed
    std::vector<AnyOf> choices;                               // one of each is needed; wildcards, or several tokens
    std::array<std::vector<store::PairHash>, kFields> pairs;  // all are needed, too
    size_t step = 0;                                          // of a condition on text
    Condition position;                                       // kPartitions, kOffsets, kTimes
    std::vector<Node> children;
  };

  Node compile(const Condition& condition);
  Result<SliceSet> narrow_node(const Node& node, TermSource& source, const SliceSet& among);
  void compile_text(const Condition& condition, Node& node);
  Result<SliceSet> narrow_all(const Node& node, TermSource& source, const SliceSet& among);
  /// Adds to `apart` the blocks that were left out because words don't stand next to each other.
  Result<SliceSet> narrow_field(const Node& node, size_t field, TermSource& source, const SliceSet& among,
                                SliceSet& apart);
  static Result<SliceSet> narrow_pairs(std::span<const store::PairHash> pairs, TermSource& source, SliceSet left);
  /// About how many blocks the node leaves; more than there are when it can't be told cheaply.
  Result<size_t> estimate(const Node& node, TermSource& source);
  /// The blocks of `among` that may have one of these.
  Result<SliceSet> narrow_choice(const AnyOf& any_of, size_t field, TermSource& source, const SliceSet& among);
  /// About how long the whole dictionaries take to go through that they need.
  static double dictionary_seconds(const Node& node, const TermSource& source);
  static double dictionary_seconds(const AnyOf& any_of, size_t field, const TermSource& source);

  std::vector<Explain::Step> steps_;
  Node root_;
  bool through_dictionaries_ = true;  // in this call of narrow()
};

}  // namespace kseek::query
