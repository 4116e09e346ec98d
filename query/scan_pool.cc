#include "query/scan_pool.h"

#include <algorithm>
#include <utility>

namespace kseek::query {

ScanPool& ScanPool::instance() {
  static ScanPool pool(std::max(2U, std::thread::hardware_concurrency()) - 1);
  return pool;
}

ScanPool::ScanPool(size_t threads) {
  for (size_t i = 0; i < threads; ++i) threads_.emplace_back([this] { run(); });
}

ScanPool::~ScanPool() {
  {
    const std::lock_guard lock(mu_);
    ending_ = true;
  }
  wake_.notify_all();
  for (std::thread& thread : threads_) thread.join();
}

void ScanPool::submit(std::function<void()> job) {
  {
    const std::lock_guard lock(mu_);
    jobs_.push_back(std::move(job));
  }
  wake_.notify_one();
}

void ScanPool::run() {
  for (;;) {
    std::unique_lock lock(mu_);
    wake_.wait(lock, [this] { return ending_ || !jobs_.empty(); });
    if (jobs_.empty()) return;
    const std::function<void()> job = std::move(jobs_.front());
    jobs_.pop_front();
    lock.unlock();
    job();
  }
}

}  // namespace kseek::query
