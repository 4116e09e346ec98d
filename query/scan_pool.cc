#include "query/scan_pool.h"

#include <algorithm>
#include <atomic>
#include <memory>
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

namespace {

/// Work that several threads share. A helper that comes late finds nothing left, and `work` perhaps gone.
struct Shared {
  const size_t n;
  const std::function<void(size_t)>& work;
  std::atomic<size_t> next{0};
  std::atomic<size_t> ended{0};

  void help() {
    for (size_t i = next++; i < n; i = next++) {
      work(i);
      if (++ended == n) ended.notify_all();
    }
  }
};

}  // namespace

void run_together(size_t n, const std::function<void(size_t)>& work) {
  const auto shared = std::make_shared<Shared>(n, work);
  ScanPool& pool = ScanPool::instance();
  for (size_t helpers = std::min(n, pool.threads() + 1); helpers > 1; --helpers) {
    pool.submit([shared] { shared->help(); });
  }
  shared->help();
  for (size_t ended = shared->ended; ended < n; ended = shared->ended) shared->ended.wait(ended);
}

}  // namespace kseek::query
