// Named points at which tests make the program die or an operation fail. Off unless the environment variable
// KSEEK_FAULT says otherwise when the program starts; then a point costs one relaxed load. Any thread.
//
//   KSEEK_FAULT=seal.committed:kill:3,segment.built:ENOSPC:1+
//
// is a list of NAME:ACTION:N. At the N-th pass of NAME (1: the first; with + from then on, else only then) the process
// ends by SIGKILL (`kill`), or the operation fails as a disk does (`EIO`, `ENOSPC`). What is not understood ends the
// program at its start, so that no test runs without its fault. tests/crash finds the names in the sources.
#pragma once

#include <atomic>

#include "base/result.h"

namespace kseek {

namespace fault {
extern std::atomic<bool> on;  ///< KSEEK_FAULT is set
[[nodiscard]] Result<void> pass(const char* name);
}  // namespace fault

/// An operation that may fail here: kUnavailable, if it is to.
[[nodiscard]] inline Result<void> fault_point(const char* name) {
  if (!fault::on.load(std::memory_order_relaxed)) [[likely]] {
    return {};
  }
  return fault::pass(name);
}

/// Nothing can fail here; the process may die.
inline void crash_point(const char* name) {
  if (!fault::on.load(std::memory_order_relaxed)) [[likely]] {
    return;
  }
  ignore_error(fault::pass(name), "there is nothing to fail at a crash point");
}

}  // namespace kseek
