#include "cli/signals.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <thread>

#include "cli/common.h"

namespace kseek::cli {
namespace {

sigset_t stop_signals() {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGTERM);
  sigaddset(&set, SIGINT);
  return set;
}

/// The signal that came; 0: none in time.
int wait_for(const sigset_t& set, std::chrono::milliseconds timeout) {
  const auto until = std::chrono::steady_clock::now() + timeout;
  for (;;) {
    const auto left =
        std::max(std::chrono::nanoseconds(0), std::chrono::nanoseconds(until - std::chrono::steady_clock::now()));
    const timespec wait{static_cast<time_t>(left.count() / 1'000'000'000),
                        static_cast<long>(left.count() % 1'000'000'000)};
    const int number = sigtimedwait(&set, nullptr, &wait);
    if (number > 0) return number;
    if (errno != EINTR) return 0;
  }
}

}  // namespace

void hold_stop_signals() {
  const sigset_t set = stop_signals();
  pthread_sigmask(SIG_BLOCK, &set, nullptr);
  std::signal(SIGPIPE, SIG_IGN);
}

void hold_reload_signal() {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGHUP);
  pthread_sigmask(SIG_BLOCK, &set, nullptr);
}

bool wait_for_stop(std::chrono::milliseconds timeout) { return wait_for(stop_signals(), timeout) > 0; }

Signal wait_for_signal(std::chrono::milliseconds timeout) {
  sigset_t set = stop_signals();
  sigaddset(&set, SIGHUP);
  const int number = wait_for(set, timeout);
  return number <= 0 ? Signal::kNone : number == SIGHUP ? Signal::kReload : Signal::kStop;
}

void wait_for_stop() {
  while (!wait_for_stop(std::chrono::hours(1))) continue;
}

void bound_stopping(std::chrono::seconds limit) {
  std::thread([limit] {
    const bool again = wait_for_stop(limit);
    fmt::print(stderr, "kseek: {}\n", again ? "stopping at once" : "stopping took too long: ending anyhow");
    _exit(kFailed);
  }).detach();
}

}  // namespace kseek::cli
