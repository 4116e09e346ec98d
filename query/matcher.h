// Decides on a stored message whether it matches a condition, and where. One thread at a time: it keeps the folded text
// of the message at hand, and scratch, so that a message costs no allocation.
#pragma once

#include <memory>
#include <optional>
#include <string_view>
#include <vector>

#include "query/condition.h"
#include "query/json_field.h"
#include "query/regex_matcher.h"
#include "query/request.h"
#include "store/block.h"
#include "tokenizer/pattern.h"
#include "tokenizer/text.h"

namespace kseek::query {

class Matcher {
 public:
  /// nullopt: everything matches. REQUIRES: the condition's regular expressions compile.
  explicit Matcher(const std::optional<Condition>& where);

  /// `time_kind`: of the message's topic.
  [[nodiscard]] bool matches(const store::StoredMessage& message, TimeKind time_kind);

  /// Where the phrases, regular expressions and fields' values that are not below a NOT stand in key and value: by
  /// position, overlapping ones joined, at most kMaxMatchedParts. Texts over kMaxMarkedBytes are left unmarked (their
  /// origins cost much time and memory).
  [[nodiscard]] std::vector<MatchedPart> matched_parts(const store::StoredMessage& message);

  static constexpr size_t kMaxMatchedParts = 32;
  static constexpr size_t kMaxMarkedBytes = 1 << 20;

 private:
  struct Node {
    Condition condition;                            // less its children
    std::optional<tokenizer::PhraseFinder> finder;  // kPhrase
    std::optional<RegexMatcher> regex;              // kRegex
    std::optional<JsonFieldMatcher> field;          // kField
    std::vector<Node> children;
  };
  /// A text of the message at hand, and its folded form once that was needed.
  struct Text {
    std::optional<std::string_view> bytes;
    tokenizer::TextTraits traits;
    std::optional<std::string_view> folded;
    tokenizer::TextFolder folder;
    void take(std::optional<std::string_view> text, tokenizer::TextTraits its_traits);
  };

  /// A text to mark matches in.
  struct MarkedText {
    MatchedPart::In in = MatchedPart::In::kValue;
    std::string_view bytes;
    tokenizer::TextTraits traits;
    std::optional<tokenizer::FoldedWithOrigins> folded;  // once that was needed
  };

  static Node compile(const Condition& condition);
  bool matches(Node& node, const store::StoredMessage& message, TimeKind time_kind);
  bool matches_text(Node& node, const store::StoredMessage& message);
  bool found_in(Node& node, Text& text);
  bool matches_headers(Node& node, const HeaderList& headers);
  static void collect_parts(Node& node, MarkedText& text, std::vector<MatchedPart>& parts);

  std::optional<Node> root_;
  Text key_;
  Text value_;
  Text header_;
};

}  // namespace kseek::query
