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
class SharedWork {
 public:
  SharedWork(size_t n, const std::function<void(size_t)>& work) : n_(n), work_(work) {}

  /// Does what nobody has begun.
  void help() {
    for (size_t i = next_++; i < n_; i = next_++) {
      work_(i);
      if (++ended_ == n_) ended_.notify_all();
    }
  }
  /// Until all has ended.
  void wait() const {
    for (size_t ended = ended_; ended < n_; ended = ended_) ended_.wait(ended);
  }

 private:
  const size_t n_;
  const std::function<void(size_t)>& work_;
  std::atomic<size_t> next_{0};
  std::atomic<size_t> ended_{0};
};

}  // namespace

void run_together(size_t n, const std::function<void(size_t)>& work) {
  if (n == 1) return work(0);
  const auto shared = std::make_shared<SharedWork>(n, work);
  ScanPool& pool = ScanPool::instance();
  for (size_t helpers = std::min(n, pool.threads() + 1); helpers > 1; --helpers) {
    pool.submit([shared] { shared->help(); });
  }
  shared->help();
  shared->wait();
}

}  // namespace kseek::query
