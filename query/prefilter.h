// A look at whole columns of a block before any message is looked at by itself: which messages have the text that every
// match needs. A filter: it may keep a message that doesn't match, it never drops one that does.
//
//   phrase, field, regular expression
//                the longest literal that one of its tokens needs (implied_terms.h), in any case, and around a
//                phrase's word its other words (tokenizer/sent_phrase.h); and every text in which folding may hide
//                words (tokenizer/hidden_words.h). A literal of another script than ASCII's and ideographs drops ASCII
//                texts
//   AND          the intersection, the longest literal first, until few messages are left;  OR  the union
//   NOT, positions, a lone *
//                no filter
//
// Texts that stand together are looked through together: the columns of a stored block, the rows of an open one.
//
// Of an AND only the texts of the longest literal are loaded for all messages, and of a stored block only the parts in
// which it may stand (store/text_filter.h).
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "query/condition.h"
#include "query/message_set.h"
#include "store/block.h"
#include "tokenizer/sent_phrase.h"
#include "tokenizer/substring.h"
#include "tokenizer/text.h"

namespace kseek::query {

/// The texts that deciding the condition needs.
[[nodiscard]] store::Columns columns_of(const Condition& where);

/// Immutable: any thread.
class Prefilter {
 public:
  explicit Prefilter(const Condition& where);

  /// False: nothing is known that a match needs.
  [[nodiscard]] bool filters() const { return root_.has_value(); }
  /// It looks for texts that a stored block can look for before it spells out its columns.
  [[nodiscard]] bool narrows_loading() const { return lead_.has_value(); }
  /// Loads what messages() needs of messages `begin` to `end`; not all texts of those that may match. kCorrupt: the
  /// block is damaged. REQUIRES: filters(), here and below.
  [[nodiscard]] Result<void> load(const store::MessageBlock& block, size_t begin, size_t end) const;
  /// Of these messages of the block (as many as it has, or the first of them) those that may match. kCorrupt: the block
  /// is damaged. REQUIRES: load() of these messages; where the block has columns, among.size() is its size.
  [[nodiscard]] Result<MessageSet> messages(const store::MessageBlock& block, const MessageSet& among) const;

 private:
  struct Node {
    enum class Kind : uint8_t { kAnd, kOr, kLiterals } kind = Kind::kLiterals;
    size_t weight = 0;  // how much it filters, roughly: the bytes of its literal
    std::vector<Node> children;
    store::Columns in;                               // kLiterals
    std::vector<tokenizer::SubstringFinder> any_of;  // kLiterals: ASCII, lower case, or ideographs
    std::optional<tokenizer::SentPhrase> phrase;     // kLiterals: of keys and values, around the one literal
    bool as_sent = false;                            // kLiterals: they stand in the bytes themselves, in this case
    bool other_script = false;                       // kLiterals: one of them is neither ASCII nor ideographs
  };
  /// What is looked at first: where a match has one of these texts.
  struct Lead {
    std::optional<store::TextFilter> key, value;
    bool headers = false;
    void add(Lead other);
  };
  static std::optional<Node> compile(const Condition& condition);
  static std::optional<Node> compile_text(const Condition& condition);
  /// Nothing where a block can't look for it before it spells out its columns.
  static std::optional<Lead> lead_of(const Node& node);
  /// Adds to `found` what it finds; messages beyond `among` may be there, too.
  Result<void> find(const Node& node, const store::MessageBlock& block, const MessageSet& among,
                    MessageSet& found) const;
  static void find_literals(const Node& node, const store::MessageBlock& block, const MessageSet& among,
                            MessageSet& found);
  static void find_in_rows(const Node& node, const store::MessageBlock& block, const store::MessageRows& rows,
                           MessageSet& found);
  /// Whether what it looks for stands in the bytes of a key or value.
  static bool stands_in(const Node& node, std::string_view text);
  /// Whether one of the node's literals may stand in the text once it is folded, though it doesn't in its bytes.
  static bool may_hide(const Node& node, std::string_view text, tokenizer::TextTraits traits);
  /// Adds those messages in whose texts of the column it may.
  static void find_hidden(const Node& node, store::MessageBlock::Text text, const store::MessageBlock& block,
                          const store::TextColumn& column, MessageSet& found);

  store::Columns columns_;
  std::optional<Node> root_;
  std::optional<Lead> lead_;
};

}  // namespace kseek::query
