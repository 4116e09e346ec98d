// Ending on SIGTERM and SIGINT, cleanly and in bounded time; reloading on SIGHUP.
#pragma once

#include <chrono>

namespace kseek::cli {

/// Holds SIGTERM and SIGINT back in this thread and those that it starts later, and ignores SIGPIPE. To be called
/// first.
void hold_stop_signals();
/// Holds SIGHUP back, too. To be called right after it.
void hold_reload_signal();

enum class Signal { kNone, kStop, kReload };
/// Waits for a held signal. kNone: `timeout` passed without. REQUIRES: both are held.
[[nodiscard]] Signal wait_for_signal(std::chrono::milliseconds timeout);

/// Waits for SIGTERM or SIGINT. False: `timeout` passed without.
[[nodiscard]] bool wait_for_stop(std::chrono::milliseconds timeout);
/// Waits for one of them without limit.
void wait_for_stop();
/// From now on: a second signal, or `limit` passing, ends the process at once. Nothing is lost by it: what was not
/// sealed is taken from Kafka again.
void bound_stopping(std::chrono::seconds limit);

}  // namespace kseek::cli
