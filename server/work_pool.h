// A fixed number of threads and a bounded queue of jobs. Any thread may submit.
#pragma once

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

namespace kseek::server {

class WorkPool {
 public:
  WorkPool(size_t threads, size_t max_waiting);
  ~WorkPool();  ///< stop()
  WorkPool(const WorkPool&) = delete;
  WorkPool& operator=(const WorkPool&) = delete;

  /// False, and nothing done, when max_waiting jobs wait already or the pool is stopping. Jobs must not throw.
  [[nodiscard]] bool try_submit(std::function<void()> job);

  /// Takes no more jobs, runs those that wait, and ends the threads.
  void stop();

 private:
  void work();

  const size_t max_waiting_;
  std::mutex mu_;
  std::condition_variable wake_;
  std::deque<std::function<void()>> waiting_;  // guarded by mu_
  bool stopping_ = false;                      // guarded by mu_
  std::vector<std::thread> threads_;           // one thread: whoever owns the pool
};

}  // namespace kseek::server
