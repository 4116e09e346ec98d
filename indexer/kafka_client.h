// librdkafka's handles with owners, configuration from properties, its errors as ours. Private to indexer/: the only
// header of kseek that names librdkafka's types.
#pragma once

#include <librdkafka/rdkafka.h>

#include <atomic>
#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"

namespace kseek::indexer {

using Properties = std::map<std::string, std::string>;

/// What exactness depends on, of every consumer whose messages are kept: nobody can set these otherwise.
[[nodiscard]] const Properties& fixed_properties();

/// Of an answer of a broker: as large as Kafka's largest message can make it. (With librdkafka's 100 MB a larger one,
/// or one that unpacks to more, would be asked for again and again.) What is over kseek's own limit is a dead letter.
inline constexpr const char* kReceiveMaxBytes = "2147483647";

struct TopicListDeleter {
  void operator()(rd_kafka_topic_partition_list_t* list) const { rd_kafka_topic_partition_list_destroy(list); }
};
using PartitionList = std::unique_ptr<rd_kafka_topic_partition_list_t, TopicListDeleter>;
[[nodiscard]] PartitionList make_partition_list(size_t capacity);

struct MetadataDeleter {
  void operator()(const rd_kafka_metadata_t* metadata) const { rd_kafka_metadata_destroy(metadata); }
};
using Metadata = std::unique_ptr<const rd_kafka_metadata_t, MetadataDeleter>;

struct TopicHandleDeleter {
  void operator()(rd_kafka_topic_t* topic) const { rd_kafka_topic_destroy(topic); }
};
using TopicHandle = std::unique_ptr<rd_kafka_topic_t, TopicHandleDeleter>;

struct ErrorDeleter {
  void operator()(rd_kafka_error_t* error) const { rd_kafka_error_destroy(error); }
};
using KafkaError = std::unique_ptr<rd_kafka_error_t, ErrorDeleter>;

/// What librdkafka last complained about on its own accord (connections, authentication). Any thread.
class Diagnostics {
 public:
  void set_last_error(std::string text);
  [[nodiscard]] std::string last_error() const;
  void count_outage() { ++outages_; }
  /// How often all brokers were away at once.
  [[nodiscard]] uint64_t outages() const { return outages_; }

 private:
  mutable std::mutex mu_;
  std::string last_error_;  // guarded by mu_
  std::atomic<uint64_t> outages_{0};
};

/// One librdkafka instance. The instance is any thread's; who may destroy it is the owner's matter.
class Client {
 public:
  /// `defaults` are ours and `user` overrides them, except for `fixed`, which exactness depends on: a user's value for
  /// one of those, an unknown property or a bad value is kInvalid and names the property (never its value).
  static Result<std::unique_ptr<Client>> create(
      rd_kafka_type_t type, const std::string& brokers, const Properties& defaults, const Properties& fixed,
      const Properties& user, void (*on_delivery)(rd_kafka_t*, const rd_kafka_message_t*, void*) = nullptr);
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;
  ~Client();

  [[nodiscard]] rd_kafka_t* get() const { return handle_; }
  [[nodiscard]] Diagnostics& diagnostics() { return diagnostics_; }

  /// The id of the cluster whose brokers answered last; empty: none has said it. Never blocks.
  [[nodiscard]] std::string cluster_id() const;
  /// The id of the cluster that answers now (the question is about `topic`, whether it has it or not); empty: brokers
  /// that don't say it. kUnavailable, kTimeout: nobody answers.
  [[nodiscard]] Result<std::string> ask_cluster_id(const std::string& topic, std::chrono::milliseconds timeout) const;

 private:
  Client() = default;
  rd_kafka_t* handle_ = nullptr;  // constant after create()
  Diagnostics diagnostics_;       // librdkafka's callbacks write it
};

/// Destroys a consumer that nothing of which is in use. librdkafka 2.0.2 can hang in that after a topic was deleted:
/// then, after `wait`, the instance and a thread are left behind.
void close_bounded(std::unique_ptr<Client> client, std::chrono::milliseconds wait);

/// A null key or value is nullopt. The view lives as long as the message.
[[nodiscard]] inline std::optional<std::string_view> bytes_of(const void* data, size_t size) {
  if (data == nullptr) return std::nullopt;
  return std::string_view(static_cast<const char*>(data), size);
}

/// `what` names the thing ("topic 'orders'"); the code says what can be done about it.
[[nodiscard]] Error kafka_error(rd_kafka_resp_err_t err, std::string_view what);
/// True if messages of the one cluster are not to be mixed with the other's: both ids are known, and differ.
[[nodiscard]] inline bool other_cluster(std::string_view one, std::string_view other) {
  return !one.empty() && !other.empty() && one != other;
}
/// True for what goes away by itself: no connection, time-outs, leader elections.
[[nodiscard]] bool is_transient(rd_kafka_resp_err_t err);

}  // namespace kseek::indexer
