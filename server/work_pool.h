// A fixed number of threads and a bounded queue of jobs. What waits is taken by turns of the clients whose jobs wait,
// so that one who has sent many holds the others up by one job each, not by all. Any thread may submit.
#pragma once

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <functional>
#include <map>
#include <mutex>
#include <string>
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
  [[nodiscard]] bool try_submit(const std::string& client, std::function<void()> job);

  /// Takes no more jobs, runs those that wait, and ends the threads.
  void stop();

 private:
  using Job = std::function<void()>;
  void work();
  [[nodiscard]] Job take_locked();

  const size_t max_waiting_;
  std::mutex mu_;
  std::condition_variable wake_;
  std::map<std::string, std::deque<Job>> waiting_;  // guarded by mu_: by client, none empty
  std::deque<std::string> turns_;                   // guarded by mu_: the clients in waiting_, the next first
  size_t count_ = 0;                                // guarded by mu_: of the jobs in waiting_
  bool stopping_ = false;                           // guarded by mu_
  std::vector<std::thread> threads_;                // one thread: whoever owns the pool
};

}  // namespace kseek::server
