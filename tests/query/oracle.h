// The oracle: what a full scan of all messages answers. Shares nothing with the engine but the reference tokenizer and
// the decoder of UTF-8; phrases and patterns are matched naively, a code point at a time, on the tokens of a message,
// fields on the tree that nlohmann::json's parser reports, regular expressions by RE2 on the text as sent.
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "query/request.h"
#include "tests/query/json_tree.h"

namespace re2 {
class RE2;
}

namespace kseek::query {

struct OracleHeader {
  std::string name;
  std::optional<std::string> value;
};

/// A message as the oracle keeps it.
struct OracleMessage {
  uint32_t topic = 0;  ///< index among the world's topics, which are named in rising order
  PartitionId partition;
  Offset offset;
  Timestamp create_time, ingest_time;
  std::optional<std::string> key, value;
  std::vector<OracleHeader> headers;
  std::string encoded_headers;
  std::optional<JsonTree> json;  ///< of the value, if that is an object or an array
  std::vector<std::string> key_tokens, value_tokens;
  bool compacted = false;  ///< Kafka's cleaner has removed it
  [[nodiscard]] Timestamp time(TimeKind kind) const { return kind == TimeKind::kCreate ? create_time : ingest_time; }
};

/// A pattern for one token: code points, and the two wildcards.
using OracleToken = std::vector<int32_t>;
inline constexpr int32_t kAnyRun = -1;
inline constexpr int32_t kAnyOne = -2;

[[nodiscard]] OracleToken oracle_exact(std::string_view folded_token);
[[nodiscard]] bool oracle_matches(const OracleToken& pattern, std::string_view folded_token);

/// What a field must be; the parts that are there count: a string with the phrase, the number, the boolean …
struct OracleTest {
  bool exists = false;
  bool null = false;
  std::vector<OracleToken> phrase;
  std::optional<long double> number;
  std::optional<bool> boolean;
  bool range = false;
  std::optional<long double> above, at_least, below, at_most;  ///< range
};

/// A step of a path: a name, an index, or neither: any element of an array.
struct OracleStep {
  std::optional<std::string> name;
  std::optional<size_t> index;
};

struct OracleCondition {
  Condition::Kind kind = Condition::Kind::kPhrase;
  Scope scope = Scope::kKeyOrValue;             ///< kPhrase, kRegex
  std::string header;                           ///< its name; empty: any
  std::vector<OracleToken> phrase;              ///< kPhrase
  std::shared_ptr<const re2::RE2> regex;        ///< kRegex, and kField when it is a regular expression
  std::vector<OracleStep> path;                 ///< kField
  OracleTest test;                              ///< kField
  std::vector<int32_t> partitions;              ///< kPartitions
  int64_t first = INT64_MIN, last = INT64_MAX;  ///< kOffsets, kTimes; both included
  std::vector<OracleCondition> children;
};

[[nodiscard]] bool phrase_stands_in(const std::vector<OracleToken>& phrase, const std::vector<std::string>& tokens);
[[nodiscard]] bool oracle_matches(const OracleCondition& condition, const OracleMessage& message, TimeKind time_kind);

/// A topic as far as the oracle must know it.
struct OracleTopic {
  bool asked = false;
  TimeKind time_kind = TimeKind::kCreate;
  Timestamp time_floor = kMinTimestamp;
  std::vector<Offset> lows;  ///< by partition number
};

/// True if the message has neither expired nor been compacted away.
[[nodiscard]] bool is_retained(const OracleMessage& message, const std::vector<OracleTopic>& topics);

/// Every message that the request asks for, in the answer's order, of whatever age. The request's limit and cursor do
/// not count.
[[nodiscard]] std::vector<const OracleMessage*> full_scan(const std::deque<OracleMessage>& messages,
                                                          const std::vector<OracleTopic>& topics,
                                                          const SearchRequest& request,
                                                          const std::optional<OracleCondition>& where);

}  // namespace kseek::query
