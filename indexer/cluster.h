// Questions to the brokers: topics, watermarks, offsets by time. A librdkafka instance of its own, so that a slow
// answer never holds up the tail. Private to indexer/.
//
// Every function blocks, about as long as its timeout says; any thread. A broker that is away is kUnavailable or
// kTimeout.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "base/ids.h"
#include "base/result.h"
#include "indexer/fingerprint.h"
#include "indexer/indexer.h"
#include "indexer/kafka_client.h"

namespace kseek::indexer {

struct TopicPartition {
  std::string topic;
  PartitionId partition;
};

struct Watermarks {
  Offset low;   ///< of the oldest message that Kafka has
  Offset high;  ///< one past the newest (the last stable offset when reading committed messages, the default)
};

class Cluster {
 public:
  Cluster(const Cluster&) = delete;
  Cluster& operator=(const Cluster&) = delete;
  ~Cluster();
  static Result<std::unique_ptr<Cluster>> create(const std::string& brokers, const Properties& kafka);

  /// How many partitions each of these topics has; kNotFound for a topic that Kafka doesn't have. An error of the
  /// whole: nothing could be asked.
  Result<std::map<std::string, Result<int32_t>>> partition_counts(const std::vector<std::string>& topics,
                                                                  std::chrono::milliseconds timeout);

  /// As Client's: the id of the cluster whose brokers answered last, and of the one that answers now.
  [[nodiscard]] std::string cluster_id() const { return client_->cluster_id(); }
  Result<std::string> ask_cluster_id(const std::string& topic, std::chrono::milliseconds timeout) {
    return client_->ask_cluster_id(topic, timeout);
  }

  /// One for each, in the same order; an error of its own where only that partition couldn't be asked. An error of the
  /// whole: nothing could be asked. Two requests a broker, however many the partitions.
  Result<std::vector<Result<Watermarks>>> watermarks(const std::vector<TopicPartition>& partitions,
                                                     std::chrono::milliseconds timeout);

  /// Where each partition of the topic ends now. Any error: of the whole.
  Result<std::map<PartitionId, Offset>> ends(const std::string& topic, std::chrono::milliseconds timeout);

  /// The first offset at or after `time` in each partition of 0 … `partitions` - 1; nullopt where there is none. (The
  /// test broker can't look times up: always nullopt there.)
  Result<std::vector<std::optional<Offset>>> offsets_at(const std::string& topic, int32_t partitions, Timestamp time,
                                                        std::chrono::milliseconds timeout);

  struct Place {
    std::string topic;
    PartitionId partition;
    Offset offset;
  };
  /// Reads one message of each partition: the first at or after the offset. nullopt: it couldn't be read in time. For
  /// partitions of topics whose partition_counts() were asked for. REQUIRES: each partition once; one thread at a time.
  std::vector<std::optional<Fingerprint>> read_messages(const std::vector<Place>& places,
                                                        std::chrono::milliseconds timeout);

  /// Notes `next` as the group's committed offsets of the topic, so that Kafka's own tools show the lag. Only sends:
  /// nobody waits for the answer, and a failure (no right to that group) is logged at debug level.
  void commit(const std::string& group, const std::string& topic, const std::map<PartitionId, Offset>& next);

  /// The consumer groups with a member on the topic or an offset committed for it: a row a partition, by group and
  /// partition; lags are left out. Groups that the user may not see are missing.
  Result<std::vector<GroupRow>> groups(const std::string& topic, std::chrono::milliseconds timeout);

  /// Asks for what the brokers say how long they keep these topics. Only sends, one question at a time: the answers
  /// come with a later take_settings(). One thread for both.
  void request_settings(const std::vector<std::string>& topics);
  /// What has been answered since the last call; a topic is missing where it couldn't be asked (no right to).
  std::map<std::string, KafkaTopicSettings> take_settings();

  /// Drops what is kept of a topic that isn't asked about any more.
  void forget(const std::string& topic);

  /// What the connection last failed with; empty if nothing is known.
  [[nodiscard]] std::string last_error();

 private:
  explicit Cluster(std::unique_ptr<Client> client)
      : client_(std::move(client)),
        commits_(rd_kafka_queue_new(client_->get())),
        settings_(rd_kafka_queue_new(client_->get())) {}
  void take_commit_answers();
  Result<PartitionList> offsets(const std::vector<TopicPartition>& partitions, int64_t time,
                                std::chrono::milliseconds timeout);

  struct QueueDeleter {
    void operator()(rd_kafka_queue_t* queue) const { rd_kafka_queue_destroy(queue); }
  };

  std::unique_ptr<Client> client_;                            // constant until the destructor
  std::unique_ptr<rd_kafka_queue_t, QueueDeleter> commits_;   // answers to commit()
  std::unique_ptr<rd_kafka_queue_t, QueueDeleter> settings_;  // answers to request_settings()
  bool settings_asked_ = false;                               // one thread: who asks for them
  std::mutex mu_;
  std::map<std::string, TopicHandle> known_;  // guarded by mu_
};

/// How far each row is behind the partition's end, where that is known.
void add_lags(const store::TopicView& view, std::vector<GroupRow>& rows);

}  // namespace kseek::indexer
