// Bare numbers that are read as times of 1970: what is said of them, and what is not.
#include "cli/bare_time.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

namespace kseek::cli {
namespace {

using ::testing::HasSubstr;

TEST(BareTime, SecondsAreShownAsTheMillisecondsThatWerePerhapsMeant) {
  const auto note = bare_time_note("--time", "1763632800", "an offset");
  ASSERT_TRUE(note);
  EXPECT_EQ(note->message, "--time: 1763632800 was read as milliseconds since 1970, which is 1970-01-21T09:53:52.800Z");
  EXPECT_EQ(note->hint, "if seconds were meant, write 1763632800000 (2025-11-20T10:00:00.000Z)");
}

TEST(BareTime, SmallNumbersMayBeOffsetsAndNegativeOnesLackAUnit) {
  const auto small = bare_time_note("--from", "5", kOffsetsToStartAt);
  ASSERT_TRUE(small);
  EXPECT_THAT(small->message,
              HasSubstr("--from: 5 was read as milliseconds since 1970, which is 1970-01-01T00:00:00.005Z"));
  EXPECT_THAT(small->hint, HasSubstr("PARTITION:OFFSET"));
  const auto negative = bare_time_note("--from", "-15", kOffsetsToStartAt);
  ASSERT_TRUE(negative);
  EXPECT_EQ(negative->hint, "a time before now has a unit: -15m, -15h, -15d");
}

TEST(BareTime, EachEndOfARangeIsLookedAt) {
  EXPECT_TRUE(bare_time_note("--time", "1763632800..", ""));
  EXPECT_TRUE(bare_time_note("--time", "..1763632800", ""));
  EXPECT_TRUE(bare_time_note("--time", "2026-11-20 .. 1763632800", ""));
  EXPECT_TRUE(bare_time_note("--time", "0..978307199999", ""));
}

TEST(BareTime, NothingIsSaidOfOtherTimes) {
  for (const char* fine : {"", "0", "-1", "978307200000", "1763632800000", "1763632800000..1763632900000", "..", "0..",
                           "1999-01-01", "1970-01-01T00:00:01Z", "-15m..", "now", "earliest", "latest", "0:5,1:7"}) {
    EXPECT_FALSE(bare_time_note("--time", fine, "")) << fine;
  }
}

}  // namespace
}  // namespace kseek::cli
