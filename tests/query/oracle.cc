#include "tests/query/oracle.h"

#include <re2/re2.h>

#include <algorithm>
#include <tuple>

#include "tokenizer/tokenizer.h"
#include "tokenizer/utf8.h"

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

std::string repaired(std::string_view text) {
  std::string well_formed;
  for (const char* p = text.data(); p < text.data() + text.size();) {
    const tokenizer::Decoded decoded = tokenizer::decode_utf8(p, text.data() + text.size());
    if (decoded.c == tokenizer::kReplacement) {
      well_formed += "\xEF\xBF\xBD";
    } else {
      well_formed.append(p, decoded.length);
    }
    p += decoded.length;
  }
  return well_formed;
}

bool stands_in(const OracleCondition& condition, std::string_view text, const std::vector<std::string>& tokens) {
  if (condition.kind == Condition::Kind::kRegex) return RE2::PartialMatch(repaired(text), *condition.regex);
  return phrase_stands_in(condition.phrase, tokens);
}

bool text_matches(const OracleCondition& condition, const OracleMessage& message) {
  if (condition.scope == Scope::kHeader) {
    return std::any_of(message.headers.begin(), message.headers.end(), [&](const OracleHeader& header) {
      return (condition.header.empty() || condition.header == header.name) && header.value &&
             stands_in(condition, *header.value, tokenizer::reference_tokens(*header.value, false));
    });
  }
  return (condition.scope != Scope::kValue && message.key && stands_in(condition, *message.key, message.key_tokens)) ||
         (condition.scope != Scope::kKey && message.value &&
          stands_in(condition, *message.value, message.value_tokens));
}

bool passes(const OracleCondition& condition, const JsonTree& tree) {
  const OracleTest& test = condition.test;
  if (test.exists) return true;
  if (test.null) return tree.type == JsonTree::Type::kNull;
  const bool is_number = tree.type == JsonTree::Type::kNumber;
  if (test.range) {
    return is_number && (!test.above || tree.number > *test.above) &&
           (!test.at_least || tree.number >= *test.at_least) && (!test.below || tree.number < *test.below) &&
           (!test.at_most || tree.number <= *test.at_most);
  }
  if (tree.type == JsonTree::Type::kString) {
    if (condition.regex) return RE2::PartialMatch(tree.text, *condition.regex);
    return phrase_stands_in(test.phrase, tokenizer::reference_tokens(tree.text, false));
  }
  if (tree.type == JsonTree::Type::kBool) return test.boolean == tree.boolean;
  return is_number && test.number == tree.number;
}

bool field_matches(const OracleCondition& condition, size_t depth, const JsonTree& tree) {
  if (depth == condition.path.size()) return passes(condition, tree);
  const OracleStep& step = condition.path[depth];
  if (tree.type != (step.name ? JsonTree::Type::kObject : JsonTree::Type::kArray)) return false;
  for (size_t i = 0; i < tree.children.size(); ++i) {
    if (step.name && tree.children[i].name != *step.name) continue;
    if (step.index && i != *step.index) continue;
    if (field_matches(condition, depth + 1, tree.children[i].tree)) return true;
  }
  return false;
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

bool oracle_matches(const OracleCondition& condition, const OracleMessage& message, TimeKind time_kind) {
  const auto child_matches = [&](const OracleCondition& child) { return oracle_matches(child, message, time_kind); };
  const auto within = [&](int64_t position) { return position >= condition.first && position <= condition.last; };
  const auto& children = condition.children;
  switch (condition.kind) {
    case Condition::Kind::kPhrase:
    case Condition::Kind::kRegex: return text_matches(condition, message);
    case Condition::Kind::kField: return message.json && field_matches(condition, 0, *message.json);
    case Condition::Kind::kPartitions:
      return std::count(condition.partitions.begin(), condition.partitions.end(), message.partition.value) > 0;
    case Condition::Kind::kOffsets: return within(message.offset.value);
    case Condition::Kind::kTimes: return within(message.time(time_kind).ms);
    case Condition::Kind::kAnd: return std::all_of(children.begin(), children.end(), child_matches);
    case Condition::Kind::kOr: return std::any_of(children.begin(), children.end(), child_matches);
    case Condition::Kind::kNot: return !child_matches(children.front());
  }
  return false;
}

bool is_retained(const OracleMessage& message, const std::vector<OracleTopic>& topics) {
  const OracleTopic& topic = topics[message.topic];
  const auto partition = static_cast<size_t>(message.partition.value);
  return !message.compacted && message.time(topic.time_kind) >= topic.time_floor &&
         message.offset >= topic.lows[partition];
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
    if (where && !oracle_matches(*where, message, topic.time_kind)) continue;
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
