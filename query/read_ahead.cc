#include "query/read_ahead.h"

#include <algorithm>
#include <bit>
#include <cassert>
#include <chrono>
#include <cmath>
#include <thread>
#include <utility>

#include "query/scan_pool.h"

namespace kseek::query {

namespace {

/// So long nobody sleeps who waits for a block.
constexpr std::chrono::microseconds kAwake{50};

}  // namespace

bool ReadAhead::Task::claim(State as) {
  State expected = State::kWaiting;
  return state.compare_exchange_strong(expected, as);
}

void ReadAhead::Task::run(const Work& work) {
  result = work(candidate, limits);
  state.store(State::kDone);
  state.notify_all();
}

void ReadAhead::Task::wait() const {
  // What is left to do takes less time, often, than to fall asleep and be woken.
  const auto begin = std::chrono::steady_clock::now();
  while (state.load() != State::kDone && std::chrono::steady_clock::now() - begin < kAwake) std::this_thread::yield();
  for (State now = state.load(); now != State::kDone; now = state.load()) state.wait(now);
}

ReadAhead::ReadAhead(CandidateQueue& queue, Work work, Limits limits)
    : queue_(queue), work_(std::move(work)), limits_(std::move(limits)) {}

ReadAhead::~ReadAhead() { close(); }

std::optional<SortKey> ReadAhead::best() const {
  return tasks_.empty() ? queue_.best() : std::optional(tasks_.front()->best);
}

const store::BlockMeta* ReadAhead::next_block() const {
  return tasks_.empty() ? queue_.next_block() : tasks_.front()->candidate.block;
}

double ReadAhead::hits_expected() const {
  double hits = 0;
  for (const auto& task : tasks_) {
    const int without = static_cast<int>(store::kBlockSlices) - std::popcount(task->candidate.slices);
    hits += store::kBlockSlices * std::log(static_cast<double>(store::kBlockSlices) / without);  // infinity: in all
  }
  return hits;
}

bool ReadAhead::add(uint64_t raw_bytes) {
  const store::BlockMeta* const next = queue_.next_block();
  if (next == nullptr) return false;
  const bool first = tasks_.empty();
  uint64_t under_way = next->raw_bytes;
  for (const auto& task : tasks_) under_way += task->candidate.block->raw_bytes;
  if (!first && under_way > raw_bytes) return false;
  const SortKey best = *queue_.best();
  const auto limits = limits_(queue_.next(), best);
  if (!limits) return false;
  auto task = std::make_shared<Task>();
  task->best = best;
  task->limits = *limits;
  task->candidate = queue_.pop();
  tasks_.push_back(task);
  if (!first) share(task);
  return true;
}

void ReadAhead::share_first() {
  if (!tasks_.empty()) share(tasks_.front());
}

void ReadAhead::share(const std::shared_ptr<Task>& task) {
  if (std::exchange(task->shared, true)) return;
  ScanPool::instance().submit([task, this] {
    if (task->claim()) task->run(work_);  // who claimed it is waited for
  });
}

ScannedBlock ReadAhead::take() {
  assert(!tasks_.empty());
  const std::shared_ptr<Task> next = tasks_.front();
  while (next->state.load() != Task::State::kDone) {
    // Whoever has it, there may be others to do meanwhile.
    const auto waiting = std::find_if(tasks_.begin(), tasks_.end(), [](const auto& task) { return task->claim(); });
    if (waiting == tasks_.end()) {
      next->wait();
    } else {
      (*waiting)->run(work_);
    }
  }
  tasks_.pop_front();
  return std::move(next->result);
}

ReadAhead::Unneeded ReadAhead::close() {
  Unneeded unneeded;
  for (const auto& task : tasks_) {
    if (task->claim(Task::State::kCancelled)) continue;
    task->wait();
    unneeded.blocks += 1;
    unneeded.bytes_read += task->result.bytes_read;
  }
  tasks_.clear();
  return unneeded;
}

}  // namespace kseek::query
