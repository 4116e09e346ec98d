// parse_time, parse_duration and format_time: cases, round trips, and what they refuse.
#include "base/time.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>

namespace kseek {
namespace {

using std::chrono::milliseconds;
using testing::HasSubstr;

constexpr Timestamp kNow{1'795'000'000'000};

int64_t ms(std::string_view text) {
  const Result<Timestamp> time = parse_time(text, kNow);
  EXPECT_TRUE(time.has_value()) << text;
  return time ? time->ms : INT64_MIN;
}

TEST(ParseTime, ReadsRfc3339) {
  EXPECT_EQ(ms("1970-01-01T00:00:00Z"), 0);
  EXPECT_EQ(ms("2026-11-20T10:00:00Z"), 1'795'168'800'000);
  EXPECT_EQ(ms("2026-11-20T10:00:00.5Z"), 1'795'168'800'500);
  EXPECT_EQ(ms("2026-11-20T10:00:00.123456789Z"), 1'795'168'800'123);
  EXPECT_EQ(ms("2026-11-20T18:00:00+08:00"), 1'795'168'800'000);
  EXPECT_EQ(ms("2026-11-20T04:30:00-05:30"), 1'795'168'800'000);
  EXPECT_EQ(ms("2026-11-20T18:00:00+08"), 1'795'168'800'000);
  EXPECT_EQ(ms("2026-11-20t10:00:00z"), 1'795'168'800'000);
  EXPECT_EQ(ms("1969-12-31T23:59:59.999Z"), -1);
  EXPECT_EQ(ms("2024-02-29"), 1'709'164'800'000);
  EXPECT_EQ(ms("2016-12-31T23:59:60Z"), ms("2017-01-01T00:00:00Z"));  // a leap second
  EXPECT_EQ(ms("0000-01-01"), -62'167'219'200'000);
  EXPECT_EQ(ms("9999-12-31T23:59:59.999Z"), 253'402'300'799'999);
}

TEST(ParseTime, TakesShorterForms) {
  EXPECT_EQ(ms("2026-11-20T10:00:00"), 1'795'168'800'000);
  EXPECT_EQ(ms("2026-11-20T10:00"), 1'795'168'800'000);
  EXPECT_EQ(ms("2026-11-20T10"), 1'795'168'800'000);
  EXPECT_EQ(ms("2026-11-20 10:00"), 1'795'168'800'000);
  EXPECT_EQ(ms("2026-11-20T10:00+08:00"), 1'795'168'800'000 - 8 * 3'600'000);
  EXPECT_EQ(ms("2026-11-20"), 1'795'132'800'000);
}

TEST(ParseTime, ReadsNumbersAndWhatIsRelativeToNow) {
  EXPECT_EQ(ms("1700000000000"), 1'700'000'000'000);
  EXPECT_EQ(ms("2026"), 2026);
  EXPECT_EQ(ms("0"), 0);
  EXPECT_EQ(ms("-1"), -1);
  EXPECT_EQ(ms("9223372036854775807"), INT64_MAX);
  EXPECT_EQ(ms("-9223372036854775808"), INT64_MIN);
  EXPECT_EQ(ms("now"), kNow.ms);
  EXPECT_EQ(ms("-15m"), kNow.ms - 15 * 60'000);
  EXPECT_EQ(ms("-3d"), kNow.ms - 3 * 86'400'000);
  EXPECT_EQ(ms("-0s"), kNow.ms);
}

TEST(ParseTime, RefusesTheRest) {
  for (const char* text : {"",
                           " ",
                           "yesterday",
                           "NOW",
                           "-",
                           "--1d",
                           "+1d",
                           "15m",
                           "-m",
                           "-1.5h",
                           "-1y",
                           "-1 d",
                           "2026-11",
                           "2026-13-01",
                           "2026-00-01",
                           "2026-02-29",
                           "2026-04-31",
                           "2026-11-00",
                           "2026-1-1",
                           "26-11-20",
                           "2026/11/20",
                           "2026-11-20T",
                           "2026-11-20T25:00",
                           "2026-11-20T24:00",
                           "2026-11-20T10:60",
                           "2026-11-20T10:00:61",
                           "2026-11-20T10:00:00.",
                           "2026-11-20T10:00:00.Z",
                           "2026-11-20T10:00:00+",
                           "2026-11-20T10:00:00+24:00",
                           "2026-11-20T10:00:00+08:60",
                           "2026-11-20T10:00:00+08:",
                           "2026-11-20T10:00:00Zx",
                           "2026-11-20T10:00:00 Z",
                           "2026-11-20Z",
                           "2026-11-20T10:0-1",
                           "-026-11-20",
                           "2026-11--1",
                           "2026-11-20T10:00:00.5.5Z",
                           " 2026-11-20",
                           "2026-11-20 ",
                           "1e3",
                           "0x10",
                           "92233720368547758080",
                           "-36601d",
                           "-99999999999999999999d"}) {
    const Result<Timestamp> time = parse_time(text, kNow);
    ASSERT_FALSE(time.has_value()) << text;
    EXPECT_EQ(time.error().code, ErrorCode::kInvalid);
    EXPECT_THAT(time.error().message, HasSubstr(text));
    EXPECT_THAT(time.error().hint, HasSubstr("2026-11-20T10:00:00Z"));
  }
}

TEST(ParseDuration, ReadsAWholeNumberAndAUnit) {
  EXPECT_EQ(*parse_duration("250ms"), milliseconds(250));
  EXPECT_EQ(*parse_duration("90s"), milliseconds(90'000));
  EXPECT_EQ(*parse_duration("15m"), milliseconds(900'000));
  EXPECT_EQ(*parse_duration("36h"), milliseconds(129'600'000));
  EXPECT_EQ(*parse_duration("7d"), milliseconds(604'800'000));
  EXPECT_EQ(*parse_duration("2w"), milliseconds(1'209'600'000));
  EXPECT_EQ(*parse_duration("0d"), milliseconds(0));
  EXPECT_EQ(*parse_duration("36600d"), milliseconds(36'600LL * 86'400'000));  // 100 years
  for (const char* text : {"", "7", "d", "-7d", "+7d", "7 d", "7D", "7dd", "1.5h", "7days", "36601d",
                           "9223372036854775807ms", "99999999999999999999s", " 7d", "7d "}) {
    const auto span = parse_duration(text);
    ASSERT_FALSE(span.has_value()) << text;
    EXPECT_EQ(span.error().code, ErrorCode::kInvalid);
    EXPECT_FALSE(span.error().hint.empty());
  }
}

TEST(FormatTime, WritesRfc3339OrThePlainNumber) {
  EXPECT_EQ(format_time({1'795'168'800'500}), "2026-11-20T10:00:00.500Z");
  EXPECT_EQ(format_time({0}), "1970-01-01T00:00:00.000Z");
  EXPECT_EQ(format_time({-2}), "1969-12-31T23:59:59.998Z");
  EXPECT_EQ(format_time({-1}), "-1");
  EXPECT_EQ(format_time({-62'167'219'200'000}), "0000-01-01T00:00:00.000Z");
  EXPECT_EQ(format_time({-62'167'219'200'001}), "-62167219200001");
  EXPECT_EQ(format_time({253'402'300'799'999}), "9999-12-31T23:59:59.999Z");
  EXPECT_EQ(format_time({253'402'300'800'000}), "253402300800000");
  EXPECT_EQ(format_time(kMinTimestamp), "-9223372036854775808");
  EXPECT_EQ(format_time(kMaxTimestamp), "9223372036854775807");
}

TEST(FormatTimeProperty, IsReadBackAsTheSameTime) {
  const uint64_t seed = std::random_device{}();
  SCOPED_TRACE(testing::Message() << "seed " << seed);
  std::mt19937_64 random(seed);
  for (int i = 0; i < 100'000; ++i) {
    const auto bits = static_cast<int64_t>(random());
    for (const int64_t time : {bits, bits >> 16, bits >> 20, bits >> 30, bits >> 60}) {
      ASSERT_EQ(ms(format_time({time})), time);
    }
  }
}

TEST(Now, IsTheWallClock) {
  const Timestamp before = now();
  EXPECT_GT(before.ms, ms("2024-01-01"));
  EXPECT_LE(before, now());
}

}  // namespace
}  // namespace kseek
