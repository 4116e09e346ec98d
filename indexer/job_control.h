// What passes between a job's threads and those who watch it: wishes one way, progress the other. Private to indexer/.
// Any thread.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <string>
#include <utility>

namespace kseek::indexer {

struct JobProgress {
  uint64_t messages_done = 0, messages_total = 0;
  uint64_t bytes_done = 0, bytes_total = 0;
};

class JobControl {
 public:
  enum class Wish {
    kGoOn,
    kStop,    ///< leave what is done for the next process
    kCancel,  ///< drop what is done
  };
  using Clock = std::chrono::steady_clock;

  /// A job that is to be cancelled isn't merely stopped.
  void wish(Wish wish) {
    const std::lock_guard lock(mu_);
    if (wish_ != Wish::kCancel) wish_ = wish;
    changed_.notify_all();
  }
  [[nodiscard]] Wish wished() const {
    const std::lock_guard lock(mu_);
    return wish_;
  }
  [[nodiscard]] bool goes_on() const { return wished() == Wish::kGoOn; }
  /// False as soon as it is not to go on.
  [[nodiscard]] bool wait_until(Clock::time_point time) {
    std::unique_lock lock(mu_);
    return !changed_.wait_until(lock, time, [this] { return wish_ != Wish::kGoOn; });
  }
  [[nodiscard]] bool wait_for(std::chrono::milliseconds time) { return wait_until(Clock::now() + time); }

  void set_progress(const JobProgress& progress) {
    const std::lock_guard lock(mu_);
    progress_ = progress;
  }
  [[nodiscard]] JobProgress progress() const {
    const std::lock_guard lock(mu_);
    return progress_;
  }
  /// What is in its way for now, or what else there is to know; replaces what was said before.
  void set_note(std::string note) {
    const std::lock_guard lock(mu_);
    note_ = std::move(note);
  }
  [[nodiscard]] std::string note() const {
    const std::lock_guard lock(mu_);
    return note_;
  }

 private:
  mutable std::mutex mu_;
  std::condition_variable changed_;
  Wish wish_ = Wish::kGoOn;  // guarded by mu_
  JobProgress progress_;     // guarded by mu_
  std::string note_;         // guarded by mu_
};

}  // namespace kseek::indexer
