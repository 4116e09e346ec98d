#include "indexer/start_position.h"

#include <fmt/format.h>

#include <charconv>
#include <limits>
#include <optional>
#include <string>

#include "base/time.h"

namespace kseek::indexer {
namespace {

constexpr const char* kHint =
    "earliest, latest, a time such as 2026-11-20T10:00 or -3d, or offsets such as 0:100,1:250";

/// A whole number from 0 to `max`, and nothing else.
std::optional<int64_t> parse_number(std::string_view text, int64_t max) {
  int64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size() || text.empty() || number < 0 || number > max) {
    return std::nullopt;
  }
  return number;
}

/// nullopt: not of the form number:number, so that it may be a time.
std::optional<std::pair<PartitionId, Offset>> parse_pair(std::string_view text) {
  const size_t colon = text.find(':');
  if (colon == std::string_view::npos) return std::nullopt;
  const auto partition = parse_number(text.substr(0, colon), std::numeric_limits<int32_t>::max());
  const auto offset = parse_number(text.substr(colon + 1), std::numeric_limits<int64_t>::max() - 1);
  if (!partition || !offset) return std::nullopt;
  return std::pair(PartitionId{static_cast<int32_t>(*partition)}, Offset{*offset});
}

}  // namespace

Result<StartPosition> parse_start_position(std::string_view from, Timestamp opened_at) {
  StartPosition start;
  if (from == "earliest") return start;
  if (from == "latest") {
    start.kind = StartPosition::Kind::kLatest;
    return start;
  }
  if (parse_pair(from.substr(0, from.find(',')))) {
    start.kind = StartPosition::Kind::kOffsets;
    for (std::string_view rest = from;;) {
      const size_t comma = rest.find(',');
      const auto pair = parse_pair(rest.substr(0, comma));
      if (!pair) {
        return Error{ErrorCode::kInvalid,
                     fmt::format("from \"{}\": \"{}\" is not PARTITION:OFFSET", from, rest.substr(0, comma)), kHint};
      }
      if (!start.offsets.insert(*pair).second) {
        return Error{ErrorCode::kInvalid, fmt::format("from \"{}\": partition {} twice", from, pair->first.value),
                     "name each partition once"};
      }
      if (comma == std::string_view::npos) return start;
      rest.remove_prefix(comma + 1);
    }
  }
  auto time = parse_time(from, opened_at);
  if (!time) return Error{ErrorCode::kInvalid, fmt::format("from \"{}\" is no position to start at", from), kHint};
  start.kind = StartPosition::Kind::kTime;
  start.time = *time;
  return start;
}

}  // namespace kseek::indexer
