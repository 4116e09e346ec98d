// T-watch: asks the brokers, in rounds, for the opened topics' partitions and watermarks; starts what can be started;
// notices deleted topics. While no broker answers, nobody knows where the topics end: their ends are forgotten, so that
// answers are marked incomplete, and their states say why. Private to indexer/.
#pragma once

#include <chrono>
#include <condition_variable>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "indexer/cluster.h"
#include "indexer/resolver.h"
#include "indexer/tail.h"
#include "indexer/topic_registry.h"

namespace kseek::indexer {

struct WatchOptions {
  std::string brokers;
  std::chrono::milliseconds watermark_interval{0};
  std::chrono::milliseconds metadata_interval{0};
  std::chrono::milliseconds commit_interval{5'000};
  bool commits = true;  ///< notes what is sealed as the group's committed offsets
  /// Makes the topic's store anew and puts another entry in this one's place; false: not now. Called from the watch's
  /// thread.
  std::function<bool(const std::shared_ptr<TopicEntry>&)> recreate;
};

class Watch {
 public:
  /// Everything is borrowed and must outlive the watch. Starts the thread.
  Watch(const WatchOptions& options, TopicRegistry& topics, Cluster& cluster, Tail& tail);
  Watch(const Watch&) = delete;
  Watch& operator=(const Watch&) = delete;
  ~Watch();

  /// Makes it look at everything now. Any thread; never blocks.
  void wake();
  /// Ends the thread: waits for the question in hand, a few seconds at most.
  void stop();

  /// Why topics wait for a broker; empty: one answered the last time.
  [[nodiscard]] std::string broker_trouble() const;

 private:
  using Clock = std::chrono::steady_clock;
  using Entries = std::vector<std::shared_ptr<TopicEntry>>;
  /// What it remembers of a topic from round to round.
  struct Memory {
    std::optional<int32_t> partitions;
    int missing_rounds = 0;
    bool foreign = false;            ///< another cluster than the messages' answered the last time
    Clock::time_point skip_until{};  ///< its watermarks can't be asked: not together with the others
    std::map<PartitionId, Offset> committed;
  };

  void run();
  void round();
  [[nodiscard]] Entries entries() const;
  bool ask_layout(const Entries& entries);
  [[nodiscard]] Result<void> note_cluster(TopicEntry& entry);
  bool is_of_cluster(const std::shared_ptr<TopicEntry>& entry, const std::string& cluster);
  bool may_be_recreated(const std::shared_ptr<TopicEntry>& entry);
  [[nodiscard]] Result<std::set<const TopicEntry*>> foreign_among(const Entries& entries);
  void note_missing(TopicEntry& entry, Memory& memory, const Error& error);
  void start_topics(const Entries& entries);
  void ask_watermarks(const Entries& entries);
  bool ask_watermarks_of(const Entries& entries, Error& error);
  void note_watermarks(TopicEntry& entry, const store::PartitionView& known, const Watermarks& marks, uint64_t version);
  void broker_is_down(const Entries& entries, const Error& error);
  void broker_is_up(const Entries& entries);
  void commit_offsets(const Entries& entries);
  void confirm_topics(const Entries& entries);
  void drop_failed(const Entries& entries);
  void recreate_topics(const Entries& entries);
  void note_found(const std::shared_ptr<TopicEntry>& entry);
  void ask_settings(const Entries& entries);

  static constexpr std::chrono::milliseconds kAskCluster{3'000};

  const WatchOptions options_;  // constant after construction
  TopicRegistry& topics_;
  Cluster& cluster_;
  Tail& tail_;
  Resolver resolver_;

  mutable std::mutex mu_;
  std::condition_variable woken_;
  bool stopping_ = false;       // guarded by mu_
  bool wake_ = false;           // guarded by mu_
  std::string broker_trouble_;  // guarded by mu_

  // One thread: the watch's.
  std::map<std::string, Memory> memory_;
  Clock::time_point next_layout_{};
  Clock::time_point next_commit_{};
  Clock::time_point next_settings_{};
  std::pair<std::string, PartitionId> confirmed_last_;  // where confirm_topics() stopped for want of time
  std::optional<Timestamp> down_since_;

  std::thread thread_;
};

}  // namespace kseek::indexer
