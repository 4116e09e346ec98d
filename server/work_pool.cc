#include "server/work_pool.h"

#include <utility>

namespace kseek::server {

WorkPool::WorkPool(size_t threads, size_t max_waiting) : max_waiting_(max_waiting) {
  for (size_t i = 0; i < threads; ++i) threads_.emplace_back([this] { work(); });
}

WorkPool::~WorkPool() { stop(); }

bool WorkPool::try_submit(const std::string& client, Job job) {
  {
    const std::lock_guard lock(mu_);
    if (stopping_ || count_ >= max_waiting_) return false;
    std::deque<Job>& jobs = waiting_[client];
    if (jobs.empty()) turns_.push_back(client);
    jobs.push_back(std::move(job));
    ++count_;
  }
  wake_.notify_one();
  return true;
}

void WorkPool::stop() {
  {
    const std::lock_guard lock(mu_);
    stopping_ = true;
  }
  wake_.notify_all();
  for (std::thread& thread : threads_) thread.join();
  threads_.clear();
}

/// The oldest job of the client whose turn it is; its next turn comes after everybody else's. REQUIRES: one waits.
WorkPool::Job WorkPool::take_locked() {
  const auto client = waiting_.find(turns_.front());
  Job job = std::move(client->second.front());
  client->second.pop_front();
  if (client->second.empty()) {
    waiting_.erase(client);
  } else {
    turns_.push_back(client->first);
  }
  turns_.pop_front();
  --count_;
  return job;
}

void WorkPool::work() {
  std::unique_lock lock(mu_);
  for (;;) {
    wake_.wait(lock, [this] { return stopping_ || count_ > 0; });
    if (count_ == 0) return;
    const Job job = take_locked();
    lock.unlock();
    job();
    lock.lock();
  }
}

}  // namespace kseek::server
