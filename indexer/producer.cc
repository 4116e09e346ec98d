#include "indexer/producer.h"

#include <fmt/format.h>

#include <atomic>
#include <condition_variable>
#include <mutex>
#include <thread>

#include "base/bytes.h"
#include "indexer/kafka_client.h"

namespace kseek::indexer {
namespace {

using std::chrono::milliseconds;
using Clock = std::chrono::steady_clock;

constexpr int kPollMs = 50;
constexpr int kShutdownMs = 2'000;
constexpr int kIntroduceMs = 1'000;
constexpr milliseconds kIntroduceAgain{5'000};

/// A send() that waits for its acknowledgement. Shared: librdkafka may report after the caller has given up.
struct Pending {
  std::mutex mu;
  std::condition_variable arrived;
  bool done = false;                                     // guarded by mu
  rd_kafka_resp_err_t err = RD_KAFKA_RESP_ERR_NO_ERROR;  // guarded by mu
  Delivered delivered;                                   // guarded by mu
};

/// Failures among the messages that nobody waits for.
struct Failures {
  std::mutex mu;
  uint64_t count = 0;                                      // guarded by mu
  rd_kafka_resp_err_t first = RD_KAFKA_RESP_ERR_NO_ERROR;  // guarded by mu
  std::string topic;                                       // guarded by mu
};

/// A message's opaque: who wants to hear of it. One of the two is set. Deleted by its delivery report.
struct Ticket {
  std::shared_ptr<Pending> pending;
  std::shared_ptr<Failures> failures;
};

void on_delivery(rd_kafka_t* /*client*/, const rd_kafka_message_t* message, void* /*opaque*/) {
  const std::unique_ptr<Ticket> ticket(static_cast<Ticket*>(message->_private));
  if (ticket->pending) {
    const std::lock_guard lock(ticket->pending->mu);
    ticket->pending->done = true;
    ticket->pending->err = message->err;
    ticket->pending->delivered = {PartitionId{message->partition}, Offset{message->offset}};
    ticket->pending->arrived.notify_all();
  } else if (message->err != RD_KAFKA_RESP_ERR_NO_ERROR) {
    const std::lock_guard lock(ticket->failures->mu);
    if (ticket->failures->count++ == 0) {
      ticket->failures->first = message->err;
      ticket->failures->topic = rd_kafka_topic_name(message->rkt);
    }
  }
}

void* bytes_of(const std::string& text) { return const_cast<char*>(text.data()); }  // NOLINT: copied by librdkafka

/// The message as librdkafka's argument list; views into `message`. `headers` are owned by the caller.
std::vector<rd_kafka_vu_t> arguments(const OutgoingMessage& message, rd_kafka_headers_t* headers, Ticket* ticket,
                                     int flags) {
  std::vector<rd_kafka_vu_t> args;
  const auto add = [&args](rd_kafka_vtype_t type) -> rd_kafka_vu_t& {
    args.emplace_back().vtype = type;
    return args.back();
  };
  add(RD_KAFKA_VTYPE_TOPIC).u.cstr = message.topic.c_str();
  add(RD_KAFKA_VTYPE_PARTITION).u.i32 = message.partition ? message.partition->value : RD_KAFKA_PARTITION_UA;
  add(RD_KAFKA_VTYPE_MSGFLAGS).u.i = flags;
  add(RD_KAFKA_VTYPE_OPAQUE).u.ptr = ticket;
  if (message.key) add(RD_KAFKA_VTYPE_KEY).u.mem = {bytes_of(*message.key), message.key->size()};
  if (message.value) add(RD_KAFKA_VTYPE_VALUE).u.mem = {bytes_of(*message.value), message.value->size()};
  if (message.timestamp) add(RD_KAFKA_VTYPE_TIMESTAMP).u.i64 = message.timestamp->ms;
  if (headers != nullptr) add(RD_KAFKA_VTYPE_HEADERS).u.headers = headers;
  return args;
}

class KafkaProducer final : public Producer {
 public:
  explicit KafkaProducer(std::unique_ptr<Client> client)
      : client_(std::move(client)), failures_(std::make_shared<Failures>()), poller_([this] { poll(); }) {}

  ~KafkaProducer() override {
    stopping_ = true;
    poller_.join();
    // What is still queued gets its report here, so that no ticket leaks.
    rd_kafka_flush(client_->get(), kShutdownMs);
    rd_kafka_purge(client_->get(), RD_KAFKA_PURGE_F_QUEUE | RD_KAFKA_PURGE_F_INFLIGHT);
    rd_kafka_flush(client_->get(), kShutdownMs);
  }

  Result<Delivered> send(const OutgoingMessage& message, milliseconds timeout) override {
    auto pending = std::make_shared<Pending>();
    KSEEK_TRY(produce(message, RD_KAFKA_MSG_F_COPY, Ticket{pending, nullptr}));
    std::unique_lock lock(pending->mu);
    if (!pending->arrived.wait_for(lock, timeout, [&] { return pending->done; })) {
      std::string why = client_->diagnostics().last_error();
      return Error{ErrorCode::kTimeout,
                   fmt::format("topic \"{}\": no acknowledgement within {} ms{}{}", message.topic, timeout.count(),
                               why.empty() ? "" : ": ", why),
                   "it may still arrive; check that the broker is up"};
    }
    if (pending->err != RD_KAFKA_RESP_ERR_NO_ERROR) return kafka_error(pending->err, describe_target(message));
    return pending->delivered;
  }

  Result<void> enqueue(const OutgoingMessage& message) override {
    return produce(message, RD_KAFKA_MSG_F_COPY | RD_KAFKA_MSG_F_BLOCK, Ticket{nullptr, failures_});
  }

  Result<void> flush(milliseconds timeout) override {
    const auto err = rd_kafka_flush(client_->get(), static_cast<int>(timeout.count()));
    const std::lock_guard lock(failures_->mu);
    if (failures_->count > 0) {
      const auto count = std::exchange(failures_->count, 0);
      return kafka_error(failures_->first, fmt::format("{} messages were not delivered, the first to topic \"{}\"",
                                                       count, failures_->topic));
    }
    if (err != RD_KAFKA_RESP_ERR_NO_ERROR) {
      return kafka_error(err, fmt::format("{} messages are still queued", rd_kafka_outq_len(client_->get())));
    }
    return {};
  }

 private:
  static std::string describe_target(const OutgoingMessage& message) {
    return message.partition ? fmt::format("topic \"{}\", partition {}", message.topic, message.partition->value)
                             : fmt::format("topic \"{}\"", message.topic);
  }

  /// Asks for a topic's partitions before its first message: otherwise librdkafka lets that message wait for its next
  /// look around, up to a second. kNotFound: the broker has no such topic. No answer is not an error here: the message
  /// itself waits for one, as long as its sender wants.
  Result<void> introduce(const std::string& topic, int timeout_ms) {
    const std::lock_guard lock(mu_);
    auto& known = topics_[topic];
    if (known || Clock::now() < introduce_again_) return {};
    TopicHandle handle(rd_kafka_topic_new(client_->get(), topic.c_str(), nullptr));
    if (!handle) return kafka_error(rd_kafka_last_error(), fmt::format("topic \"{}\"", topic));
    const rd_kafka_metadata_t* raw = nullptr;
    if (rd_kafka_metadata(client_->get(), 0, handle.get(), &raw, timeout_ms) != RD_KAFKA_RESP_ERR_NO_ERROR) {
      introduce_again_ = Clock::now() + kIntroduceAgain;  // not a wait for each message while the broker is away
      return {};
    }
    const Metadata metadata(raw);
    if (metadata->topic_cnt == 1 && metadata->topics[0].err == RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART) {
      return kafka_error(metadata->topics[0].err, fmt::format("topic \"{}\"", topic));
    }
    known = std::move(handle);
    return {};
  }

  Result<void> produce(const OutgoingMessage& message, int flags, Ticket ticket) {
    if (message.topic.empty()) return Error{ErrorCode::kInvalid, "a message without a topic", "name one"};
    if (message.partition && message.partition->value < 0) {
      return Error{ErrorCode::kInvalid, describe_target(message), "a partition number is 0 or more"};
    }
    KSEEK_TRY(introduce(message.topic, kIntroduceMs));
    rd_kafka_headers_t* headers = nullptr;
    if (!message.headers.empty()) {
      headers = rd_kafka_headers_new(message.headers.size());
      for (const auto& [name, value] : message.headers) {
        rd_kafka_header_add(headers, name.data(), static_cast<ssize_t>(name.size()), value ? value->data() : nullptr,
                            value ? static_cast<ssize_t>(value->size()) : 0);
      }
    }
    auto owned = std::make_unique<Ticket>(std::move(ticket));
    const auto args = arguments(message, headers, owned.get(), flags);
    const KafkaError error(rd_kafka_produceva(client_->get(), args.data(), args.size()));
    if (error) {
      if (headers != nullptr) rd_kafka_headers_destroy(headers);
      return kafka_error(rd_kafka_error_code(error.get()), describe_target(message));
    }
    static_cast<void>(owned.release());  // its delivery report deletes it
    return {};
  }

  void poll() {
    while (!stopping_) rd_kafka_poll(client_->get(), kPollMs);
  }

  const std::unique_ptr<Client> client_;
  const std::shared_ptr<Failures> failures_;
  std::mutex mu_;
  std::map<std::string, TopicHandle> topics_;  // guarded by mu_; those that the broker knows
  Clock::time_point introduce_again_{};        // guarded by mu_
  std::atomic<bool> stopping_{false};
  std::thread poller_;  // serves delivery reports
};

}  // namespace

Result<std::unique_ptr<Producer>> Producer::create(const std::string& brokers,
                                                   const std::map<std::string, std::string>& kafka) {
  if (brokers.empty()) return Error{ErrorCode::kInvalid, "no Kafka brokers given", "give --brokers HOST:PORT"};
  const Properties defaults{{"client.id", "kseek"},
                            {"linger.ms", "2"},
                            {"compression.type", "lz4"},
                            {"partitioner", "murmur2_random"},
                            {"message.max.bytes", std::to_string(64_MiB)},
                            {"message.timeout.ms", "30000"},
                            {"allow.auto.create.topics", "false"},  // consumers have it so, unless it is said
                            {"topic.metadata.propagation.max.ms", "3000"},
                            {"reconnect.backoff.max.ms", "1000"},
                            {"log.connection.close", "false"}};
  KSEEK_ASSIGN(auto client, Client::create(RD_KAFKA_PRODUCER, brokers, defaults, {}, kafka, on_delivery));
  return std::unique_ptr<Producer>(std::make_unique<KafkaProducer>(std::move(client)));
}

}  // namespace kseek::indexer
