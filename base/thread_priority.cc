#include "base/thread_priority.h"

#if defined(__linux__)
#include <sys/resource.h>
#include <unistd.h>
#endif

namespace kseek {

void let_others_go_first() {
#if defined(__linux__)
  constexpr int kMore = 5;
  const auto thread = static_cast<id_t>(gettid());  // for Linux a thread is a process here
  // To be nicer is always allowed, and what is too much is the most.
  (void)setpriority(PRIO_PROCESS, thread, getpriority(PRIO_PROCESS, thread) + kMore);
#endif
}

}  // namespace kseek
