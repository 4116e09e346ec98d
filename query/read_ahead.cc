#include "query/read_ahead.h"

#include <algorithm>
#include <cassert>
#include <utility>

#include "query/scan_pool.h"

namespace kseek::query {

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

bool ReadAhead::add_task(uint64_t& raw_bytes) {
  const store::BlockMeta* const next = queue_.next_block();
  if (next == nullptr) return false;
  const bool first = tasks_.empty();
  if (!first && next->raw_bytes > raw_bytes) return false;
  const SortKey best = *queue_.best();
  auto task = std::make_shared<Task>();
  task->best = best;
  const auto limits = limits_(queue_.next(), best);
  if (!limits) return false;
  task->limits = *limits;
  task->candidate = queue_.pop();
  raw_bytes -= std::min(raw_bytes, next->raw_bytes);
  tasks_.push_back(task);
  if (!first) {
    ScanPool::instance().submit([task = std::move(task), this] {
      if (task->claim()) task->run(work_);  // who claimed it is waited for
    });
  }
  return true;
}

void ReadAhead::look_ahead(size_t blocks, uint64_t raw_bytes) {
  for (const auto& task : tasks_) raw_bytes -= std::min(raw_bytes, task->candidate.block->raw_bytes);
  while (tasks_.size() <= blocks && add_task(raw_bytes)) continue;
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
