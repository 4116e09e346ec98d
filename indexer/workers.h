// The background threads: they seal, build segments and expire, over any number of topics; one more of them merges,
// and rewrites mostly empty blocks when there is nothing to merge, so that neither waits for the other. Building goes
// before sealing: whoever appends waits for the sealing (is_behind()), so no stage runs away from the next one. Private
// to indexer/ (the indexer and the import use it).
//
// Threading: every function from any thread, unless it says otherwise. A topic whose work fails (disk full) keeps its
// messages findable in memory; the work is tried again with growing pauses, and trouble() says why.
#pragma once

#include <array>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "base/result.h"
#include "store/topic_store.h"

namespace kseek::indexer {

class Workers {
 public:
  /// `threads` 0: one a core. And one that merges.
  explicit Workers(unsigned threads);
  Workers(const Workers&) = delete;
  Workers& operator=(const Workers&) = delete;
  ~Workers();
  /// Ends the threads: the pieces of work in hand are finished, what is queued is not begun.
  void stop();

  /// No effect on a topic that is known already.
  void add(std::shared_ptr<store::TopicStore> topic);
  /// When it returns, no thread works on the topic any more.
  void remove(const store::TopicStore& topic);

  /// So many blocks of the topic became full.
  void notify_frozen(const store::TopicStore& topic, size_t blocks);

  /// True while more blocks wait to be sealed than keep the threads busy, but for topics in trouble: more of them would
  /// only lengthen the searches, which scan what is not sealed. Cheap, and an estimate: relieve() looks at their sizes.
  [[nodiscard]] bool is_behind() const;
  /// One step of not being behind, and of keeping all topics together under `limit_bytes`: true when both hold, or when
  /// nothing more can be done about it. False: asked for work to be done and waited a little for some of it; call
  /// again. REQUIRES: the appending thread of all topics (it closes the largest open block).
  [[nodiscard]] bool relieve(uint64_t limit_bytes);
  /// Bytes that all topics hold in memory.
  [[nodiscard]] uint64_t memory_bytes() const;

  /// Seals everything in memory. False: not done by `deadline`. REQUIRES: nobody appends.
  [[nodiscard]] bool seal_everything(std::chrono::steady_clock::time_point deadline);

  /// Why the topic's work fails now.
  struct Trouble {
    std::string text;     ///< empty: it doesn't
    bool stalls = false;  ///< the disk takes nothing: it goes on by itself when it does
  };
  [[nodiscard]] Trouble trouble(const store::TopicStore& topic) const;

 private:
  enum Stage : uint8_t { kMaintain, kIndex, kSeal, kFlushIndex, kMerge, kRewrite, kStages };  // the first ones go first
  using Clock = std::chrono::steady_clock;

  struct Topic {
    std::shared_ptr<store::TopicStore> store;
    std::array<size_t, kStages> queued{};  ///< tasks in the queues
    size_t running = 0;
    size_t frozen = 0;  ///< blocks that wait to be sealed; an estimate: others may seal too
    bool removed = false;
    Trouble trouble;
    std::chrono::milliseconds pause{0};  ///< before the next try after a failure
    Clock::time_point retry_at{};
    Clock::time_point last_sealed{};
  };
  using TopicPtr = std::shared_ptr<Topic>;
  struct Task {
    TopicPtr topic;
    Stage stage = kSeal;
  };

  void run(std::condition_variable& work, Stage begin, Stage end);
  void tick_locked(Clock::time_point now);
  void push_locked(const TopicPtr& topic, Stage stage, size_t times = 1);
  bool pop_locked(Task& task, Stage begin, Stage end);
  void perform(const Task& task);
  void maintain(const TopicPtr& topic);
  void finish(const Task& task, const Result<bool>& outcome);
  void fail_locked(Topic& topic, Stage stage, const Error& error);
  bool correct_frozen(Topic& topic, size_t blocks);
  [[nodiscard]] TopicPtr find_locked(const store::TopicStore& store) const;
  [[nodiscard]] std::vector<TopicPtr> all() const;

  mutable std::mutex mu_;
  std::condition_variable work_;        // there are tasks but for merging, or it is time to stop
  std::condition_variable merge_work_;  // there is something to merge or to rewrite, or it is time to stop
  std::condition_variable progress_;    // a task was finished
  std::map<const store::TopicStore*, TopicPtr> topics_;  // guarded by mu_; so are the Topics' fields but `store`
  std::array<std::deque<TopicPtr>, kStages> queues_;     // guarded by mu_
  Clock::time_point next_tick_;                          // guarded by mu_
  bool stopping_ = false;                                // guarded by mu_
  size_t thread_count_ = 0;                              // constant after construction
  std::vector<std::thread> threads_;                     // the owner's: constant until stop()
};

}  // namespace kseek::indexer
