// Helpers that open and verify blocks ahead of the searches that will want them: the process has one such pool, with a
// thread a core less one, for a search works on its own thread too. Jobs are run in the order in which they came, so
// many searches take turns; none depends on the pool, as a search does itself what nobody has begun.
#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

namespace kseek::query {

/// Any thread.
class ScanPool {
 public:
  /// Begins its threads on first use; ends them with the process.
  static ScanPool& instance();

  explicit ScanPool(size_t threads);
  ~ScanPool();  ///< runs what waits
  ScanPool(const ScanPool&) = delete;
  ScanPool& operator=(const ScanPool&) = delete;

  void submit(std::function<void()> job);
  [[nodiscard]] size_t threads() const { return threads_.size(); }

 private:
  void run();

  std::mutex mu_;
  std::condition_variable wake_;
  std::deque<std::function<void()>> jobs_;  // guarded by mu_
  bool ending_ = false;                     // guarded by mu_
  std::vector<std::thread> threads_;        // constant after construction
};

/// Calls work(0) to work(n - 1), each once, on this thread and on helpers that are free; returns when all have ended.
void run_together(size_t n, const std::function<void(size_t)>& work);

}  // namespace kseek::query
