// Spreads work over time so that it stays below a number of bytes a second. Private to indexer/. Any thread.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <mutex>

namespace kseek::indexer {

class RateLimit {
 public:
  using Clock = std::chrono::steady_clock;

  /// 0: no limit.
  explicit RateLimit(uint64_t bytes_per_second) : bytes_per_second_(bytes_per_second) {}

  /// When these bytes may be worked on: each caller's after those of the callers before.
  [[nodiscard]] Clock::time_point reserve(uint64_t bytes, Clock::time_point now = Clock::now()) {
    if (bytes_per_second_ == 0) return now;
    const std::lock_guard lock(mu_);
    const Clock::time_point at = std::max(next_, now);
    const double seconds = static_cast<double>(bytes) / static_cast<double>(bytes_per_second_);
    next_ = at + std::chrono::duration_cast<Clock::duration>(std::chrono::duration<double>(seconds));
    return at;
  }

 private:
  const uint64_t bytes_per_second_;
  std::mutex mu_;
  Clock::time_point next_{};  // guarded by mu_
};

}  // namespace kseek::indexer
