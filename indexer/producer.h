// Sends messages to Kafka: test messages, and the demo's traffic.
#pragma once

#include <chrono>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/ids.h"
#include "base/result.h"

namespace kseek::indexer {

struct OutgoingMessage {
  std::string topic;
  std::optional<PartitionId> partition;  ///< nullopt: by the key's hash, as Kafka's own clients do
  std::optional<std::string> key;
  std::optional<std::string> value;
  std::vector<std::pair<std::string, std::optional<std::string>>> headers;
  std::optional<Timestamp> timestamp;
};

struct Delivered {
  PartitionId partition;
  Offset offset;
};

/// Any thread. One librdkafka producer.
class Producer {
 public:
  [[nodiscard]] static Result<std::unique_ptr<Producer>> create(const std::string& brokers,
                                                                const std::map<std::string, std::string>& kafka);
  virtual ~Producer() = default;

  /// Waits for the broker's acknowledgement. kUnavailable, kTimeout, kTooLarge, kNotFound (no such topic or partition).
  [[nodiscard]] virtual Result<Delivered> send(const OutgoingMessage& message, std::chrono::milliseconds timeout) = 0;
  /// Queues; blocks while the queue is full. Failures are counted and reported by flush().
  [[nodiscard]] virtual Result<void> enqueue(const OutgoingMessage& message) = 0;
  [[nodiscard]] virtual Result<void> flush(std::chrono::milliseconds timeout) = 0;
};

}  // namespace kseek::indexer
