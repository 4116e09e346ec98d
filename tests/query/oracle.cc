#include "tests/query/oracle.h"

#include <algorithm>
#include <tuple>

namespace kseek::query {
namespace {

bool glob(const int32_t* pattern, const int32_t* pattern_end, const int32_t* text, const int32_t* text_end) {
  if (pattern == pattern_end) return text == text_end;
  if (*pattern == kAnyRun) {
    for (const int32_t* rest = text; rest <= text_end; ++rest) {
      if (glob(pattern + 1, pattern_end, rest, text_end)) return true;
    }
    return false;
  }
  if (text == text_end || (*pattern != kAnyOne && *pattern != *text)) return false;
  return glob(pattern + 1, pattern_end, text + 1, text_end);
}

}  // namespace

OracleToken oracle_exact(std::string_view folded_token) {
  OracleToken code_points;
  for (size_t i = 0; i < folded_token.size();) {
    const auto lead = static_cast<uint8_t>(folded_token[i++]);
    const int more = lead < 0x80 ? 0 : lead < 0xE0 ? 1 : lead < 0xF0 ? 2 : 3;
    int32_t c = more == 0 ? lead : lead & (0x3F >> more);
    for (int n = 0; n < more; ++n) c = c << 6 | (static_cast<uint8_t>(folded_token[i++]) & 0x3F);
    code_points.push_back(c);
  }
  return code_points;
}

bool oracle_matches(const OracleToken& pattern, std::string_view folded_token) {
  const OracleToken text = oracle_exact(folded_token);
  return glob(pattern.data(), pattern.data() + pattern.size(), text.data(), text.data() + text.size());
}

bool phrase_stands_in(const std::vector<OracleToken>& phrase, const std::vector<std::string>& tokens) {
  for (size_t first = 0; first + phrase.size() <= tokens.size(); ++first) {
    bool all = true;
    for (size_t i = 0; i < phrase.size() && all; ++i) all = oracle_matches(phrase[i], tokens[first + i]);
    if (all) return true;
  }
  return false;
}

bool oracle_matches(const OracleCondition& condition, const OracleMessage& message) {
  switch (condition.kind) {
    case Condition::Kind::kPhrase:
      return (condition.scope != Scope::kValue && phrase_stands_in(condition.phrase, message.key_tokens)) ||
             (condition.scope != Scope::kKey && phrase_stands_in(condition.phrase, message.value_tokens));
    case Condition::Kind::kAnd:
      for (const OracleCondition& child : condition.children) {
        if (!oracle_matches(child, message)) return false;
      }
      return true;
    case Condition::Kind::kOr:
      for (const OracleCondition& child : condition.children) {
        if (oracle_matches(child, message)) return true;
      }
      return false;
    case Condition::Kind::kNot: return !oracle_matches(condition.children.front(), message);
    default: break;
  }
  return false;
}

bool is_retained(const OracleMessage& message, const std::vector<OracleTopic>& topics) {
  const OracleTopic& topic = topics[message.topic];
  const auto partition = static_cast<size_t>(message.partition.value);
  return message.time(topic.time_kind) >= topic.time_floor && message.offset >= topic.lows[partition];
}

std::vector<const OracleMessage*> full_scan(const std::deque<OracleMessage>& messages,
                                            const std::vector<OracleTopic>& topics, const SearchRequest& request,
                                            const std::optional<OracleCondition>& where) {
  std::vector<const OracleMessage*> found;
  for (const OracleMessage& message : messages) {
    const OracleTopic& topic = topics[message.topic];
    if (!topic.asked) continue;
    if (request.partitions &&
        std::count(request.partitions->begin(), request.partitions->end(), message.partition) == 0) {
      continue;
    }
    if (message.offset < request.offsets.first || message.offset > request.offsets.last) continue;
    const Timestamp time = message.time(topic.time_kind);
    if (time < request.times.first || time > request.times.last) continue;
    if (where && !oracle_matches(*where, message)) continue;
    found.push_back(&message);
  }
  const auto key = [&](const OracleMessage* message) {
    return std::tuple(message->time(topics[message->topic].time_kind), message->partition, message->offset,
                      message->topic);
  };
  std::sort(found.begin(), found.end(), [&](const auto* a, const auto* b) {
    return request.order == Order::kNewest ? key(a) > key(b) : key(a) < key(b);
  });
  return found;
}

}  // namespace kseek::query
