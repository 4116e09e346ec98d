// A thread that lets others go first, and none but that one.
#include "base/thread_priority.h"

#include <gtest/gtest.h>

#if defined(__linux__)
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <thread>

namespace kseek {
namespace {

int nice_of_this_thread() { return getpriority(PRIO_PROCESS, static_cast<id_t>(gettid())); }

TEST(ThreadPriority, OnlyTheCallingThreadLetsOthersGoFirst) {
  constexpr int kNicest = 19;
  const int before = nice_of_this_thread();
  int once = 0, often = 0;
  std::thread([&] {
    let_others_go_first();
    once = nice_of_this_thread();
    for (int i = 0; i < 10; ++i) let_others_go_first();
    often = nice_of_this_thread();
  }).join();
  EXPECT_EQ(once, std::min(before + 5, kNicest));
  EXPECT_EQ(often, kNicest);
  EXPECT_EQ(nice_of_this_thread(), before);
}

}  // namespace
}  // namespace kseek
#endif
