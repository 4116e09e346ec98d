#include "store/topic_config.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/time.h"

namespace kseek::store {

Result<Retention> parse_retention(std::string_view text) {
  if (text == "follow") return Retention{};
  if (text == "forever") return Retention{Retention::Kind::kForever, {}};
  const auto duration = parse_duration(text);
  if (!duration || duration->count() <= 0) {
    return Error{ErrorCode::kInvalid, fmt::format("retention \"{}\" is not understood", text),
                 "give follow (as long as Kafka keeps them), forever, or a span such as 7d or 36h"};
  }
  return Retention{Retention::Kind::kDuration, *duration};
}

std::string to_string(const Retention& retention) {
  switch (retention.kind) {
    case Retention::Kind::kFollow: return "follow";
    case Retention::Kind::kForever: return "forever";
    case Retention::Kind::kDuration: break;
  }
  constexpr std::pair<int64_t, const char*> kUnits[] = {{604'800'000, "w"}, {86'400'000, "d"}, {3'600'000, "h"},
                                                        {60'000, "m"},      {1'000, "s"},      {1, "ms"}};
  const int64_t ms = retention.duration.count();
  for (const auto& [size, unit] : kUnits) {
    if (ms % size == 0) return fmt::format("{}{}", ms / size, unit);
  }
  return fmt::format("{}ms", ms);
}

Result<void> check_topic_name(std::string_view name) {
  const auto allowed = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' || c == '_' ||
           c == '-';
  };
  const char* hint = "Kafka allows 1 to 249 of the characters a-z A-Z 0-9 . _ -";
  if (name.empty()) return Error{ErrorCode::kInvalid, "the topic's name is empty", hint};
  if (name.size() > 249) {
    return Error{ErrorCode::kInvalid, fmt::format("the topic's name has {} characters", name.size()), hint};
  }
  if (name == "." || name == ".." || !std::all_of(name.begin(), name.end(), allowed)) {
    return Error{ErrorCode::kInvalid, fmt::format("\"{}\" is not a topic's name", name), hint};
  }
  return {};
}

Result<Require> parse_require(std::string_view text) {
  for (const Require require : {Require::kAnything, Require::kUtf8, Require::kJson}) {
    if (text == to_string(require)) return require;
  }
  return Error{ErrorCode::kInvalid, fmt::format("\"{}\" is not something that values can be required to be", text),
               "expected anything, utf8 or json"};
}

const char* to_string(Require require) {
  switch (require) {
    case Require::kUtf8: return "utf8";
    case Require::kJson: return "json";
    case Require::kAnything: break;
  }
  return "anything";
}

}  // namespace kseek::store
