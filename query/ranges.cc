// What a person typed for partitions, offsets and times.
#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <string_view>

#include "base/time.h"
#include "query/request.h"

namespace kseek::query {
namespace {

constexpr size_t kMaxPartitions = 100'000;
constexpr int64_t kMsADay = 24LL * 3600 * 1000;
constexpr std::string_view kBetween = "..";

std::string_view trim(std::string_view text) {
  const auto is_space = [](char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; };
  while (!text.empty() && is_space(text.front())) text.remove_prefix(1);
  while (!text.empty() && is_space(text.back())) text.remove_suffix(1);
  return text;
}

/// Digits only: no sign, no space.
template <class Number>
std::optional<Number> parse_natural(std::string_view text) {
  Number n = 0;
  if (text.empty() || text.front() == '-') return std::nullopt;
  const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), n);
  if (failure != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return n;
}

Error bad_partitions(std::string_view text) {
  return {ErrorCode::kInvalid, fmt::format("partition: \"{}\" is not a list of partitions", text),
          "write numbers with commas and ranges: 0,3 or 0-3"};
}

Error bad_offsets(std::string_view text) {
  return {ErrorCode::kInvalid, fmt::format("offset: \"{}\" is not a range of offsets", text),
          "write A..B (both included), A.., ..B, or one offset"};
}

Error time_error(const Error& cause) {
  return {ErrorCode::kInvalid, "time: " + cause.message, cause.hint + "; a range is A..B (both included), A.. or ..B"};
}

/// How long the point in time that `text` names is, as far as it was typed: a day, an hour, a minute, a second or a
/// millisecond. REQUIRES: parse_time() reads it.
int64_t precision_ms(std::string_view text) {
  constexpr size_t kDate = 10;                                            // bytes of 2026-11-20
  if (text.size() < kDate || text[4] != '-' || text[7] != '-') return 1;  // epoch milliseconds, relative
  if (text.size() == kDate) return kMsADay;
  const std::string_view clock = text.substr(kDate + 1);
  switch (std::min(clock.find_first_of("Zz+-"), clock.size())) {
    case std::string_view("10").size(): return 3'600'000;
    case std::string_view("10:00").size(): return 60'000;
    case std::string_view("10:00:00").size(): return 1000;
    default: return 1;
  }
}

Timestamp last_ms_of(Timestamp begin, int64_t length_ms) {
  return begin.ms > INT64_MAX - length_ms ? begin : Timestamp{begin.ms + length_ms - 1};
}

Result<TimeRange> parse_single_time(std::string_view text, Timestamp now) {
  auto begin = parse_time(text, now);
  if (!begin) return time_error(begin.error());
  const bool relative = text == "now" || (text.front() == '-' && !parse_natural<uint64_t>(text.substr(1)));
  if (relative) {
    return Error{ErrorCode::kInvalid, fmt::format("time: \"{}\" alone is one millisecond", text),
                 text == "now" ? "write ..now for everything until now, or -15m.. for the last 15 minutes"
                               : fmt::format("write {}.. for everything since then", text)};
  }
  return TimeRange{*begin, last_ms_of(*begin, precision_ms(text))};
}

}  // namespace

Result<std::vector<PartitionId>> parse_partitions(std::string_view text) {
  std::vector<PartitionId> partitions;
  std::string_view rest = text;
  while (true) {
    const size_t comma = rest.find(',');
    const std::string_view item = trim(rest.substr(0, comma));
    const size_t dash = item.find('-');
    const auto first = parse_natural<int32_t>(trim(item.substr(0, dash)));
    const auto last = dash == std::string_view::npos ? first : parse_natural<int32_t>(trim(item.substr(dash + 1)));
    if (!first || !last || *last < *first) return bad_partitions(text);
    if (partitions.size() + static_cast<size_t>(*last - *first) >= kMaxPartitions) {
      return Error{ErrorCode::kInvalid, fmt::format("partition: \"{}\" names too many partitions", text),
                   fmt::format("name at most {}, or leave the condition out for all", kMaxPartitions)};
    }
    for (int64_t p = *first; p <= *last; ++p) partitions.push_back({static_cast<int32_t>(p)});
    if (comma == std::string_view::npos) break;
    rest.remove_prefix(comma + 1);
  }
  std::sort(partitions.begin(), partitions.end());
  partitions.erase(std::unique(partitions.begin(), partitions.end()), partitions.end());
  return partitions;
}

Result<OffsetRange> parse_offset_range(std::string_view text) {
  const std::string_view trimmed = trim(text);
  const size_t between = trimmed.find(kBetween);
  OffsetRange range;
  if (between == std::string_view::npos) {
    const auto offset = parse_natural<int64_t>(trimmed);
    if (!offset) return bad_offsets(text);
    return OffsetRange{{*offset}, {*offset}};
  }
  const std::string_view first = trim(trimmed.substr(0, between));
  const std::string_view last = trim(trimmed.substr(between + kBetween.size()));
  if (!first.empty()) {
    const auto offset = parse_natural<int64_t>(first);
    if (!offset) return bad_offsets(text);
    range.first = {*offset};
  }
  if (!last.empty()) {
    const auto offset = parse_natural<int64_t>(last);
    if (!offset) return bad_offsets(text);
    range.last = {*offset};
  }
  if (range.last < range.first) {
    return Error{ErrorCode::kInvalid, fmt::format("offset: \"{}\" ends before it begins", text),
                 "write the smaller offset first"};
  }
  return range;
}

Result<TimeRange> parse_time_range(std::string_view text, Timestamp now) {
  const std::string_view trimmed = trim(text);
  const size_t between = trimmed.find(kBetween);
  if (between == std::string_view::npos) {
    if (trimmed.empty()) {
      return Error{ErrorCode::kInvalid, "time: is empty", "write A..B (both included), A.., ..B, or a day"};
    }
    return parse_single_time(trimmed, now);
  }
  const std::string_view first = trim(trimmed.substr(0, between));
  const std::string_view last = trim(trimmed.substr(between + kBetween.size()));
  TimeRange range;
  if (!first.empty()) {
    const auto begin = parse_time(first, now);
    if (!begin) return time_error(begin.error());
    range.first = *begin;
  }
  if (!last.empty()) {
    const auto end = parse_time(last, now);
    if (!end) return time_error(end.error());
    range.last = last_ms_of(*end, precision_ms(last));
  }
  if (range.last < range.first) {
    return Error{ErrorCode::kInvalid, fmt::format("time: \"{}\" ends before it begins", text),
                 "write the earlier time first"};
  }
  return range;
}

}  // namespace kseek::query
