#include "store/retention_clock.h"

#include <fmt/format.h>

#include <algorithm>
#include <ctime>

#include "base/time.h"

namespace kseek::store {
namespace {

using Span = RetentionClock::Span;

Span count_of_machine() {
  timespec time{};
  clock_gettime(CLOCK_BOOTTIME, &time);
  return std::chrono::duration_cast<Span>(std::chrono::seconds(time.tv_sec) + std::chrono::nanoseconds(time.tv_nsec));
}

/// Saturates: a message may bear any time.
Span between(Timestamp from, Timestamp to) {
  int64_t span = 0;
  if (__builtin_sub_overflow(to.ms, from.ms, &span)) return to > from ? Span::max() : -Span::max();
  return std::max(Span(span), -Span::max());
}

}  // namespace

RetentionClock::RetentionClock() : RetentionClock(Sources{[] { return kseek::now(); }, count_of_machine}) {}

RetentionClock::RetentionClock(Sources sources)
    : sources_(std::move(sources)), anchor_(sources_.wall()), anchor_steady_(sources_.steady()) {}

void RetentionClock::begin_after(Timestamp latest) {
  const std::lock_guard lock(mu_);
  if (latest.ms <= 0 || between(latest, anchor_) <= kLongPause) return;
  anchor_ = latest;
}

RetentionClock::Reading RetentionClock::read() {
  const Timestamp wall = sources_.wall();
  const Span steady = sources_.steady();
  const Reading reading{wall, {anchor_.ms + (steady - anchor_steady_).count()}, steady};
  const Span ahead = between(reading.expected, wall);
  const bool stood = ahead_since_ && std::chrono::abs(ahead - ahead_by_) <= kTolerance;
  if (ahead <= kTolerance || (stood && (witnessed_ || steady - *ahead_since_ >= kBelievedAfter))) {
    believe(reading);
  } else if (!stood) {
    ahead_since_ = steady;  // it has just jumped, or has jumped again
    ahead_by_ = ahead;
    witnessed_ = false;
  }
  return reading;
}

void RetentionClock::believe(const Reading& reading) {
  anchor_ = reading.wall;
  anchor_steady_ = reading.steady;
  ahead_since_.reset();
  witnessed_ = false;
}

void RetentionClock::witness(Timestamp time) {
  const std::lock_guard lock(mu_);
  if (!ahead_since_) return;
  const Reading reading = read();
  if (ahead_since_ && std::chrono::abs(between(time, reading.wall)) <= kTolerance) witnessed_ = true;
}

Timestamp RetentionClock::now() {
  const std::lock_guard lock(mu_);
  const Reading reading = read();
  return ahead_since_ ? reading.expected : reading.wall;
}

std::string RetentionClock::trouble() {
  const std::lock_guard lock(mu_);
  const Reading reading = read();
  if (!ahead_since_) return "";
  return fmt::format(
      "the clock says {}, {} s more than passed since it was last believed ({}): nothing expires by it until messages "
      "bear that time or {} minutes have gone by",
      format_time(reading.wall), between(reading.expected, reading.wall).count() / 1'000, format_time(anchor_),
      std::chrono::duration_cast<std::chrono::minutes>(kBelievedAfter).count());
}

}  // namespace kseek::store
