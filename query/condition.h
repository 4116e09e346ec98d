// Conditions on a message's text, as a tree. A value: copy it freely.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/result.h"
#include "tokenizer/pattern.h"

namespace kseek::query {

/// Where a phrase is looked for.
enum class Scope : uint8_t { kKey, kValue, kKeyOrValue };

struct Condition {
  enum class Kind : uint8_t { kPhrase, kAnd, kOr, kNot } kind = Kind::kPhrase;
  Scope scope = Scope::kKeyOrValue;  ///< kPhrase
  tokenizer::Phrase phrase;          ///< kPhrase
  std::vector<Condition> children;   ///< kAnd, kOr: two or more; kNot: one

  static Condition of_phrase(Scope scope, tokenizer::Phrase phrase);
  static Condition all_of(std::vector<Condition> children);  ///< one child: itself
  static Condition any_of(std::vector<Condition> children);
  static Condition none_of(Condition child);
  [[nodiscard]] std::string to_string() const;
  bool operator==(const Condition&) const = default;
};

/// `text` as contract says of the `key` and `value` parameters: words apart by spaces are one phrase, wildcards in
/// words. kInvalid as tokenizer::parse_phrase.
[[nodiscard]] Result<Condition> parse_text_condition(Scope scope, std::string_view text);

}  // namespace kseek::query
