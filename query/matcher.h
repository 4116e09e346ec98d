// Decides on a stored message whether it matches a condition, and where. One thread at a time: it keeps the folded text
// of the message at hand, and scratch, so that a message costs no allocation.
#pragma once

#include <optional>
#include <string_view>
#include <vector>

#include "query/condition.h"
#include "query/request.h"
#include "store/block.h"
#include "tokenizer/pattern.h"
#include "tokenizer/text.h"

namespace kseek::query {

class Matcher {
 public:
  /// nullopt: everything matches.
  explicit Matcher(const std::optional<Condition>& where);

  [[nodiscard]] bool matches(const store::StoredMessage& message);

  /// Where the phrases that are not below a NOT stand in key and value: by position, overlapping ones joined, at most
  /// kMaxMatchedParts. Texts over kMaxMarkedBytes are left unmarked (their origins cost much time and memory).
  [[nodiscard]] std::vector<MatchedPart> matched_parts(const store::StoredMessage& message);

  static constexpr size_t kMaxMatchedParts = 32;
  static constexpr size_t kMaxMarkedBytes = 1 << 20;

 private:
  struct Node {
    Condition::Kind kind = Condition::Kind::kPhrase;
    Scope scope = Scope::kKeyOrValue;
    std::optional<tokenizer::PhraseFinder> finder;  // kPhrase
    std::vector<Node> children;
  };

  static Node compile(const Condition& condition);
  bool matches(Node& node, const store::StoredMessage& message);
  bool matches_phrase(Node& node, const store::StoredMessage& message);
  static void collect_parts(Node& node, MatchedPart::In in, const tokenizer::FoldedWithOrigins& folded,
                            std::vector<MatchedPart>& parts);

  std::optional<Node> root_;
  tokenizer::TextFolder key_folder_;
  tokenizer::TextFolder value_folder_;
  std::optional<std::string_view> folded_key_;    // of the message at hand, once it was needed
  std::optional<std::string_view> folded_value_;  // likewise
};

}  // namespace kseek::query
