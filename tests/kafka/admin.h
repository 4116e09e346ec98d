// What an operator and other people's producers do to a Kafka: topics made, changed, cut and deleted; transactions.
// Every call waits until the broker has done it. One thread.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/result.h"
#include "indexer/kafka_client.h"
#include "indexer/producer.h"

namespace kseek::kafka_test {

using Settings = std::map<std::string, std::string>;

class Admin {
 public:
  [[nodiscard]] static Result<std::unique_ptr<Admin>> connect(const std::string& brokers, const Settings& kafka = {});

  /// Returns when each partition has a leader.
  [[nodiscard]] Result<void> create_topic(const std::string& topic, int partitions, const Settings& settings = {});
  [[nodiscard]] Result<void> delete_topic(const std::string& topic);
  [[nodiscard]] Result<void> grow_topic(const std::string& topic, int partitions);
  /// Kafka has nothing below `before` afterwards.
  [[nodiscard]] Result<void> delete_records(const std::string& topic, int partition, int64_t before);
  /// Replaces all of the topic's own settings.
  [[nodiscard]] Result<void> configure_topic(const std::string& topic, const Settings& settings);

  struct Watermarks {
    int64_t low = -1;
    int64_t high = -1;  ///< the high watermark, whatever transactions are open
  };
  /// -1: can't be asked.
  [[nodiscard]] Watermarks watermarks(const std::string& topic, int partition);
  /// The offsets of all messages that the partition has, as another consumer reads them (committed or not).
  [[nodiscard]] std::vector<int64_t> read_all(const std::string& topic, int partition);
  /// What the group has committed; -1: nothing.
  [[nodiscard]] int64_t committed(const std::string& group, const std::string& topic, int partition);

 private:
  explicit Admin(std::unique_ptr<indexer::Client> client) : client_(std::move(client)) {}
  Result<void> wait_for(const std::string& topic, int partitions);
  std::unique_ptr<indexer::Client> client_;
};

/// A transactional producer. One thread.
class TransactionalProducer {
 public:
  [[nodiscard]] static Result<std::unique_ptr<TransactionalProducer>> create(const std::string& brokers,
                                                                             const std::string& id);
  [[nodiscard]] Result<void> begin();
  /// Flushed: when it returns the broker has them, decided or not.
  [[nodiscard]] Result<void> send(const std::string& topic, int partition, const std::vector<std::string>& values);
  [[nodiscard]] Result<void> commit();
  [[nodiscard]] Result<void> abort();

 private:
  explicit TransactionalProducer(std::unique_ptr<indexer::Client> client) : client_(std::move(client)) {}
  std::unique_ptr<indexer::Client> client_;
};

}  // namespace kseek::kafka_test
