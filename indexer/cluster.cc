#include "indexer/cluster.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "base/bytes.h"
#include "indexer/log.h"

namespace kseek::indexer {
namespace {

using std::chrono::milliseconds;

// Kafka's ListOffsets request takes these in place of a time.
constexpr int64_t kEarliestTime = -2;
constexpr int64_t kLatestTime = -1;
constexpr milliseconds kCloseWait{5'000};
constexpr int kSettingsTimeoutMs = 5'000;
constexpr int kCommitTimeoutMs = 2'000;  // also how long destroying the instance may wait for one under way

int to_ms(milliseconds timeout) { return static_cast<int>(timeout.count()); }

std::string name_of(const TopicPartition& partition) {
  return fmt::format("topic \"{}\", partition {}", partition.topic, partition.partition.value);
}

}  // namespace

Result<std::unique_ptr<Cluster>> Cluster::create(const std::string& brokers, const Properties& kafka) {
  const Properties defaults{{"client.id", "kseek-watch"},
                            {"reconnect.backoff.max.ms", "1000"},
                            // For read_messages(): one message is enough, and it is waited for.
                            {"fetch.wait.max.ms", "10"},
                            {"fetch.message.max.bytes", std::to_string(16_KiB)},
                            {"receive.message.max.bytes", kReceiveMaxBytes},
                            {"queued.min.messages", "1"},
                            {"queued.max.messages.kbytes", "1024"},
                            {"auto.offset.reset", "error"},
                            {"socket.keepalive.enable", "true"},
                            {"log.connection.close", "false"}};
  // A group would make closing wait for it; it is not needed to ask questions.
  Properties user = kafka;
  user.erase("group.id");
  user.erase("group.instance.id");
  KSEEK_ASSIGN(auto client, Client::create(RD_KAFKA_CONSUMER, brokers, defaults, {}, user));
  return std::unique_ptr<Cluster>(new Cluster(std::move(client)));
}

Cluster::~Cluster() {
  known_.clear();
  commits_.reset();
  settings_.reset();
  close_bounded(std::move(client_), kCloseWait);
}

Result<std::map<std::string, Result<int32_t>>> Cluster::partition_counts(const std::vector<std::string>& topics,
                                                                         milliseconds timeout) {
  std::map<std::string, Result<int32_t>> counts;
  if (topics.empty()) return counts;
  rd_kafka_topic_t* only = nullptr;
  {
    // "Locally known topics" is librdkafka's way to ask for some: those that there is a handle of.
    const std::lock_guard lock(mu_);
    for (const std::string& topic : topics) {
      auto& handle = known_[topic];
      if (!handle) handle.reset(rd_kafka_topic_new(client_->get(), topic.c_str(), nullptr));
      if (topics.size() == 1) only = handle.get();
      counts.emplace(topic, Error{ErrorCode::kUnavailable,
                                  fmt::format("topic \"{}\": the broker said nothing about it", topic), ""});
    }
  }
  const rd_kafka_metadata_t* raw = nullptr;
  const auto err = rd_kafka_metadata(client_->get(), 0, only, &raw, to_ms(timeout));
  rd_kafka_poll(client_->get(), 0);
  if (err != RD_KAFKA_RESP_ERR_NO_ERROR) return kafka_error(err, "asking the brokers for their topics");
  const Metadata metadata(raw);
  for (int i = 0; i < metadata->topic_cnt; ++i) {
    const auto& topic = metadata->topics[i];
    const auto it = counts.find(topic.topic);
    if (it == counts.end()) continue;
    if (topic.err != RD_KAFKA_RESP_ERR_NO_ERROR) {
      it->second = kafka_error(topic.err, fmt::format("topic \"{}\"", topic.topic));
    } else if (topic.partition_cnt > 0) {
      it->second = topic.partition_cnt;
    }
  }
  return counts;
}

Result<PartitionList> Cluster::offsets(const std::vector<TopicPartition>& partitions, int64_t time,
                                       milliseconds timeout) {
  PartitionList list = make_partition_list(partitions.size());
  for (const TopicPartition& partition : partitions) {
    rd_kafka_topic_partition_list_add(list.get(), partition.topic.c_str(), partition.partition.value)->offset = time;
  }
  const auto err = rd_kafka_offsets_for_times(client_->get(), list.get(), to_ms(timeout));
  rd_kafka_poll(client_->get(), 0);
  if (err != RD_KAFKA_RESP_ERR_NO_ERROR) return kafka_error(err, "asking the brokers for offsets");
  return list;
}

Result<std::vector<Result<Watermarks>>> Cluster::watermarks(const std::vector<TopicPartition>& partitions,
                                                            milliseconds timeout) {
  std::vector<Result<Watermarks>> found;
  if (partitions.empty()) return found;
  KSEEK_ASSIGN(const PartitionList low, offsets(partitions, kEarliestTime, timeout));
  KSEEK_ASSIGN(const PartitionList high, offsets(partitions, kLatestTime, timeout));
  found.reserve(partitions.size());
  for (size_t i = 0; i < partitions.size(); ++i) {
    const TopicPartition& partition = partitions[i];
    const auto* first = &low->elems[i];  // librdkafka fills the answers into our list
    const auto* last = &high->elems[i];
    const auto err = first->err != RD_KAFKA_RESP_ERR_NO_ERROR ? first->err : last->err;
    if (err != RD_KAFKA_RESP_ERR_NO_ERROR) {
      found.emplace_back(kafka_error(err, name_of(partition)));
    } else if (first->offset < 0 || last->offset < 0) {
      found.emplace_back(
          Error{ErrorCode::kUnavailable, name_of(partition) + ": the broker doesn't know its offsets now", ""});
    } else {
      found.emplace_back(Watermarks{Offset{first->offset}, Offset{last->offset}});
    }
  }
  return found;
}

Result<std::map<PartitionId, Offset>> Cluster::ends(const std::string& topic, milliseconds timeout) {
  KSEEK_ASSIGN(const auto counts, partition_counts({topic}, timeout));
  KSEEK_ASSIGN(const int32_t count, Result<int32_t>(counts.at(topic)));
  std::vector<TopicPartition> partitions;
  partitions.reserve(static_cast<size_t>(count));
  for (int32_t p = 0; p < count; ++p) partitions.push_back({topic, PartitionId{p}});
  KSEEK_ASSIGN(const auto marks, watermarks(partitions, timeout));
  std::map<PartitionId, Offset> ends;
  for (int32_t p = 0; p < count; ++p) {
    const auto& mark = marks[static_cast<size_t>(p)];
    if (!mark) return mark.error();
    ends[PartitionId{p}] = mark->high;
  }
  return ends;
}

Result<std::vector<std::optional<Offset>>> Cluster::offsets_at(const std::string& topic, int32_t partitions,
                                                               Timestamp time, milliseconds timeout) {
  std::vector<TopicPartition> wanted;
  wanted.reserve(static_cast<size_t>(std::max(partitions, 0)));
  for (int32_t p = 0; p < partitions; ++p) wanted.push_back({topic, PartitionId{p}});
  KSEEK_ASSIGN(const PartitionList list, offsets(wanted, std::max<int64_t>(time.ms, 0), timeout));
  std::vector<std::optional<Offset>> found(wanted.size());
  for (int i = 0; i < list->cnt; ++i) {
    const auto& element = list->elems[i];
    if (element.err != RD_KAFKA_RESP_ERR_NO_ERROR) {
      return kafka_error(element.err, name_of({topic, PartitionId{element.partition}}));
    }
    if (element.offset >= 0) found[static_cast<size_t>(element.partition)] = Offset{element.offset};
  }
  return found;
}

std::vector<std::optional<Fingerprint>> Cluster::read_messages(const std::vector<Place>& places, milliseconds timeout) {
  const auto deadline = std::chrono::steady_clock::now() + timeout;
  std::vector<std::optional<Fingerprint>> found(places.size());
  const std::unique_ptr<rd_kafka_queue_t, QueueDeleter> queue(rd_kafka_queue_new(client_->get()));
  std::map<std::pair<std::string, int32_t>, size_t> started;
  std::vector<TopicHandle> handles(places.size());
  for (size_t i = 0; i < places.size(); ++i) {
    const auto& [topic, partition, offset] = places[i];
    handles[i].reset(rd_kafka_topic_new(client_->get(), topic.c_str(), nullptr));
    if (handles[i] && rd_kafka_consume_start_queue(handles[i].get(), partition.value, offset.value, queue.get()) == 0) {
      started.emplace(std::pair(topic, partition.value), i);
    }
  }
  size_t open = started.size();
  while (open > 0) {
    const auto left = std::chrono::duration_cast<milliseconds>(deadline - std::chrono::steady_clock::now());
    if (left.count() <= 0) break;
    rd_kafka_message_t* message = rd_kafka_consume_queue(queue.get(), to_ms(left));
    if (message == nullptr) break;
    const auto it =
        message->rkt == nullptr
            ? started.end()
            : started.find(std::pair<std::string, int32_t>(rd_kafka_topic_name(message->rkt), message->partition));
    if (it != started.end() && message->err == RD_KAFKA_RESP_ERR_NO_ERROR && !found[it->second]) {
      found[it->second] =
          Fingerprint::of(Offset{message->offset}, Timestamp{rd_kafka_message_timestamp(message, nullptr)},
                          bytes_of(message->key, message->key_len), bytes_of(message->payload, message->len));
      --open;
    }
    rd_kafka_message_destroy(message);
  }
  for (const auto& [place, i] : started) rd_kafka_consume_stop(handles[i].get(), place.second);
  return found;
}

void Cluster::take_commit_answers() {
  while (rd_kafka_event_t* event = rd_kafka_queue_poll(commits_.get(), 0)) {
    if (rd_kafka_event_error(event) != RD_KAFKA_RESP_ERR_NO_ERROR) {
      log().debug("committing offsets: {}", rd_kafka_event_error_string(event));
    }
    rd_kafka_event_destroy(event);
  }
}

void Cluster::commit(const std::string& group, const std::string& topic, const std::map<PartitionId, Offset>& next) {
  take_commit_answers();
  if (next.empty()) return;
  const PartitionList list = make_partition_list(next.size());
  for (const auto& [partition, offset] : next) {
    rd_kafka_topic_partition_list_add(list.get(), topic.c_str(), partition.value)->offset = offset.value;
  }
  rd_kafka_AlterConsumerGroupOffsets_t* request = rd_kafka_AlterConsumerGroupOffsets_new(group.c_str(), list.get());
  rd_kafka_AdminOptions_t* options =
      rd_kafka_AdminOptions_new(client_->get(), RD_KAFKA_ADMIN_OP_ALTERCONSUMERGROUPOFFSETS);
  char why[256];
  rd_kafka_AdminOptions_set_request_timeout(options, kCommitTimeoutMs, why, sizeof(why));
  rd_kafka_AlterConsumerGroupOffsets(client_->get(), &request, 1, options, commits_.get());
  rd_kafka_AdminOptions_destroy(options);
  rd_kafka_AlterConsumerGroupOffsets_destroy(request);
}

void Cluster::request_settings(const std::vector<std::string>& topics) {
  if (settings_asked_ || topics.empty()) return;
  settings_asked_ = true;
  std::vector<rd_kafka_ConfigResource_t*> resources;
  resources.reserve(topics.size());
  for (const std::string& topic : topics) {
    resources.push_back(rd_kafka_ConfigResource_new(RD_KAFKA_RESOURCE_TOPIC, topic.c_str()));
  }
  rd_kafka_AdminOptions_t* options = rd_kafka_AdminOptions_new(client_->get(), RD_KAFKA_ADMIN_OP_DESCRIBECONFIGS);
  char why[256];
  rd_kafka_AdminOptions_set_request_timeout(options, kSettingsTimeoutMs, why, sizeof(why));
  rd_kafka_DescribeConfigs(client_->get(), resources.data(), resources.size(), options, settings_.get());
  rd_kafka_AdminOptions_destroy(options);
  rd_kafka_ConfigResource_destroy_array(resources.data(), resources.size());
}

namespace {

KafkaTopicSettings settings_of(const rd_kafka_ConfigResource_t& resource) {
  KafkaTopicSettings settings;
  size_t count = 0;
  const rd_kafka_ConfigEntry_t** entries = rd_kafka_ConfigResource_configs(&resource, &count);
  for (size_t i = 0; i < count; ++i) {
    const char* raw = rd_kafka_ConfigEntry_value(entries[i]);
    if (raw == nullptr) continue;
    const std::string_view name = rd_kafka_ConfigEntry_name(entries[i]);
    const std::string_view value = raw;
    if (name == "retention.ms") std::from_chars(value.data(), value.data() + value.size(), settings.retention_ms);
    if (name == "retention.bytes") std::from_chars(value.data(), value.data() + value.size(), settings.retention_bytes);
    if (name == "cleanup.policy") settings.cleanup_policy = value;
  }
  return settings;
}

}  // namespace

std::map<std::string, KafkaTopicSettings> Cluster::take_settings() {
  std::map<std::string, KafkaTopicSettings> answers;
  while (rd_kafka_event_t* event = rd_kafka_queue_poll(settings_.get(), 0)) {
    settings_asked_ = false;
    const auto* result = rd_kafka_event_DescribeConfigs_result(event);
    size_t count = 0;
    const auto* resources = result == nullptr ? nullptr : rd_kafka_DescribeConfigs_result_resources(result, &count);
    if (rd_kafka_event_error(event) != RD_KAFKA_RESP_ERR_NO_ERROR) {
      log().debug("asking for the topics' settings: {}", rd_kafka_event_error_string(event));
    }
    for (size_t i = 0; i < count; ++i) {
      const char* name = rd_kafka_ConfigResource_name(resources[i]);
      if (rd_kafka_ConfigResource_error(resources[i]) == RD_KAFKA_RESP_ERR_NO_ERROR) {
        answers[name] = settings_of(*resources[i]);
      } else {
        log().debug("the settings of topic {}: {}", name, rd_kafka_ConfigResource_error_string(resources[i]));
      }
    }
    rd_kafka_event_destroy(event);
  }
  return answers;
}

void Cluster::forget(const std::string& topic) {
  const std::lock_guard lock(mu_);
  known_.erase(topic);
}

std::string Cluster::last_error() {
  rd_kafka_poll(client_->get(), 0);
  return client_->diagnostics().last_error();
}

}  // namespace kseek::indexer
