#include "query/condition.h"

#include <fmt/format.h>

#include <cassert>
#include <utility>

#include "base/time.h"

namespace kseek::query {
namespace {

Condition of_kind(Condition::Kind kind) {
  Condition condition;
  condition.kind = kind;
  return condition;
}

Condition join(Condition::Kind kind, std::vector<Condition> children) {
  assert(!children.empty());
  if (children.size() == 1) return std::move(children.front());
  Condition condition = of_kind(kind);
  condition.children = std::move(children);
  return condition;
}

std::string join_text(const std::vector<Condition>& children, const char* between) {
  std::string text = "(";
  for (const Condition& child : children) {
    if (text.size() > 1) text += between;
    text += child.to_string();
  }
  return text + ")";
}

std::string partitions_text(const std::vector<PartitionId>& partitions) {
  std::string text = "partition:";
  for (const PartitionId partition : partitions) {
    if (text.back() != ':') text += ',';
    text += fmt::format("{}", partition.value);
  }
  return text;
}

std::string offsets_text(const OffsetRange& range) {
  return fmt::format("offset:{}..{}", range.first == kMinOffset ? "" : fmt::format("{}", range.first.value),
                     range.last == kMaxOffset ? "" : fmt::format("{}", range.last.value));
}

std::string times_text(const TimeRange& range) {
  return fmt::format("time:{}..{}", range.first == kMinTimestamp ? "" : format_time(range.first),
                     range.last == kMaxTimestamp ? "" : format_time(range.last));
}

}  // namespace

std::string Target::to_string() const {
  switch (scope) {
    case Scope::kKey: return "key:";
    case Scope::kValue: return "value:";
    case Scope::kHeader: return header.empty() ? "header:" : "header." + header + ":";
    case Scope::kKeyOrValue: break;
  }
  return "";
}

Condition Condition::of_phrase(Target target, tokenizer::Phrase phrase) {
  Condition condition = of_kind(Kind::kPhrase);
  condition.target = std::move(target);
  condition.phrase = std::move(phrase);
  return condition;
}

Condition Condition::of_regex(Target target, Regex regex) {
  Condition condition = of_kind(Kind::kRegex);
  condition.target = std::move(target);
  condition.regex = std::move(regex);
  return condition;
}

Condition Condition::of_field(JsonPath path, FieldTest test) {
  Condition condition = of_kind(Kind::kField);
  condition.path = std::move(path);
  condition.test = std::move(test);
  return condition;
}

Condition Condition::of_partitions(std::vector<PartitionId> partitions) {
  Condition condition = of_kind(Kind::kPartitions);
  condition.partitions = std::move(partitions);
  return condition;
}

Condition Condition::of_offsets(OffsetRange offsets) {
  Condition condition = of_kind(Kind::kOffsets);
  condition.offsets = offsets;
  return condition;
}

Condition Condition::of_times(TimeRange times) {
  Condition condition = of_kind(Kind::kTimes);
  condition.times = times;
  return condition;
}

Condition Condition::all_of(std::vector<Condition> children) { return join(Kind::kAnd, std::move(children)); }

Condition Condition::any_of(std::vector<Condition> children) { return join(Kind::kOr, std::move(children)); }

Condition Condition::none_of(Condition child) {
  Condition condition = of_kind(Kind::kNot);
  condition.children.push_back(std::move(child));
  return condition;
}

std::string Condition::to_string() const {
  switch (kind) {
    case Kind::kPhrase: return fmt::format("{}\"{}\"", target.to_string(), phrase.to_string());
    case Kind::kRegex: return target.to_string() + regex.to_string();
    case Kind::kField: {
      const std::string path_text = path.to_string();
      return fmt::format("value{}{}:{}", path_text.starts_with('[') ? "" : ".", path_text, test.to_string());
    }
    case Kind::kPartitions: return partitions_text(partitions);
    case Kind::kOffsets: return offsets_text(offsets);
    case Kind::kTimes: return times_text(times);
    case Kind::kAnd: return join_text(children, " ");
    case Kind::kOr: return join_text(children, " OR ");
    case Kind::kNot: return "NOT " + children.front().to_string();
  }
  return {};
}

Result<Condition> parse_text_condition(Scope scope, std::string_view text) {
  KSEEK_ASSIGN(tokenizer::Phrase phrase, tokenizer::parse_phrase(text));
  return Condition::of_phrase(scope, std::move(phrase));
}

}  // namespace kseek::query
