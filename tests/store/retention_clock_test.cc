// The clock that retention goes by, with a wall clock and a count of the machine that the test moves.
#include "store/retention_clock.h"

#include <gtest/gtest.h>

#include "base/time.h"
#include "tests/store/topic_check.h"

namespace kseek::store {
namespace {

using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;
using Span = RetentionClock::Span;

constexpr Timestamp kBegin{1'800'000'000'000};
constexpr Span kYear = hours(24 * 365);

class RetentionClockTest : public ::testing::Test {
 protected:
  /// Time passes, for both.
  void pass(Span span) {
    wall_.ms += span.count();
    steady_ += span;
  }
  void jump(Span span) { wall_.ms += span.count(); }
  [[nodiscard]] static Timestamp after(Span span) { return {kBegin.ms + span.count()}; }

  Timestamp wall_ = kBegin;
  Span steady_{12'345};
  RetentionClock clock_{{[this] { return wall_; }, [this] { return steady_; }}};
};

TEST_F(RetentionClockTest, GoesWithTheWallClock) {
  for (int i = 0; i < 100; ++i) {
    pass(minutes(i));
    jump(seconds(i % 2 == 0 ? 20 : -20));  // it is set a little now and then
    EXPECT_EQ(clock_.now(), wall_);
    EXPECT_EQ(clock_.trouble(), "");
  }
}

TEST_F(RetentionClockTest, AJumpAheadIsBelievedAfterAnHour) {
  EXPECT_EQ(clock_.now(), kBegin);
  jump(kYear);
  EXPECT_EQ(clock_.now(), kBegin);
  pass(minutes(59));
  EXPECT_EQ(clock_.now(), after(minutes(59)));
  EXPECT_NE(clock_.trouble(), "");
  pass(minutes(2));
  EXPECT_EQ(clock_.now(), wall_);
  EXPECT_EQ(clock_.trouble(), "");
  pass(hours(5));
  EXPECT_EQ(clock_.now(), wall_);
}

TEST_F(RetentionClockTest, AJumpAheadThatIsTakenBackNeverWas) {
  EXPECT_EQ(clock_.now(), kBegin);
  jump(kYear);
  EXPECT_EQ(clock_.now(), kBegin);
  pass(minutes(30));
  jump(-kYear);
  EXPECT_EQ(clock_.now(), after(minutes(30)));
  EXPECT_EQ(clock_.trouble(), "");
  // And the next one has to stand for an hour of its own.
  pass(minutes(40));
  jump(kYear);
  EXPECT_EQ(clock_.now(), after(minutes(70)));
  pass(minutes(50));
  EXPECT_EQ(clock_.now(), after(minutes(120)));
  pass(minutes(11));
  EXPECT_EQ(clock_.now(), wall_);
}

TEST_F(RetentionClockTest, AnotherJumpBeginsAnew) {
  jump(kYear);
  EXPECT_EQ(clock_.now(), kBegin);
  pass(minutes(50));
  jump(kYear);
  EXPECT_EQ(clock_.now(), after(minutes(50)));
  pass(minutes(50));
  EXPECT_EQ(clock_.now(), after(minutes(100)));
  pass(minutes(11));
  EXPECT_EQ(clock_.now(), wall_);
}

TEST_F(RetentionClockTest, MessagesOfThatTimeBearItOut) {
  clock_.witness(after(kYear));  // before the jump: it says nothing
  jump(kYear);
  EXPECT_EQ(clock_.now(), kBegin);
  clock_.witness(kBegin);
  clock_.witness({-1});
  clock_.witness(kMinTimestamp);  // whatever messages bear
  clock_.witness(kMaxTimestamp);
  clock_.witness(after(2 * kYear));
  EXPECT_EQ(clock_.now(), kBegin) << "no message of about that time";
  clock_.witness({wall_.ms - 1'500});
  EXPECT_EQ(clock_.now(), wall_);
  EXPECT_EQ(clock_.trouble(), "");
}

TEST_F(RetentionClockTest, AClockThatGoesBackIsBelievedAtOnce) {
  jump(-kYear);
  EXPECT_EQ(clock_.now(), after(-kYear));
  pass(hours(1));
  EXPECT_EQ(clock_.now(), wall_);
}

TEST_F(RetentionClockTest, AfterAStartTheNewestMessageStandsForThePast) {
  clock_.begin_after({kBegin.ms - kYear.count()});
  EXPECT_EQ(clock_.now(), after(-kYear));
  EXPECT_NE(clock_.trouble(), "");
  pass(minutes(30));
  EXPECT_EQ(clock_.now(), after(-kYear + minutes(30)));
  clock_.witness(wall_);
  EXPECT_EQ(clock_.now(), wall_);
}

TEST_F(RetentionClockTest, AShortPauseIsNothing) {
  clock_.begin_after({kBegin.ms - Span(hours(23)).count()});
  EXPECT_EQ(clock_.now(), kBegin);
  clock_.begin_after({kBegin.ms + kYear.count()});
  clock_.begin_after({-1});
  EXPECT_EQ(clock_.now(), kBegin);
}

TEST(RetentionStart, WhatWasDroppedIsNotDueAgain) {
  const ScratchDirectory dir;
  auto store = open_store(dir.path());
  TopicConfig config = config_of("orders");
  config.retention = {Retention::Kind::kDuration, hours(24 * 5)};
  config.time_kind = TimeKind::kIngest;
  auto topic = create_topic(*store, config);
  ASSERT_TRUE(topic->start_partition({0}, {0}));
  const int64_t today = now().ms;
  const auto days_ago = [today](int days) { return today - Span(hours(24 * days)).count(); };
  append_range(*topic, 0, 0, 8, days_ago(6));
  append_range(*topic, 0, 8, 16, days_ago(3));  // the newest: the machine was off since
  ASSERT_TRUE(topic->flush());
  const auto dropped = topic->expire(topic->retention_time());
  ASSERT_TRUE(dropped && *dropped == 1U);
  const Timestamp floor = topic->view().time_floor;
  EXPECT_GT(floor.ms, days_ago(6));
  topic.reset();
  store.reset();
  store = open_store(dir.path());
  EXPECT_GE(store->topic("orders")->view().time_floor, floor);
}

}  // namespace
}  // namespace kseek::store
