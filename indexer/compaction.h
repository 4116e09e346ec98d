// T-compact: what Kafka has compacted away goes from the stores. Kafka says nowhere which offsets it removed, so the
// retained range of a compacted topic's partitions is read again, in turn, slowly, by a consumer of its own (made for
// the first such topic): what isn't there any more is taken out. Private to indexer/.
//
// Only topics that follow Kafka: with a retention of their own they keep what Kafka drops. The newest segment of a
// partition is never cleaned by Kafka; gaps of transactions are of no account, nothing was taken in there.
#pragma once

#include <chrono>
#include <condition_variable>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "base/result.h"
#include "indexer/kafka_client.h"
#include "indexer/topic_registry.h"

namespace kseek::indexer {

struct CompactionOptions {
  std::string brokers;
  Properties kafka;
  /// From the end of one reading of a topic to the next, or nine times as long as the reading took, if that is longer.
  std::chrono::milliseconds interval{0};
  uint64_t bytes_per_second = 0;  ///< of keys and values, all topics together
};

class Compaction {
 public:
  /// `topics` is borrowed and must outlive it. Starts the thread.
  Compaction(CompactionOptions options, TopicRegistry& topics);
  Compaction(const Compaction&) = delete;
  Compaction& operator=(const Compaction&) = delete;
  ~Compaction();
  /// Ends the thread, in a moment.
  void stop();

 private:
  using Clock = std::chrono::steady_clock;
  struct Reading;

  void run();
  bool wait(std::chrono::milliseconds time);
  [[nodiscard]] bool stopping() const;
  bool connect();
  void read_topic(TopicEntry& entry);
  Result<void> read_partition(TopicEntry& entry, PartitionId partition, Offset from, Offset end);
  Result<bool> take_batch(Reading& reading);
  Result<void> hand_over(Reading& reading, Offset end);
  bool slow_down(uint64_t bytes);

  const CompactionOptions options_;  // constant after construction
  TopicRegistry& topics_;
  mutable std::mutex mu_;
  std::condition_variable wake_;
  bool stopping_ = false;  // guarded by mu_

  // One thread: its own.
  std::unique_ptr<Client> client_;
  std::map<std::string, Clock::time_point> due_;
  Clock::time_point paid_until_{};  ///< at the allowed rate, what was read would have taken until then

  std::thread thread_;
};

}  // namespace kseek::indexer
