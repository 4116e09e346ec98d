// The wall clock of the real program jumps: a topic that keeps messages for a duration loses none of them.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/faults/fault_world.h"

namespace kseek::testing {
namespace {

using ::testing::HasSubstr;

constexpr int64_t kYear = 365 * 24 * 3600;

class ClockTest : public ::testing::Test {
 protected:
  void move_clock(int64_t seconds) const { write_file(clock_, std::to_string(seconds)); }
  void start() { world_.start({std::string("LD_PRELOAD=") + KSEEK_CLOCK_SHIM, "KSEEK_CLOCK_FILE=" + clock_}); }
  std::string reason() { return world_.details()["reason"].dump(); }

  FaultWorld world_{2};
  const std::string clock_ = world_.scratch().file("clock");
};

TEST_F(ClockTest, AheadDropsNothingAndBackBreaksNothing) {
  start();
  world_.open("2h");
  world_.produce(500);
  world_.wait_until_taken_in();
  move_clock(kYear);
  ASSERT_TRUE(eventually([&] { return reason().find("the clock says") != std::string::npos; })) << reason();
  world_.produce(200);
  world_.expect_each_once();
  EXPECT_EQ(world_.details()["state"], "running");
  // It is so at a start as well: the messages that are there are from another time.
  ASSERT_EQ(world_.stop(), 0);
  start();
  world_.expect_each_once();
  EXPECT_THAT(reason(), HasSubstr("the clock says"));
  move_clock(-kYear);
  world_.produce(200);
  world_.expect_each_once();
  EXPECT_EQ(reason(), "null");
  EXPECT_TRUE(eventually([&] { return world_.metric(R"(kseek_topic_memory_bytes{topic="orders"})") == 0; }))
      << "blocks are sealed by age, whatever the clock says";
  move_clock(0);
  world_.expect_each_once();
}

}  // namespace
}  // namespace kseek::testing
