// T-tail: the one consumer, and the one thread that does every operation on it. Batches of messages go to the stores,
// a run of one partition at a time; when the stores hold too much in memory, it waits for the workers. Private to
// indexer/.
//
// The assignment is ours, not a consumer group's: absolute offsets, added and removed partition by partition
// (rd_kafka_incremental_assign, which librdkafka allows as long as nothing is subscribed). A full rd_kafka_assign would
// throw away what is prefetched of every other partition each time a topic is opened.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <unordered_map>
#include <vector>

#include "base/ids.h"
#include "base/result.h"
#include "indexer/fingerprint.h"
#include "indexer/kafka_client.h"
#include "indexer/live_redactor.h"
#include "indexer/rate_limit.h"
#include "indexer/topic_entry.h"
#include "indexer/workers.h"

namespace kseek::indexer {

/// Where to go on in a partition.
struct TailPosition {
  PartitionId partition;
  Offset next;  ///< the first offset to take in
  /// Of the newest message below `next`: it is read once more, and if it is another one, the topic was deleted and
  /// created again.
  std::optional<Fingerprint> fingerprint;
};

struct TailOptions {
  std::string brokers;
  Properties kafka;
  uint64_t memory_limit_bytes = 0;
  std::chrono::milliseconds seal_after{0};
  uint64_t rate_limit = 0;                      ///< raw bytes a second; 0: none
  std::shared_ptr<LiveRedactor> redactor = {};  ///< nullptr: nothing is taken out
};

class Tail {
 public:
  /// `wake_watch` is called from the tail's thread when something needs a look at the brokers. `workers` is borrowed.
  static Result<std::unique_ptr<Tail>> start(const TailOptions& options, Workers& workers,
                                             std::function<void()> wake_watch);
  Tail(const Tail&) = delete;
  Tail& operator=(const Tail&) = delete;
  ~Tail();

  // Each waits until the tail's thread has done it. Any other thread, holding nothing that the tail takes.

  /// Starts taking in messages from these positions; a partition that is assigned already is moved there.
  /// REQUIRES: partitions that the store knows and that exist (librdkafka waits silently for others).
  Result<void> assign(const std::shared_ptr<TopicEntry>& entry, const std::vector<TailPosition>& positions);
  /// Stops, closes the topic's open blocks, and forgets it. No effect on an unknown topic.
  void unassign(const std::shared_ptr<TopicEntry>& entry);

  /// Ends the thread and closes the consumer. assign() fails from now on. The destructor does it too.
  void stop();

 private:
  struct Partition {
    bool assigned = false;
    std::optional<Fingerprint> fingerprint;  ///< still to be compared
  };
  struct Topic {
    std::shared_ptr<TopicEntry> entry;
    std::string cluster;  ///< that its messages are of; empty: not known
    Unreadable unreadable = Unreadable::kAsRulesSay;
    std::unordered_map<int32_t, Partition> partitions;
  };

  Tail(const TailOptions& options, Workers& workers, std::function<void()> wake_watch);
  void introduce(const std::string& topic);
  void run();
  void call(std::function<void()> action);
  void run_actions();
  void take_batch();
  void learn_cluster(size_t count);
  void leave_to_watch(Topic& topic, PartitionId partition);
  size_t take_run(size_t begin, size_t end);
  void take_event(const rd_kafka_message_t& message);
  void append_run(Topic& topic, PartitionId partition, size_t begin, size_t end);
  bool check_fingerprint(Topic& topic, PartitionId partition, const MessageView& message);
  void add_view(const rd_kafka_message_t& message, PartitionId partition, Timestamp ingest);
  void tick();
  void hold_back();
  void hold_rate();
  Result<void> do_assign(const std::shared_ptr<TopicEntry>& entry, const std::vector<TailPosition>& positions);
  void do_unassign(const std::string& name);
  Result<void> remove_partition(const std::string& topic, PartitionId partition);
  Topic* find(const char* topic);
  void close_consumer();

  const TailOptions options_;               // constant after construction
  Workers& workers_;                        // constant after construction
  const std::function<void()> wake_watch_;  // constant after construction

  std::mutex mu_;
  std::condition_variable done_;
  std::deque<std::function<void()>> actions_;  // guarded by mu_
  bool stopping_ = false;                      // guarded by mu_

  // The rest belongs to one thread: the tail's (from start() on).
  std::unique_ptr<Client> client_;
  rd_kafka_queue_t* queue_ = nullptr;
  std::unordered_map<std::string, Topic> topics_;
  std::vector<rd_kafka_message_t*> batch_;
  std::optional<std::string> cluster_ = "";  ///< that the batch is of, empty if it doesn't say; nullopt: who knows
  uint64_t outages_ = 0;                     ///< after which it was asked
  std::vector<MessageView> views_;
  Redactor::Bytes redacted_;                              // scratch: of a run
  std::string headers_;                                   // scratch: encoded headers of a run
  std::vector<std::pair<size_t, size_t>> header_ranges_;  // of each view in headers_: begin, size
  uint64_t memory_estimate_ = 0;
  uint64_t batch_bytes_ = 0;
  RateLimit rate_;
  std::chrono::steady_clock::time_point next_tick_;
  Timestamp last_tick_;  // as the stores' clock said

  std::thread thread_;
};

}  // namespace kseek::indexer
