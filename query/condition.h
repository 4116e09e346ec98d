// Conditions on a message, as a tree. A value: copy it freely.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "query/json_field.h"
#include "query/json_path.h"
#include "query/ranges.h"
#include "query/regex_matcher.h"
#include "tokenizer/pattern.h"

namespace kseek::query {

/// Where a phrase or a regular expression is looked for.
enum class Scope : uint8_t { kKey, kValue, kKeyOrValue, kHeader };

/// A scope, and for kHeader the exact name of the header; an empty name is any header.
struct Target {
  Scope scope = Scope::kKeyOrValue;
  std::string header;
  Target(Scope where = Scope::kKeyOrValue, std::string name = {})  // NOLINT: a scope is a target
      : scope(where), header(std::move(name)) {}
  /// How a query writes it, with the colon; empty for kKeyOrValue.
  [[nodiscard]] std::string to_string() const;
  bool operator==(const Target&) const = default;
};

struct Condition {
  enum class Kind : uint8_t {
    kPhrase,
    kRegex,
    kField,
    kPartitions,
    kOffsets,
    kTimes,
    kAnd,
    kOr,
    kNot
  } kind = Kind::kPhrase;
  Target target;                        ///< kPhrase, kRegex
  tokenizer::Phrase phrase;             ///< kPhrase
  Regex regex;                          ///< kRegex; it compiles
  JsonPath path;                        ///< kField: into the value
  FieldTest test;                       ///< kField
  std::vector<PartitionId> partitions;  ///< kPartitions; rising
  OffsetRange offsets;                  ///< kOffsets
  TimeRange times;                      ///< kTimes: by the topic's time kind
  std::vector<Condition> children;      ///< kAnd, kOr: two or more; kNot: one

  static Condition of_phrase(Target target, tokenizer::Phrase phrase);
  static Condition of_regex(Target target, Regex regex);
  static Condition of_field(JsonPath path, FieldTest test);
  static Condition of_partitions(std::vector<PartitionId> partitions);
  static Condition of_offsets(OffsetRange offsets);
  static Condition of_times(TimeRange times);
  static Condition all_of(std::vector<Condition> children);  ///< one child: itself
  static Condition any_of(std::vector<Condition> children);
  static Condition none_of(Condition child);
  /// For a person, in the manner of a query (docs/query.md).
  [[nodiscard]] std::string to_string() const;
  bool operator==(const Condition&) const = default;
};

/// `text` as contract says of the `key` and `value` parameters: words apart by spaces are one phrase, wildcards in
/// words. kInvalid as tokenizer::parse_phrase.
[[nodiscard]] Result<Condition> parse_text_condition(Scope scope, std::string_view text);

}  // namespace kseek::query
