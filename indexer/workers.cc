#include "indexer/workers.h"

#include <algorithm>

#include "base/bytes.h"
#include "base/thread_priority.h"
#include "indexer/log.h"

namespace kseek::indexer {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds kTick{1'000};      // expiry, retries, stragglers
constexpr milliseconds kQuiet{5'000};     // no new sealed block for so long: build segments from few blocks
constexpr milliseconds kFirstPause{500};  // after a failure; doubles
constexpr milliseconds kLongestPause{10'000};
constexpr milliseconds kProgressWait{20};
constexpr size_t kWaitingBlocksPerThread = 4;          // full ones take some 5 ms of sealing each
constexpr uint64_t kWaitingBytesPerThread = 1536_KiB;  // four full ones of usual messages
constexpr uint64_t kUnindexedToRewrite = 64;           // while more wait, no blocks are rewritten

}  // namespace

Workers::Workers(unsigned threads) : next_tick_(Clock::now() + kTick) {
  const unsigned count = threads > 0 ? threads : std::max(1U, std::thread::hardware_concurrency());
  thread_count_ = count;
  threads_.reserve(count + 1);
  for (unsigned i = 0; i < count; ++i) threads_.emplace_back([this] { run(work_, kMaintain, kMerge); });
  threads_.emplace_back([this] { run(merge_work_, kMerge, kStages); });
}

Workers::~Workers() { stop(); }

void Workers::stop() {
  {
    const std::lock_guard lock(mu_);
    stopping_ = true;
  }
  work_.notify_all();
  merge_work_.notify_all();
  for (std::thread& thread : threads_) {
    if (thread.joinable()) thread.join();
  }
}

void Workers::add(std::shared_ptr<store::TopicStore> topic) {
  const std::lock_guard lock(mu_);
  auto& slot = topics_[topic.get()];
  if (slot) return;
  slot = std::make_shared<Topic>();
  slot->store = std::move(topic);
  slot->last_sealed = Clock::now();
  push_locked(slot, kMaintain);
  push_locked(slot, kMerge);  // what an earlier run left unmerged
}

void Workers::remove(const store::TopicStore& topic) {
  std::unique_lock lock(mu_);
  const TopicPtr known = find_locked(topic);
  if (!known) return;
  known->removed = true;
  topics_.erase(&topic);
  for (auto& queue : queues_) std::erase(queue, known);
  progress_.wait(lock, [&] { return known->running == 0; });
}

void Workers::notify_frozen(const store::TopicStore& topic, size_t blocks) {
  const std::lock_guard lock(mu_);
  const TopicPtr known = find_locked(topic);
  if (!known) return;
  known->frozen += blocks;
  push_locked(known, kSeal, blocks);
}

bool Workers::is_behind() const {
  const std::lock_guard lock(mu_);
  size_t waiting = 0;
  for (const auto& [store, topic] : topics_) waiting += topic->trouble.text.empty() ? topic->frozen : 0;
  return waiting > thread_count_ * kWaitingBlocksPerThread;
}

Workers::TopicPtr Workers::find_locked(const store::TopicStore& store) const {
  const auto it = topics_.find(&store);
  return it == topics_.end() ? nullptr : it->second;
}

std::vector<Workers::TopicPtr> Workers::all() const {
  const std::lock_guard lock(mu_);
  std::vector<TopicPtr> topics;
  topics.reserve(topics_.size());
  for (const auto& [store, topic] : topics_) topics.push_back(topic);
  return topics;
}

uint64_t Workers::memory_bytes() const {
  uint64_t sum = 0;
  for (const TopicPtr& topic : all()) sum += topic->store->stats().memory_bytes;
  return sum;
}

/// The store itself was asked. False: the topic is in trouble.
bool Workers::correct_frozen(Topic& topic, size_t blocks) {
  const std::lock_guard lock(mu_);
  topic.frozen = blocks;
  return topic.trouble.text.empty();
}

bool Workers::relieve(uint64_t limit_bytes) {
  uint64_t memory = 0;
  uint64_t frozen = 0;
  uint64_t waiting = 0;  // bytes to be sealed, but for topics in trouble
  uint64_t unindexed = 0;
  uint64_t largest_bytes = 0;
  TopicPtr largest;
  const auto topics = all();
  for (const TopicPtr& topic : topics) {
    const store::TopicStats stats = topic->store->stats();
    memory += stats.memory_bytes;
    frozen += stats.frozen_blocks;
    waiting += correct_frozen(*topic, stats.frozen_blocks) ? stats.frozen_bytes : 0;
    unindexed += stats.unindexed_blocks;
    if (stats.memory_bytes > largest_bytes) {
      largest_bytes = stats.memory_bytes;
      largest = topic;
    }
  }
  if (memory <= limit_bytes && waiting <= thread_count_ * kWaitingBytesPerThread) return true;
  if (frozen == 0) {
    bool froze = largest && largest->store->freeze_largest() > 0;
    for (auto it = topics.begin(); !froze && it != topics.end(); ++it) {
      if (((*it)->store->freeze_largest() > 0)) {
        largest = *it;
        froze = true;
      }
    }
    if (!froze && unindexed == 0) return true;
    const std::lock_guard lock(mu_);
    if (froze) {
      push_locked(largest, kSeal);
    } else {
      for (const TopicPtr& topic : topics) {
        if (topic->queued[kFlushIndex] == 0 && Clock::now() >= topic->retry_at) push_locked(topic, kFlushIndex);
      }
    }
  }
  std::unique_lock lock(mu_);
  progress_.wait_for(lock, kProgressWait);
  return false;
}

bool Workers::seal_everything(Clock::time_point deadline) {
  const auto topics = all();
  for (const TopicPtr& topic : topics) topic->store->freeze_all();
  const auto frozen = [&] {
    uint64_t blocks = 0;
    for (const TopicPtr& topic : topics) blocks += topic->store->stats().frozen_blocks;
    return blocks;
  };
  while (frozen() > 0) {
    if (Clock::now() >= deadline) return false;
    std::unique_lock lock(mu_);
    for (const TopicPtr& topic : topics) {
      if (topic->queued[kSeal] < threads_.size() && Clock::now() >= topic->retry_at) push_locked(topic, kSeal);
    }
    progress_.wait_for(lock, kProgressWait);
  }
  return true;
}

Workers::Trouble Workers::trouble(const store::TopicStore& topic) const {
  const std::lock_guard lock(mu_);
  const TopicPtr known = find_locked(topic);
  return known ? known->trouble : Trouble{};
}

void Workers::push_locked(const TopicPtr& topic, Stage stage, size_t times) {
  if (topic->removed) return;
  for (size_t i = 0; i < times; ++i) queues_[stage].push_back(topic);
  topic->queued[stage] += times;
  std::condition_variable& work = stage < kMerge ? work_ : merge_work_;
  if (times == 1) {
    work.notify_one();
  } else if (times > 1) {
    work.notify_all();
  }
}

bool Workers::pop_locked(Task& task, Stage begin, Stage end) {
  for (size_t stage = begin; stage < end; ++stage) {
    auto& queue = queues_[stage];
    if (queue.empty()) continue;
    task = {std::move(queue.front()), static_cast<Stage>(stage)};
    queue.pop_front();
    --task.topic->queued[stage];
    ++task.topic->running;
    return true;
  }
  return false;
}

void Workers::tick_locked(Clock::time_point now) {
  if (now < next_tick_) return;
  next_tick_ = now + kTick;
  for (const auto& [store, topic] : topics_) {
    if (topic->queued[kMaintain] == 0) push_locked(topic, kMaintain);
  }
}

void Workers::run(std::condition_variable& work, Stage begin, Stage end) {
  let_others_go_first();  // searches, and whoever appends
  std::unique_lock lock(mu_);
  while (!stopping_) {
    tick_locked(Clock::now());
    Task task;
    if (!pop_locked(task, begin, end)) {
      work.wait_until(lock, next_tick_, [&] {
        return stopping_ || std::any_of(&queues_[begin], &queues_[0] + end, [](const auto& q) { return !q.empty(); });
      });
      continue;
    }
    lock.unlock();
    perform(task);
    lock.lock();
    --task.topic->running;
    progress_.notify_all();
  }
}

void Workers::perform(const Task& task) {
  store::TopicStore& store = *task.topic->store;
  switch (task.stage) {
    case kSeal: return finish(task, store.seal_next());
    case kIndex: return finish(task, store.index_next(false));
    case kFlushIndex: return finish(task, store.index_next(true));
    case kMerge: return finish(task, store.merge_next());
    case kRewrite: return finish(task, store.rewrite_next());
    case kMaintain: return maintain(task.topic);
    case kStages: break;
  }
}

/// Work that was done may have made more of the same, and of the next stage: a chain ends when there is nothing to do,
/// so a block that another thread held back is taken up by that thread's own chain.
void Workers::finish(const Task& task, const Result<bool>& outcome) {
  const std::lock_guard lock(mu_);
  Topic& topic = *task.topic;
  if (!outcome) return fail_locked(topic, task.stage, outcome.error());
  if (!*outcome) return;
  if (!topic.trouble.text.empty()) log().info("topic {}: it goes on", topic.store->config().name);
  topic.trouble = {};
  topic.pause = milliseconds{0};
  topic.retry_at = {};
  // Rewriting is not urgent: maintain() asks for a step a second, that is about a tenth of a core.
  if (task.stage != kRewrite) push_locked(task.topic, task.stage);
  if (task.stage == kSeal) {
    topic.frozen -= std::min<size_t>(topic.frozen, 1);
    topic.last_sealed = Clock::now();
    if (topic.queued[kIndex] < threads_.size()) push_locked(task.topic, kIndex);
  } else if (task.stage == kIndex || task.stage == kFlushIndex) {
    if (topic.queued[kMerge] == 0) push_locked(task.topic, kMerge);
  }
}

void Workers::fail_locked(Topic& topic, Stage stage, const Error& error) {
  if (topic.removed) return;
  static constexpr std::array<const char*, kStages> kNames{"expiring", "indexing", "sealing",
                                                           "indexing", "merging",  "rewriting"};
  topic.pause = std::clamp(topic.pause * 2, kFirstPause, kLongestPause);
  topic.retry_at = Clock::now() + topic.pause;
  std::string text = std::string(kNames[stage]) + " failed: " + describe(error) + " (retried)";
  if (text != topic.trouble.text) log().warn("topic {}: {}", topic.store->config().name, text);
  topic.trouble = {std::move(text), error.code == ErrorCode::kUnavailable};
}

void Workers::maintain(const TopicPtr& topic) {
  const auto expired = topic->store->expire(topic->store->retention_time());
  const store::TopicStats stats = topic->store->stats();
  const std::lock_guard lock(mu_);
  const auto time = Clock::now();
  if (time < topic->retry_at) return;
  if (!expired) return fail_locked(*topic, kMaintain, expired.error());
  const bool retry = !topic->trouble.text.empty();
  if (stats.frozen_blocks > 0 && topic->queued[kSeal] == 0) push_locked(topic, kSeal);
  if (stats.unindexed_blocks > 0) {
    const Stage stage = time - topic->last_sealed >= kQuiet ? kFlushIndex : kIndex;
    if (topic->queued[stage] == 0) push_locked(topic, stage);
  }
  if (*expired > 0 || retry) push_locked(topic, kMerge);
  if (stats.frozen_blocks == 0 && stats.unindexed_blocks <= kUnindexedToRewrite && topic->queued[kRewrite] == 0) {
    push_locked(topic, kRewrite);
  }
  if (retry && stats.frozen_blocks == 0 && stats.unindexed_blocks == 0) topic->trouble = {};
}

}  // namespace kseek::indexer
