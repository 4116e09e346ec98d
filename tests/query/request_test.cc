// What people type for partitions, offsets and times; conditions as text.
#include <gtest/gtest.h>

#include "base/time.h"
#include "query/request.h"

namespace kseek::query {
namespace {

constexpr Timestamp kNow{1'763'640'000'000};  // 2025-11-20T12:00:00Z
constexpr int64_t kDayBegin = 1'763'596'800'000;

std::string error_of(const auto& result) {
  EXPECT_FALSE(result.has_value());
  if (result.has_value()) return "";
  EXPECT_EQ(result.error().code, ErrorCode::kInvalid);
  EXPECT_FALSE(result.error().hint.empty());
  return result.error().message;
}

TEST(ParsePartitions, ListsAndRanges) {
  using List = std::vector<PartitionId>;
  EXPECT_EQ(*parse_partitions("3"), (List{{3}}));
  EXPECT_EQ(*parse_partitions("3, 0 ,3"), (List{{0}, {3}}));
  EXPECT_EQ(*parse_partitions("0-3,9"), (List{{0}, {1}, {2}, {3}, {9}}));
  EXPECT_EQ(*parse_partitions("2147483647"), (List{{2147483647}}));
  for (const char* bad : {"", ",", "1,", "a", "-1", "3-1", "1-", "--", "2147483648", "1 2", "0x1", "+1"}) {
    EXPECT_NE(error_of(parse_partitions(bad)).find("partition"), std::string::npos) << bad;
  }
  EXPECT_NE(error_of(parse_partitions("0-2147483647")).find("too many"), std::string::npos);
}

TEST(ParseOffsetRange, BothEndsIncludedEitherOpen) {
  EXPECT_EQ(*parse_offset_range("5..9"), (OffsetRange{{5}, {9}}));
  EXPECT_EQ(*parse_offset_range(" 5 .. 9 "), (OffsetRange{{5}, {9}}));
  EXPECT_EQ(*parse_offset_range("5.."), (OffsetRange{{5}, kMaxOffset}));
  EXPECT_EQ(*parse_offset_range("..9"), (OffsetRange{kMinOffset, {9}}));
  EXPECT_EQ(*parse_offset_range("7"), (OffsetRange{{7}, {7}}));
  EXPECT_EQ(*parse_offset_range(".."), OffsetRange{});
  EXPECT_EQ(*parse_offset_range("..9223372036854775807"), OffsetRange{});
  for (const char* bad : {"", "x", "-1", "1...2", "1..x", "9223372036854775808", "1..2..3", "1-2"}) {
    EXPECT_NE(error_of(parse_offset_range(bad)).find("offset"), std::string::npos) << bad;
  }
  EXPECT_NE(error_of(parse_offset_range("9..5")).find("before it begins"), std::string::npos);
}

TEST(ParseTimeRange, RangesDaysAndRelativeTimes) {
  const auto day = parse_time_range("2025-11-20", kNow);
  EXPECT_EQ(*day, (TimeRange{{kDayBegin}, {kDayBegin + 86'400'000 - 1}}));
  EXPECT_EQ(*parse_time_range("2025-11-20..2025-11-20", kNow), *day);
  EXPECT_EQ(*parse_time_range("-1h..", kNow), (TimeRange{{kNow.ms - 3'600'000}, kMaxTimestamp}));
  EXPECT_EQ(*parse_time_range("..now", kNow), (TimeRange{kMinTimestamp, kNow}));
  EXPECT_EQ(*parse_time_range("2025-11-20T10:00:00.5..2025-11-20T10:00:01", kNow),
            (TimeRange{{kDayBegin + 36'000'500}, {kDayBegin + 36'001'999}}));
  EXPECT_EQ(*parse_time_range("2025-11-20T10:00", kNow),
            (TimeRange{{kDayBegin + 36'000'000}, {kDayBegin + 36'059'999}}));
  EXPECT_EQ(*parse_time_range("2025-11-20T10:00:07Z", kNow),
            (TimeRange{{kDayBegin + 36'007'000}, {kDayBegin + 36'007'999}}));
  EXPECT_EQ(*parse_time_range("1763640000000", kNow), (TimeRange{kNow, kNow}));
  EXPECT_EQ(*parse_time_range("-1", kNow), (TimeRange{{-1}, {-1}}));
  EXPECT_EQ(*parse_time_range("..", kNow), TimeRange{});
  for (const char* bad : {"", "yesterday", "now", "-3d", "2025-13-01", "..x", "x..", "2025-11-21..2025-11-20"}) {
    EXPECT_NE(error_of(parse_time_range(bad, kNow)).find("time"), std::string::npos) << bad;
  }
}

/// A time lasts as long as it was typed to, alone and as the end of a range, whatever its offset.
TEST(ParseTimeRange, PrecisionIsThatOfTheText) {
  constexpr int64_t kTen = kDayBegin + 36'000'000;
  const std::vector<std::pair<std::string, int64_t>> cases{
      {"2025-11-20T10", 3'600'000},       {"2025-11-20T10Z", 3'600'000},        {"2025-11-20T10+00:00", 3'600'000},
      {"2025-11-20T05-05", 3'600'000},    {"2025-11-20T10:00", 60'000},         {"2025-11-20 10:00z", 60'000},
      {"2025-11-20T18:00+08:00", 60'000}, {"2025-11-20T10:00:00", 1000},        {"2025-11-20T05:00:00-05:00", 1000},
      {"2025-11-20T10:00:00.0", 1},       {"2025-11-20T10:00:00.000+00:00", 1}, {"1763632800000", 1}};
  for (const auto& [text, length] : cases) {
    const TimeRange whole{{kTen}, {kTen + length - 1}};
    EXPECT_EQ(*parse_time_range(text, kNow), whole) << text;
    EXPECT_EQ(*parse_time_range(text + ".." + text, kNow), whole) << text;
    EXPECT_EQ(parse_time_range(".." + text, kNow)->last, whole.last) << text;
    EXPECT_EQ(parse_time_range(text + "..", kNow)->first, whole.first) << text;
  }
}

TEST(Condition, ReadsBackAsText) {
  const Condition key = *parse_text_condition(Scope::kKey, "Order-10*");
  const Condition value = *parse_text_condition(Scope::kValue, "payment timeout");
  const Condition both = *parse_text_condition(Scope::kKeyOrValue, "a?c");
  EXPECT_EQ(key.to_string(), R"(key:"order 10*")");
  const Condition tree = Condition::all_of({key, Condition::any_of({value, Condition::none_of(both)})});
  EXPECT_EQ(tree.to_string(), R"((key:"order 10*" (value:"payment timeout" OR NOT "a?c")))");
  EXPECT_EQ(Condition::all_of({key}), key);
  EXPECT_EQ(Condition::any_of({key}), key);
  EXPECT_FALSE(parse_text_condition(Scope::kValue, "--").has_value());
}

}  // namespace
}  // namespace kseek::query
