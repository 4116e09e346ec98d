// Times as people write them, and back.
#include "base/time.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace kseek {
namespace {

using std::chrono::milliseconds;

constexpr Timestamp kNow{1'763'632'800'500};  // 2025-11-20T10:00:00.500Z

std::string read(std::string_view text) {
  const auto time = parse_time(text, kNow);
  return time ? format_time(*time) : "no";
}

TEST(Time, ReadsRfc3339WithPartsLeftOut) {
  EXPECT_EQ(read("2026-11-20T10:00:00.5+08:00"), "2026-11-20T02:00:00.500Z");
  EXPECT_EQ(read("2026-11-20T10:00:00-01:30"), "2026-11-20T11:30:00.000Z");
  EXPECT_EQ(read("2026-11-20T10:11:12Z"), "2026-11-20T10:11:12.000Z");
  EXPECT_EQ(read("2026-11-20 10:11"), "2026-11-20T10:11:00.000Z");
  EXPECT_EQ(read("2026-11-20T10"), "2026-11-20T10:00:00.000Z");
  EXPECT_EQ(read("2026-11-20"), "2026-11-20T00:00:00.000Z");
  EXPECT_EQ(read("2024-02-29"), "2024-02-29T00:00:00.000Z");
  EXPECT_EQ(read("0000-01-01"), "0000-01-01T00:00:00.000Z");
  EXPECT_EQ(read("9999-12-31T23:59:59.9999Z"), "9999-12-31T23:59:59.999Z");
}

TEST(Time, ReadsEpochMillisecondsAndRelativeTimes) {
  EXPECT_EQ(parse_time("1700000000000", kNow)->ms, 1'700'000'000'000);
  EXPECT_EQ(parse_time("-1", kNow)->ms, -1);
  EXPECT_EQ(parse_time("now", kNow)->ms, kNow.ms);
  EXPECT_EQ(parse_time("-15m", kNow)->ms, kNow.ms - 15 * 60'000);
  EXPECT_EQ(parse_time("-3d", kNow)->ms, kNow.ms - 3LL * 86'400'000);
}

TEST(Time, RefusesWhatIsNotATime) {
  for (const char* text : {"", "yesterday", "2026-13-01", "2025-02-29", "2026-11-20T24:00", "2026-11-20T10:60",
                           "2026-11-20T10:00:00.", "2026-11-20T10:00:00+8", "2026-11-20T10:00:00Zx", "2026-11-2", "+3d",
                           "-3x", "--3d", "-", "1e3", "20-11-2026", "99999999999999999999", "2026-11-20T-1:00"}) {
    const auto time = parse_time(text, kNow);
    ASSERT_FALSE(time) << text;
    EXPECT_EQ(time.error().code, ErrorCode::kInvalid);
    EXPECT_FALSE(time.error().hint.empty());
  }
}

TEST(Time, FormatsTheUnusualAsNumbers) {
  EXPECT_EQ(format_time({-1}), "-1");
  EXPECT_EQ(format_time({-2}), "1969-12-31T23:59:59.998Z");
  EXPECT_EQ(format_time({253'402'300'800'000}), "253402300800000");
  EXPECT_EQ(format_time(kMaxTimestamp), std::to_string(kMaxTimestamp.ms));
  EXPECT_EQ(format_time(kMinTimestamp), std::to_string(kMinTimestamp.ms));
}

TEST(Time, EveryTimeComesBack) {
  // Steps of a prime number of milliseconds through ten thousand years, leap days and all.
  for (int64_t ms = -62'167'219'200'000; ms < 253'402'300'800'000; ms += 31'556'952'007) {
    if (ms == -1) continue;
    ASSERT_EQ(parse_time(format_time({ms}), kNow)->ms, ms);
  }
}

TEST(Duration, ReadsEachUnit) {
  EXPECT_EQ(*parse_duration("250ms"), milliseconds(250));
  EXPECT_EQ(*parse_duration("90s"), milliseconds(90'000));
  EXPECT_EQ(*parse_duration("5m"), milliseconds(300'000));
  EXPECT_EQ(*parse_duration("2h"), milliseconds(7'200'000));
  EXPECT_EQ(*parse_duration("7d"), milliseconds(604'800'000));
  EXPECT_EQ(*parse_duration("1w"), milliseconds(604'800'000));
  EXPECT_EQ(*parse_duration("0s"), milliseconds(0));
}

TEST(Duration, RefusesTheRest) {
  for (const char* text : {"", "5", "s", "-5s", "1.5h", "5 s", "5y", "5200w1", "5300w", "99999999999999999999s"}) {
    const auto span = parse_duration(text);
    ASSERT_FALSE(span) << text;
    EXPECT_EQ(span.error().code, ErrorCode::kInvalid);
  }
}

}  // namespace
}  // namespace kseek
