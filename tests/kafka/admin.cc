#include "tests/kafka/admin.h"

#include <fmt/format.h>

#include <functional>
#include <thread>

namespace kseek::kafka_test {
namespace {

using indexer::Client;

constexpr int kTimeoutMs = 20'000;
constexpr auto kLook = std::chrono::milliseconds(10);

struct QueueDeleter {
  void operator()(rd_kafka_queue_t* queue) const { rd_kafka_queue_destroy(queue); }
};
using Queue = std::unique_ptr<rd_kafka_queue_t, QueueDeleter>;
struct EventDeleter {
  void operator()(rd_kafka_event_t* event) const { rd_kafka_event_destroy(event); }
};
using Event = std::unique_ptr<rd_kafka_event_t, EventDeleter>;
struct OptionsDeleter {
  void operator()(rd_kafka_AdminOptions_t* options) const { rd_kafka_AdminOptions_destroy(options); }
};
using Options = std::unique_ptr<rd_kafka_AdminOptions_t, OptionsDeleter>;

Error failed(const char* doing, const char* why) {
  return {ErrorCode::kUnavailable, fmt::format("{}: {}", doing, why == nullptr ? "?" : why), ""};
}

/// Sends a request with its options and waits for the answer.
Result<Event> ask(Client& client, rd_kafka_admin_op_t operation, const char* doing,
                  const std::function<void(rd_kafka_AdminOptions_t*, rd_kafka_queue_t*)>& send) {
  const Queue queue(rd_kafka_queue_new(client.get()));
  const Options options(rd_kafka_AdminOptions_new(client.get(), operation));
  char why[256];
  rd_kafka_AdminOptions_set_request_timeout(options.get(), kTimeoutMs, why, sizeof(why));
  send(options.get(), queue.get());
  Event event(rd_kafka_queue_poll(queue.get(), kTimeoutMs + 5'000));
  if (!event) return failed(doing, "no answer");
  if (rd_kafka_event_error(event.get()) != RD_KAFKA_RESP_ERR_NO_ERROR) {
    return failed(doing, rd_kafka_event_error_string(event.get()));
  }
  return event;
}

Result<void> all_well(const char* doing, const rd_kafka_topic_result_t* const* results, size_t count) {
  for (size_t i = 0; i < count; ++i) {
    if (rd_kafka_topic_result_error(results[i]) != RD_KAFKA_RESP_ERR_NO_ERROR) {
      return failed(doing, rd_kafka_topic_result_error_string(results[i]));
    }
  }
  return {};
}

Result<void> check(rd_kafka_error_t* raw, const char* doing) {
  const indexer::KafkaError error(raw);
  if (error) return failed(doing, rd_kafka_error_string(error.get()));
  return {};
}

}  // namespace

Result<std::unique_ptr<Admin>> Admin::connect(const std::string& brokers, const Settings& kafka) {
  Settings own{{"group.id", "admin"},
               {"isolation.level", "read_uncommitted"},
               {"enable.partition.eof", "true"},
               {"enable.auto.commit", "false"},
               {"reconnect.backoff.max.ms", "500"}};
  KSEEK_ASSIGN(auto client, Client::create(RD_KAFKA_CONSUMER, brokers, own, {}, kafka));
  rd_kafka_poll_set_consumer(client->get());
  return std::unique_ptr<Admin>(new Admin(std::move(client)));
}

Result<void> Admin::create_topic(const std::string& topic, int partitions, const Settings& settings) {
  char why[256];
  rd_kafka_NewTopic_t* wanted = rd_kafka_NewTopic_new(topic.c_str(), partitions, 1, why, sizeof(why));
  if (wanted == nullptr) return failed("creating a topic", why);
  for (const auto& [name, value] : settings) rd_kafka_NewTopic_set_config(wanted, name.c_str(), value.c_str());
  auto event = ask(*client_, RD_KAFKA_ADMIN_OP_CREATETOPICS, "creating a topic", [&](auto* options, auto* queue) {
    rd_kafka_CreateTopics(client_->get(), &wanted, 1, options, queue);
  });
  rd_kafka_NewTopic_destroy(wanted);
  if (!event) return event.error();
  size_t count = 0;
  const auto* results = rd_kafka_CreateTopics_result_topics(rd_kafka_event_CreateTopics_result(event->get()), &count);
  KSEEK_TRY(all_well("creating a topic", results, count));
  return wait_for(topic, partitions);
}

Result<void> Admin::wait_for(const std::string& topic, int partitions) {
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::milliseconds(kTimeoutMs);
  const indexer::TopicHandle handle(rd_kafka_topic_new(client_->get(), topic.c_str(), nullptr));
  while (std::chrono::steady_clock::now() < deadline) {
    const rd_kafka_metadata_t* raw = nullptr;
    if (rd_kafka_metadata(client_->get(), 0, handle.get(), &raw, kTimeoutMs) == RD_KAFKA_RESP_ERR_NO_ERROR) {
      const indexer::Metadata metadata(raw);
      const bool known = metadata->topic_cnt == 1 && metadata->topics[0].err == RD_KAFKA_RESP_ERR_NO_ERROR;
      int led = 0;
      for (int i = 0; known && i < metadata->topics[0].partition_cnt; ++i) {
        led += metadata->topics[0].partitions[i].leader >= 0 ? 1 : 0;
      }
      if ((partitions == 0 && !known) || (partitions > 0 && led == partitions)) return {};
    }
    std::this_thread::sleep_for(kLook);
  }
  return failed("waiting for a topic", topic.c_str());
}

Result<void> Admin::delete_topic(const std::string& topic) {
  rd_kafka_DeleteTopic_t* wanted = rd_kafka_DeleteTopic_new(topic.c_str());
  auto event = ask(*client_, RD_KAFKA_ADMIN_OP_DELETETOPICS, "deleting a topic", [&](auto* options, auto* queue) {
    rd_kafka_DeleteTopics(client_->get(), &wanted, 1, options, queue);
  });
  rd_kafka_DeleteTopic_destroy(wanted);
  if (!event) return event.error();
  size_t count = 0;
  const auto* results = rd_kafka_DeleteTopics_result_topics(rd_kafka_event_DeleteTopics_result(event->get()), &count);
  KSEEK_TRY(all_well("deleting a topic", results, count));
  return wait_for(topic, 0);
}

Result<void> Admin::grow_topic(const std::string& topic, int partitions) {
  char why[256];
  rd_kafka_NewPartitions_t* wanted =
      rd_kafka_NewPartitions_new(topic.c_str(), static_cast<size_t>(partitions), why, sizeof(why));
  auto event = ask(*client_, RD_KAFKA_ADMIN_OP_CREATEPARTITIONS, "adding partitions", [&](auto* options, auto* queue) {
    rd_kafka_CreatePartitions(client_->get(), &wanted, 1, options, queue);
  });
  rd_kafka_NewPartitions_destroy(wanted);
  if (!event) return event.error();
  size_t count = 0;
  const auto* results =
      rd_kafka_CreatePartitions_result_topics(rd_kafka_event_CreatePartitions_result(event->get()), &count);
  KSEEK_TRY(all_well("adding partitions", results, count));
  return wait_for(topic, partitions);
}

Result<void> Admin::delete_records(const std::string& topic, int partition, int64_t before) {
  const auto list = indexer::make_partition_list(1);
  rd_kafka_topic_partition_list_add(list.get(), topic.c_str(), partition)->offset = before;
  rd_kafka_DeleteRecords_t* wanted = rd_kafka_DeleteRecords_new(list.get());
  auto event = ask(*client_, RD_KAFKA_ADMIN_OP_DELETERECORDS, "deleting records", [&](auto* options, auto* queue) {
    rd_kafka_DeleteRecords(client_->get(), &wanted, 1, options, queue);
  });
  rd_kafka_DeleteRecords_destroy(wanted);
  if (!event) return event.error();
  const auto* done = rd_kafka_DeleteRecords_result_offsets(rd_kafka_event_DeleteRecords_result(event->get()));
  if (done->elems[0].err != RD_KAFKA_RESP_ERR_NO_ERROR) {
    return failed("deleting records", rd_kafka_err2str(done->elems[0].err));
  }
  return {};
}

Result<void> Admin::configure_topic(const std::string& topic, const Settings& settings) {
  rd_kafka_ConfigResource_t* wanted = rd_kafka_ConfigResource_new(RD_KAFKA_RESOURCE_TOPIC, topic.c_str());
  for (const auto& [name, value] : settings) {
    rd_kafka_ConfigResource_set_config(wanted, name.c_str(), value.c_str());
  }
  auto event = ask(*client_, RD_KAFKA_ADMIN_OP_ALTERCONFIGS, "changing settings", [&](auto* options, auto* queue) {
    rd_kafka_AlterConfigs(client_->get(), &wanted, 1, options, queue);
  });
  rd_kafka_ConfigResource_destroy(wanted);
  if (!event) return event.error();
  size_t count = 0;
  const auto* done = rd_kafka_AlterConfigs_result_resources(rd_kafka_event_AlterConfigs_result(event->get()), &count);
  if (count != 1 || rd_kafka_ConfigResource_error(done[0]) != RD_KAFKA_RESP_ERR_NO_ERROR) {
    return failed("changing settings", count == 1 ? rd_kafka_ConfigResource_error_string(done[0]) : "no answer");
  }
  return {};
}

Admin::Watermarks Admin::watermarks(const std::string& topic, int partition) {
  Watermarks marks;
  if (rd_kafka_query_watermark_offsets(client_->get(), topic.c_str(), partition, &marks.low, &marks.high, 2'000) !=
      RD_KAFKA_RESP_ERR_NO_ERROR) {
    return {};
  }
  return marks;
}

std::vector<int64_t> Admin::read_all(const std::string& topic, int partition) {
  const auto list = indexer::make_partition_list(1);
  rd_kafka_topic_partition_list_add(list.get(), topic.c_str(), partition)->offset = RD_KAFKA_OFFSET_BEGINNING;
  rd_kafka_assign(client_->get(), list.get());
  std::vector<int64_t> offsets;
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::milliseconds(kTimeoutMs);
  for (bool at_end = false; !at_end && std::chrono::steady_clock::now() < deadline;) {
    rd_kafka_message_t* message = rd_kafka_consumer_poll(client_->get(), 100);
    if (message == nullptr) continue;
    if (message->err == RD_KAFKA_RESP_ERR_NO_ERROR) offsets.push_back(message->offset);
    at_end = message->err == RD_KAFKA_RESP_ERR__PARTITION_EOF;
    rd_kafka_message_destroy(message);
  }
  rd_kafka_assign(client_->get(), nullptr);
  return offsets;
}

int64_t Admin::committed(const std::string& group, const std::string& topic, int partition) {
  const auto list = indexer::make_partition_list(1);
  rd_kafka_topic_partition_list_add(list.get(), topic.c_str(), partition);
  rd_kafka_ListConsumerGroupOffsets_t* wanted = rd_kafka_ListConsumerGroupOffsets_new(group.c_str(), list.get());
  auto event = ask(*client_, RD_KAFKA_ADMIN_OP_LISTCONSUMERGROUPOFFSETS, "asking for a group's offsets",
                   [&](auto* options, auto* queue) {
                     rd_kafka_ListConsumerGroupOffsets(client_->get(), &wanted, 1, options, queue);
                   });
  rd_kafka_ListConsumerGroupOffsets_destroy(wanted);
  if (!event) return -1;
  size_t count = 0;
  const auto* groups = rd_kafka_ListConsumerGroupOffsets_result_groups(
      rd_kafka_event_ListConsumerGroupOffsets_result(event->get()), &count);
  if (count != 1) return -1;
  const auto* offsets = rd_kafka_group_result_partitions(groups[0]);
  return offsets == nullptr || offsets->cnt != 1 ? -1 : offsets->elems[0].offset;
}

Result<std::unique_ptr<TransactionalProducer>> TransactionalProducer::create(const std::string& brokers,
                                                                             const std::string& id) {
  const Settings own{{"transactional.id", id}, {"linger.ms", "1"}};
  KSEEK_ASSIGN(auto client, Client::create(RD_KAFKA_PRODUCER, brokers, own, {}, {}));
  KSEEK_TRY(check(rd_kafka_init_transactions(client->get(), kTimeoutMs), "starting transactions"));
  return std::unique_ptr<TransactionalProducer>(new TransactionalProducer(std::move(client)));
}

Result<void> TransactionalProducer::begin() {
  return check(rd_kafka_begin_transaction(client_->get()), "beginning a transaction");
}

Result<void> TransactionalProducer::send(const std::string& topic, int partition,
                                         const std::vector<std::string>& values) {
  const indexer::TopicHandle handle(rd_kafka_topic_new(client_->get(), topic.c_str(), nullptr));
  for (std::string value : values) {
    if (rd_kafka_produce(handle.get(), partition, RD_KAFKA_MSG_F_COPY, value.data(), value.size(), nullptr, 0,
                         nullptr) != 0) {
      return failed("producing", rd_kafka_err2str(rd_kafka_last_error()));
    }
  }
  const auto err = rd_kafka_flush(client_->get(), kTimeoutMs);
  if (err != RD_KAFKA_RESP_ERR_NO_ERROR) return failed("producing", rd_kafka_err2str(err));
  return {};
}

Result<void> TransactionalProducer::commit() {
  return check(rd_kafka_commit_transaction(client_->get(), kTimeoutMs), "committing");
}

Result<void> TransactionalProducer::abort() {
  return check(rd_kafka_abort_transaction(client_->get(), kTimeoutMs), "aborting");
}

}  // namespace kseek::kafka_test
