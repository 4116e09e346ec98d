#include "server/stream_hub.h"

#include <algorithm>
#include <utility>

namespace kseek::server {

StreamHub::StreamHub(WorkPool& pool, size_t max_streams)
    : pool_(pool), max_streams_(max_streams), thread_([this] { watch(); }) {}

StreamHub::~StreamHub() { stop(); }

std::shared_ptr<EventStream> StreamHub::open(const std::string& client, std::unique_ptr<StreamWork> work,
                                             std::shared_ptr<const std::atomic<bool>> client_gone) {
  auto entry = std::make_shared<Entry>();
  entry->client = client;
  entry->stream = std::make_shared<EventStream>(std::move(client_gone));
  entry->work = std::move(work);
  {
    const std::lock_guard lock(mu_);
    if (stopping_ || entries_.size() >= max_streams_) return nullptr;
    entries_.push_back(entry);
    entry->busy = true;
  }
  wake_.notify_one();
  submit(entry);
  return entry->stream;
}

void StreamHub::stop() {
  {
    const std::lock_guard lock(mu_);
    if (std::exchange(stopping_, true)) return;
  }
  wake_.notify_one();
  thread_.join();
  for (const auto& entry : entries_) entry->stream->close();
  entries_.clear();
}

void StreamHub::watch() {
  std::unique_lock lock(mu_);
  while (!stopping_) {
    if (entries_.empty()) {
      wake_.wait(lock, [this] { return stopping_ || !entries_.empty(); });
    } else {
      wake_.wait_for(lock, kTick, [this] { return stopping_; });
    }
    std::vector<std::shared_ptr<Entry>> resting;
    for (const auto& entry : entries_) {
      if (entry->busy) continue;
      if (entry->stream->client_gone()) entry->ended = true;
      if (entry->ended) {
        entry->stream->close();
      } else {
        entry->busy = true;  // ours for now
        resting.push_back(entry);
      }
    }
    std::erase_if(entries_, [](const auto& entry) { return entry->ended; });
    lock.unlock();
    for (const auto& entry : resting) look_after(entry);
    lock.lock();
  }
}

/// REQUIRES: the entry is marked busy by the caller, for which this goes on.
void StreamHub::look_after(const std::shared_ptr<Entry>& entry) {
  entry->stream->keep_alive(kQuiet);
  const bool takes_more = entry->stream->waiting_bytes() < kMaxWaitingBytes;
  if (takes_more && (entry->again || entry->work->ready())) {
    submit(entry);
  } else {
    const std::lock_guard lock(mu_);
    entry->busy = false;
  }
}

void StreamHub::submit(const std::shared_ptr<Entry>& entry) {
  if (pool_.try_submit(entry->client, [this, entry] { run_step(entry); })) return;
  const std::lock_guard lock(mu_);  // no room now: the watch tries again
  entry->again = true;
  entry->busy = false;
}

void StreamHub::run_step(const std::shared_ptr<Entry>& entry) {
  const auto next = entry->stream->client_gone() ? StreamWork::Next::kEnd : entry->work->step(*entry->stream);
  if (next == StreamWork::Next::kEnd) entry->stream->close();
  {
    const std::lock_guard lock(mu_);
    entry->again = next == StreamWork::Next::kAgain;
    entry->ended = next == StreamWork::Next::kEnd;
    const bool at_once = entry->again && !stopping_ && entry->stream->waiting_bytes() < kMaxWaitingBytes;
    if (!at_once) {
      entry->busy = false;
      return;
    }
  }
  submit(entry);
}

}  // namespace kseek::server
