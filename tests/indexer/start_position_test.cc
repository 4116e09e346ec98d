#include "indexer/start_position.h"

#include <gtest/gtest.h>

namespace kseek::indexer {
namespace {

using Kind = StartPosition::Kind;
constexpr Timestamp kOpened{1'700'000'000'000};

TEST(StartPosition, ReadsWhatPeopleWrite) {
  EXPECT_EQ(parse_start_position("earliest", kOpened)->kind, Kind::kEarliest);
  EXPECT_EQ(parse_start_position("latest", kOpened)->kind, Kind::kLatest);
  const auto ago = parse_start_position("-1h", kOpened);
  ASSERT_TRUE(ago);
  EXPECT_EQ(ago->kind, Kind::kTime);
  EXPECT_EQ(ago->time.ms, kOpened.ms - 3'600'000);
  const auto at = parse_start_position("2026-11-20T10:00", kOpened);
  ASSERT_TRUE(at) << "a time has colons too";
  EXPECT_EQ(at->kind, Kind::kTime);
  const auto offsets = parse_start_position("0:100,12:9000000000", kOpened);
  ASSERT_TRUE(offsets);
  EXPECT_EQ(offsets->kind, Kind::kOffsets);
  EXPECT_EQ(offsets->offsets.at(PartitionId{0}).value, 100);
  EXPECT_EQ(offsets->offsets.at(PartitionId{12}).value, 9'000'000'000);
  EXPECT_EQ(offsets->offsets.size(), 2U);
}

TEST(StartPosition, RefusesTheRest) {
  for (const char* bad : {"", "first", "0:", ":1", "0:1,", "0:1,x", "0:1,0:2", "-1:5", "0:-5", "3000000000:1", "0:1 ",
                          "0:99999999999999999999"}) {
    const auto parsed = parse_start_position(bad, kOpened);
    ASSERT_FALSE(parsed) << bad;
    EXPECT_EQ(parsed.error().code, ErrorCode::kInvalid);
    EXPECT_FALSE(parsed.error().hint.empty());
  }
}

}  // namespace
}  // namespace kseek::indexer
