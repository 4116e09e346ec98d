#include "indexer/probe.h"

#include <fmt/format.h>

#include <algorithm>

#include "indexer/cluster.h"
#include "indexer/kafka_client.h"
#include "indexer/test_broker.h"

namespace kseek::indexer {
namespace {

using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;

constexpr int kTurnMs = 100;
constexpr milliseconds kCloseWait{5'000};
constexpr milliseconds kSettingsWait{1'500};

const Properties& defaults() {
  static const Properties kDefaults{
      {"client.id", "kseek-doctor"},        {"group.id", "kseek"},  // assign() wants one; nothing is committed
      {"fetch.message.max.bytes", "16384"}, {"queued.min.messages", "1"},
      {"fetch.wait.max.ms", "10"},          {"reconnect.backoff.max.ms", "1000"},
      {"log.connection.close", "false"}};
  return kDefaults;
}

int to_ms(milliseconds span) { return static_cast<int>(span.count()); }

/// What asking brokers for something failed with, and what the connections say.
Error unreachable(Client& client, rd_kafka_resp_err_t err, const std::string& brokers) {
  rd_kafka_poll(client.get(), 0);
  Error error = kafka_error(err, fmt::format("no answer from Kafka at {}", brokers));
  const std::string why = client.diagnostics().last_error();
  if (!why.empty()) error.message += ": " + why;
  return error;
}

Result<ProbedCluster> find_brokers(Client& client, const std::string& brokers, milliseconds timeout) {
  const rd_kafka_metadata_t* raw = nullptr;
  const auto err = rd_kafka_metadata(client.get(), 0, nullptr, &raw, to_ms(timeout));
  if (err != RD_KAFKA_RESP_ERR_NO_ERROR) return unreachable(client, err, brokers);
  const Metadata metadata(raw);
  ProbedCluster cluster;
  for (int i = 0; i < metadata->broker_cnt; ++i) {
    const auto& broker = metadata->brokers[i];
    cluster.brokers.push_back({broker.id, broker.host, broker.port});
  }
  char* id = rd_kafka_clusterid(client.get(), to_ms(timeout));
  if (id != nullptr) {
    cluster.id = id;
    rd_kafka_mem_free(client.get(), id);
  }
  return cluster;
}

using Values = std::map<std::string, std::string>;
using Configs = std::map<std::string, Result<Values>>;

Values values_of(const rd_kafka_ConfigResource_t& resource) {
  Values values;
  size_t count = 0;
  const auto* entries = rd_kafka_ConfigResource_configs(&resource, &count);
  for (size_t i = 0; i < count; ++i) {
    const char* value = rd_kafka_ConfigEntry_value(entries[i]);
    if (value != nullptr) values[rd_kafka_ConfigEntry_name(entries[i])] = value;
  }
  return values;
}

/// What an answer says of each that was asked for.
void note_answer(rd_kafka_event_t* event, Configs& configs) {
  const auto refused = rd_kafka_event_error(event);
  for (auto& [name, values] : configs) {
    if (refused != RD_KAFKA_RESP_ERR_NO_ERROR) values = kafka_error(refused, "asking for settings");
  }
  size_t count = 0;
  const auto* result = rd_kafka_event_DescribeConfigs_result(event);
  const auto* resources = result == nullptr ? nullptr : rd_kafka_DescribeConfigs_result_resources(result, &count);
  for (size_t i = 0; i < count; ++i) {
    const auto err = rd_kafka_ConfigResource_error(resources[i]);
    auto& values = configs.insert_or_assign(rd_kafka_ConfigResource_name(resources[i]), Values{}).first->second;
    if (err == RD_KAFKA_RESP_ERR_NO_ERROR) {
      values = values_of(*resources[i]);
    } else {
      values = kafka_error(err, "asking for settings");
    }
  }
}

/// The settings of topics or of one broker, by name, or why they are not told.
Configs describe_configs(Client& client, rd_kafka_ResourceType_t type, const std::vector<std::string>& names,
                         milliseconds timeout) {
  std::vector<rd_kafka_ConfigResource_t*> asked;
  asked.reserve(names.size());
  for (const std::string& name : names) asked.push_back(rd_kafka_ConfigResource_new(type, name.c_str()));
  rd_kafka_queue_t* queue = rd_kafka_queue_new(client.get());
  rd_kafka_AdminOptions_t* options = rd_kafka_AdminOptions_new(client.get(), RD_KAFKA_ADMIN_OP_DESCRIBECONFIGS);
  char why[256];
  rd_kafka_AdminOptions_set_request_timeout(options, to_ms(timeout), why, sizeof(why));
  rd_kafka_DescribeConfigs(client.get(), asked.data(), asked.size(), options, queue);
  rd_kafka_AdminOptions_destroy(options);
  rd_kafka_ConfigResource_destroy_array(asked.data(), asked.size());
  Configs configs;
  for (const std::string& name : names) configs.emplace(name, Error{ErrorCode::kTimeout, "no answer in time", ""});
  if (rd_kafka_event_t* event = rd_kafka_queue_poll(queue, to_ms(timeout))) {
    note_answer(event, configs);
    rd_kafka_event_destroy(event);
  }
  rd_kafka_queue_destroy(queue);
  return configs;
}

/// Tells how new the brokers are. Empty when they don't say, or this user may not ask.
std::string protocol_version(Client& client, int32_t broker, milliseconds timeout) {
  const std::string name = std::to_string(broker);
  const auto configs = describe_configs(client, RD_KAFKA_RESOURCE_BROKER, {name}, timeout);
  const auto& values = configs.at(name);
  const auto version = values ? values->find("inter.broker.protocol.version") : Values::const_iterator();
  return values && version != values->end() ? version->second : "";
}

/// Reads the last message of a partition: what comes first, it, its end, or the refusal.
void try_reading(Client& client, ProbedTopic& topic, PartitionId partition, Offset from, milliseconds timeout) {
  const PartitionList list = make_partition_list(1);
  rd_kafka_topic_partition_list_add(list.get(), topic.name.c_str(), partition.value)->offset = from.value;
  if (const auto err = rd_kafka_assign(client.get(), list.get()); err != RD_KAFKA_RESP_ERR_NO_ERROR) {
    topic.read = kafka_error(err, fmt::format("reading topic \"{}\"", topic.name));
    return;
  }
  topic.read = Error{ErrorCode::kTimeout, fmt::format("nothing of topic \"{}\" could be read in time", topic.name),
                     "is the broker that leads its partitions reachable from here?"};
  for (const auto until = Clock::now() + timeout; Clock::now() < until;) {
    rd_kafka_message_t* message = rd_kafka_consumer_poll(client.get(), kTurnMs);
    if (message == nullptr) continue;
    const auto err = message->err;
    if (err == RD_KAFKA_RESP_ERR_NO_ERROR) {
      rd_kafka_timestamp_type_t type{};
      const int64_t time = rd_kafka_message_timestamp(message, &type);
      if (type != RD_KAFKA_TIMESTAMP_NOT_AVAILABLE) topic.newest = Timestamp{time};
    } else if (err != RD_KAFKA_RESP_ERR__PARTITION_EOF && !is_transient(err)) {
      topic.read = kafka_error(err, fmt::format("reading topic \"{}\"", topic.name));
    }
    rd_kafka_message_destroy(message);
    if (err == RD_KAFKA_RESP_ERR_NO_ERROR || err == RD_KAFKA_RESP_ERR__PARTITION_EOF) topic.read.reset();
    if (!topic.read || !is_transient(err)) break;
  }
  rd_kafka_assign(client.get(), nullptr);
}

/// A partition that has messages, and the offset of its last; the end of partition 0 when none has any.
TopicPartition choose_partition(const std::vector<Result<Watermarks>>& ends, const std::string& topic, Offset& from) {
  for (size_t i = 0; i < ends.size(); ++i) {
    if (!ends[i] || ends[i]->high.value <= ends[i]->low.value) continue;
    from = Offset{ends[i]->high.value - 1};
    return {topic, PartitionId{static_cast<int32_t>(i)}};
  }
  from = !ends.empty() && ends.front() ? ends.front()->high : Offset{0};
  return {topic, PartitionId{0}};
}

ProbedTopic probe_topic(Client& client, Cluster& questions, const std::string& name, milliseconds timeout) {
  ProbedTopic topic;
  topic.name = name;
  const auto counts = questions.partition_counts({name}, timeout);
  if (!counts || !counts->at(name)) {
    topic.describe = counts ? counts->at(name).error() : counts.error();
    return topic;
  }
  topic.partitions = *counts->at(name);
  std::vector<TopicPartition> partitions;
  partitions.reserve(static_cast<size_t>(topic.partitions));
  for (int32_t p = 0; p < topic.partitions; ++p) partitions.push_back({name, PartitionId{p}});
  const auto ends = questions.watermarks(partitions, timeout);
  if (!ends) {
    topic.read = ends.error();
    return topic;
  }
  Offset from{0};
  const TopicPartition chosen = choose_partition(*ends, name, from);
  try_reading(client, topic, chosen.partition, from, timeout);
  return topic;
}

/// Whether the topics' settings may be read.
void probe_settings(Client& client, ProbedCluster& cluster, milliseconds timeout) {
  std::vector<std::string> names;
  for (const ProbedTopic& topic : cluster.topics) {
    if (!topic.describe) names.push_back(topic.name);
  }
  if (names.empty()) return;
  const Configs configs = describe_configs(client, RD_KAFKA_RESOURCE_TOPIC, names, timeout);
  for (ProbedTopic& topic : cluster.topics) {
    const auto told = configs.find(topic.name);
    if (told != configs.end() && !told->second) topic.settings = told->second.error();
  }
}

}  // namespace

Result<ProbedCluster> probe_cluster(const std::string& brokers, const std::map<std::string, std::string>& kafka,
                                    const std::vector<std::string>& topics, milliseconds timeout) {
  KSEEK_ASSIGN(auto client, Client::create(RD_KAFKA_CONSUMER, brokers, defaults(), fixed_properties(), kafka));
  rd_kafka_poll_set_consumer(client->get());
  KSEEK_ASSIGN(ProbedCluster cluster, find_brokers(*client, brokers, timeout));
  cluster.is_test = is_test_broker(cluster.id);
  if (!cluster.brokers.empty() && !cluster.is_test) {
    cluster.version = protocol_version(*client, cluster.brokers.front().id, std::min(timeout, kSettingsWait));
  }
  KSEEK_ASSIGN(const auto questions, Cluster::create(brokers, kafka));
  for (const std::string& topic : topics) cluster.topics.push_back(probe_topic(*client, *questions, topic, timeout));
  if (!cluster.is_test) probe_settings(*client, cluster, std::min(timeout, kSettingsWait));
  close_bounded(std::move(client), kCloseWait);
  return cluster;
}

}  // namespace kseek::indexer
