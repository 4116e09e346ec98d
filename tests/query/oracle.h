// The oracle: what a full scan of all messages answers. Shares nothing with the engine but the reference tokenizer;
// phrases and patterns are matched naively, a code point at a time, on the tokens of a message.
#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <vector>

#include "query/request.h"

namespace kseek::query {

/// A message as the oracle keeps it.
struct OracleMessage {
  uint32_t topic = 0;  ///< index among the world's topics, which are named in rising order
  PartitionId partition;
  Offset offset;
  Timestamp create_time, ingest_time;
  std::optional<std::string> key, value;
  std::string headers;
  std::vector<std::string> key_tokens, value_tokens;
  [[nodiscard]] Timestamp time(TimeKind kind) const { return kind == TimeKind::kCreate ? create_time : ingest_time; }
};

/// A pattern for one token: code points, and the two wildcards.
using OracleToken = std::vector<int32_t>;
inline constexpr int32_t kAnyRun = -1;
inline constexpr int32_t kAnyOne = -2;

[[nodiscard]] OracleToken oracle_exact(std::string_view folded_token);
[[nodiscard]] bool oracle_matches(const OracleToken& pattern, std::string_view folded_token);

struct OracleCondition {
  Condition::Kind kind = Condition::Kind::kPhrase;
  Scope scope = Scope::kKeyOrValue;
  std::vector<OracleToken> phrase;
  std::vector<OracleCondition> children;
};

[[nodiscard]] bool phrase_stands_in(const std::vector<OracleToken>& phrase, const std::vector<std::string>& tokens);
[[nodiscard]] bool oracle_matches(const OracleCondition& condition, const OracleMessage& message);

/// A topic as far as the oracle must know it.
struct OracleTopic {
  bool asked = false;
  TimeKind time_kind = TimeKind::kCreate;
  Timestamp time_floor = kMinTimestamp;
  std::vector<Offset> lows;  ///< by partition number
};

/// True if the message has not expired.
[[nodiscard]] bool is_retained(const OracleMessage& message, const std::vector<OracleTopic>& topics);

/// Every message that the request asks for, in the answer's order, of whatever age. The request's limit and cursor do
/// not count.
[[nodiscard]] std::vector<const OracleMessage*> full_scan(const std::deque<OracleMessage>& messages,
                                                          const std::vector<OracleTopic>& topics,
                                                          const SearchRequest& request,
                                                          const std::optional<OracleCondition>& where);

}  // namespace kseek::query
