// A look at whole columns of a block before any message is looked at by itself: which messages have the text that every
// match needs. A filter: it may keep a message that doesn't match, it never drops one that does.
//
//   phrase, field, regular expression
//                the longest literal that one of its tokens needs (implied_terms.h), in any case; and every text in
//                which folding may hide such letters (tokenizer/hidden_ascii.h). A literal that is not ASCII drops
//                ASCII texts
//   AND          the intersection, the longest literal first, until few messages are left;  OR  the union
//   NOT, positions, a lone *
//                no filter
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "query/condition.h"
#include "query/message_set.h"
#include "store/block.h"
#include "tokenizer/substring.h"

namespace kseek::query {

/// The texts that deciding the condition needs.
[[nodiscard]] store::Columns columns_of(const Condition& where);

/// Immutable: any thread.
class Prefilter {
 public:
  explicit Prefilter(const Condition& where);

  /// False: nothing is known that a match needs.
  [[nodiscard]] bool filters() const { return root_.has_value(); }
  /// Of these messages of the block (as many as it has, or the first of them) those that may match. REQUIRES:
  /// filters(); columns_of() are loaded, of these messages at least; where the block has columns, among.size() is its
  /// size.
  [[nodiscard]] MessageSet messages(const store::MessageBlock& block, const MessageSet& among) const;

 private:
  struct Node {
    enum class Kind : uint8_t { kAnd, kOr, kLiterals } kind = Kind::kLiterals;
    size_t weight = 0;  // how much it filters, roughly: the bytes of its literal
    std::vector<Node> children;
    store::Columns in;                               // kLiterals
    std::vector<tokenizer::SubstringFinder> any_of;  // kLiterals: ASCII, lower case
    bool as_sent = false;                            // kLiterals: they stand in the bytes themselves, in this case
    bool not_ascii = false;                          // kLiterals: one of them is not ASCII
  };
  static std::optional<Node> compile(const Condition& condition);
  static std::optional<Node> compile_text(const Condition& condition);
  /// Adds to `found` what it finds; messages beyond `among` may be there, too.
  static void find(const Node& node, const store::MessageBlock& block, const MessageSet& among, MessageSet& found);
  static void find_literals(const Node& node, const store::MessageBlock& block, const MessageSet& among,
                            MessageSet& found);

  std::optional<Node> root_;
};

}  // namespace kseek::query
