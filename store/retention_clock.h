// The time that retention by a duration is measured against. It is the wall clock's, but for a jump ahead, which would
// drop messages for good. Internal to store/.
//
// Time goes on as the machine's own count of it does (CLOCK_BOOTTIME: sleep included). A wall clock that is ahead of
// that by more than kTolerance is believed only when it has been so for kBelievedAfter, or when a message that was
// taken in since bears a time as late (of its producer, or its broker: other clocks). Until then the old count goes on,
// and messages stay longer than they should, never shorter. A clock that went back is believed at once: it drops
// nothing. At the start of an owner the latest time that the store knows of (a message was taken in then, or some were
// dropped by it: they must not be due again) stands for the old count, if the wall clock is more than kLongPause ahead
// of it: nobody can tell a long pause from a wrong clock. Any thread.
#pragma once

#include <chrono>
#include <functional>
#include <mutex>
#include <optional>
#include <string>

#include "base/ids.h"

namespace kseek::store {

class RetentionClock {
 public:
  using Span = std::chrono::milliseconds;
  static constexpr Span kTolerance = std::chrono::minutes(1);
  static constexpr Span kBelievedAfter = std::chrono::hours(1);
  static constexpr Span kLongPause = std::chrono::hours(24);

  /// Where the time comes from; tests give their own.
  struct Sources {
    std::function<Timestamp()> wall;
    std::function<Span()> steady;  ///< since whenever; never goes back
  };
  RetentionClock();
  explicit RetentionClock(Sources sources);

  /// To be called once, by an owner of messages: it has been this late already.
  void begin_after(Timestamp latest);
  /// A message that is taken in now bears this time.
  void witness(Timestamp time);
  [[nodiscard]] Timestamp now();
  /// In words, while the wall clock is not believed; else empty.
  [[nodiscard]] std::string trouble();

 private:
  struct Reading {
    Timestamp wall;
    Timestamp expected;
    Span steady;
  };
  Reading read();  // REQUIRES: mu_ held
  void believe(const Reading& reading);

  const Sources sources_;
  std::mutex mu_;
  // Guarded by mu_:
  Timestamp anchor_;                 // what the wall clock said …
  Span anchor_steady_{};             // … at this moment
  std::optional<Span> ahead_since_;  // the wall clock is ahead, and is not believed
  Span ahead_by_{};                  // by so much
  bool witnessed_ = false;           // since then a message bore a time as late
};

}  // namespace kseek::store
