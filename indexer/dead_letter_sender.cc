#include "indexer/dead_letter_sender.h"

#include <fmt/format.h>

#include <functional>
#include <utility>

#include "base/bytes.h"
#include "indexer/log.h"

namespace kseek::indexer {
namespace {

using std::chrono::milliseconds;
using Clock = std::chrono::steady_clock;

constexpr milliseconds kLook{1'000};
constexpr milliseconds kSendTimeout{10'000};
constexpr milliseconds kReadTimeout{10'000};
constexpr milliseconds kStep{200};  // so that stopping is soon noticed
constexpr milliseconds kCloseWait{5'000};
constexpr size_t kAtOnce = 100;

struct MessageDeleter {
  void operator()(rd_kafka_message_t* message) const { rd_kafka_message_destroy(message); }
};
using Message = std::unique_ptr<rd_kafka_message_t, MessageDeleter>;

/// What people read of a reason.
std::string explain(const store::DeadLetter& letter) {
  if (letter.reason == "too_large") {
    return fmt::format("{} bytes of key, value and headers are more than the {} that are indexed", letter.bytes,
                       kMaxMessageBytes);
  }
  if (letter.reason == "not_json") return "the value is not a JSON object or array, as the topic requires";
  if (letter.reason == "not_utf8") return "the value is not UTF-8, as the topic requires";
  return letter.reason;
}

/// The message at the offset; nullptr: Kafka doesn't have it any more, or the topic reads no such offset.
Result<Message> read_message(Client& consumer, const std::string& topic, const store::DeadLetter& letter,
                             const std::function<bool()>& give_up) {
  const TopicHandle handle(rd_kafka_topic_new(consumer.get(), topic.c_str(), nullptr));
  if (!handle || rd_kafka_consume_start(handle.get(), letter.partition.value, letter.offset.value) != 0) {
    return kafka_error(rd_kafka_last_error(), fmt::format("topic \"{}\"", topic));
  }
  Result<Message> found =
      Error{ErrorCode::kTimeout, fmt::format("offset {} could not be read", letter.offset.value), ""};
  for (const auto deadline = Clock::now() + kReadTimeout; Clock::now() < deadline && !give_up();) {
    Message message(rd_kafka_consume(handle.get(), letter.partition.value, static_cast<int>(kStep.count())));
    if (!message) continue;
    const bool is_message = message->err == RD_KAFKA_RESP_ERR_NO_ERROR;
    if (is_message && message->offset == letter.offset.value) {
      found = std::move(message);
      break;
    }
    // Another one is the next: this one is gone. So it is when the offset is below the first.
    if (is_message || message->err == RD_KAFKA_RESP_ERR__AUTO_OFFSET_RESET ||
        message->err == RD_KAFKA_RESP_ERR_OFFSET_OUT_OF_RANGE || message->err == RD_KAFKA_RESP_ERR__PARTITION_EOF) {
      found = Message();
      break;
    }
  }
  rd_kafka_consume_stop(handle.get(), letter.partition.value);
  return found;
}

std::optional<std::string> text_of(const void* bytes, size_t size) {
  if (bytes == nullptr) return std::nullopt;
  return std::string(static_cast<const char*>(bytes), size);
}

void take(const rd_kafka_message_t& from, OutgoingMessage& to) {
  to.key = text_of(from.key, from.key_len);
  to.value = text_of(from.payload, from.len);
  const int64_t time = rd_kafka_message_timestamp(&from, nullptr);
  if (time >= 0) to.timestamp = Timestamp{time};
  rd_kafka_headers_t* headers = nullptr;
  if (rd_kafka_message_headers(&from, &headers) != RD_KAFKA_RESP_ERR_NO_ERROR) return;
  const char* name = nullptr;
  const void* value = nullptr;
  size_t size = 0;
  for (size_t i = 0; rd_kafka_header_get_all(headers, i, &name, &value, &size) == RD_KAFKA_RESP_ERR_NO_ERROR; ++i) {
    to.headers.emplace_back(name, text_of(value, size));
  }
}

}  // namespace

void add_error_headers(OutgoingMessage& message, const std::string& topic, const store::DeadLetter& letter) {
  const auto add = [&](const char* name, std::string value) {
    message.headers.emplace_back(fmt::format("__connect.errors.{}", name), std::move(value));
  };
  const bool too_large = letter.reason == "too_large";
  add("topic", topic);
  add("partition", std::to_string(letter.partition.value));
  add("offset", std::to_string(letter.offset.value));
  add("connector.name", "kseek-" + topic);
  add("task.id", "0");
  add("stage", too_large ? "TASK_PUT" : "VALUE_CONVERTER");
  add("class.name", "kseek");
  add("exception.class.name", too_large ? "org.apache.kafka.common.errors.RecordTooLargeException"
                                        : "org.apache.kafka.connect.errors.DataException");
  add("exception.message", explain(letter));
}

Result<std::unique_ptr<DeadLetterSender>> DeadLetterSender::start(store::Store& store,
                                                                  const DeadLetterOptions& options) {
  std::unique_ptr<DeadLetterSender> sender(new DeadLetterSender(store, options));
  sender->thread_ = std::thread([raw = sender.get()] { raw->run(); });
  return sender;
}

DeadLetterSender::~DeadLetterSender() { stop(); }

void DeadLetterSender::stop() {
  {
    const std::lock_guard lock(mu_);
    stopping_ = true;
  }
  changed_.notify_all();
  if (thread_.joinable()) thread_.join();
  if (consumer_) close_bounded(std::move(consumer_), kCloseWait);
}

bool DeadLetterSender::stopping() const {
  const std::lock_guard lock(mu_);
  return stopping_;
}

void DeadLetterSender::run() {
  std::unique_lock lock(mu_);
  while (!changed_.wait_for(lock, kLook, [this] { return stopping_; })) {
    lock.unlock();
    send_all();
    lock.lock();
  }
}

void DeadLetterSender::send_all() {
  for (const auto& topic : store_.topics()) {
    const store::TopicConfig config = topic->config();
    if (config.source != store::Source::kKafka) continue;
    const std::string& to = config.dead_letter_topic.empty() ? options_.topic : config.dead_letter_topic;
    if (to.empty() || to == config.name || stopping()) continue;
    const auto sent = send_of(*topic, to);
    std::string& trouble = troubles_[config.name];
    std::string now = sent ? "" : describe(sent.error());
    if (!now.empty() && now != trouble && !stopping()) {
      log().warn("topic {}: sending dead letters to {}: {} (retried)", config.name, to, now);
    }
    trouble = std::move(now);
  }
}

Result<void> DeadLetterSender::connect() {
  if (!producer_) {
    Properties properties = options_.kafka;
    properties.try_emplace("message.max.bytes", std::to_string(64_MiB));
    KSEEK_ASSIGN(producer_, Producer::create(options_.brokers, properties));
  }
  if (consumer_) return {};
  const Properties defaults{{"client.id", "kseek-dead-letters"},
                            {"fetch.wait.max.ms", "10"},
                            {"queued.min.messages", "1"},
                            {"reconnect.backoff.max.ms", "1000"},
                            {"log.connection.close", "false"}};
  const Properties fixed{{"enable.partition.eof", "true"}, {"auto.offset.reset", "error"}};
  Properties user = options_.kafka;
  user.erase("group.id");
  user.erase("group.instance.id");
  KSEEK_ASSIGN(consumer_, Client::create(RD_KAFKA_CONSUMER, options_.brokers, defaults, fixed, user));
  return {};
}

Result<OutgoingMessage> DeadLetterSender::original(const std::string& topic, const store::DeadLetter& letter) {
  KSEEK_ASSIGN(const Message found, read_message(*consumer_, topic, letter, [this] { return stopping(); }));
  OutgoingMessage message;
  if (found) {
    take(*found, message);
  } else {
    message.value = letter.head;
  }
  return message;
}

/// A dead letter is often one because its text is no JSON: what a rule can't read does not leave here.
void DeadLetterSender::redact(const std::string& topic, OutgoingMessage& message) const {
  const auto rules = options_.redactor ? options_.redactor->rules() : nullptr;
  if (rules == nullptr) return;
  std::string encoded;
  for (const auto& [name, value] : message.headers) append_header(encoded, name, value);
  MessageView view;
  view.key = message.key;
  view.value = message.value;
  view.headers = HeaderList(encoded);
  Redactor::Bytes bytes;
  if (rules->redact(topic, {&view, 1}, bytes, Unreadable::kAny) == 0) return;
  OutgoingMessage redacted;
  if (view.key) redacted.key.emplace(*view.key);
  if (view.value) redacted.value.emplace(*view.value);
  for (const Header header : view.headers) {
    redacted.headers.emplace_back(header.name, header.value ? std::optional<std::string>(*header.value) : std::nullopt);
  }
  message.key = std::move(redacted.key);
  message.value = std::move(redacted.value);
  message.headers = std::move(redacted.headers);
}

Result<Delivered> DeadLetterSender::send(const std::string& topic, const store::DeadLetter& letter,
                                         OutgoingMessage message) {
  redact(topic, message);
  add_error_headers(message, topic, letter);
  return producer_->send(message, kSendTimeout);
}

Result<void> DeadLetterSender::send_of(store::TopicStore& topic, const std::string& to) {
  const std::string name = topic.config().name;
  for (;;) {
    const auto letters = topic.unsent_dead_letters(kAtOnce);
    if (letters.empty()) return {};
    KSEEK_TRY(connect());
    for (const store::DeadLetter& letter : letters) {
      if (stopping()) return {};
      KSEEK_ASSIGN(OutgoingMessage message, original(name, letter));
      message.topic = to;
      auto sent = send(name, letter, message);
      if (!sent && sent.error().code == ErrorCode::kTooLarge) {
        message.value = letter.head;
        sent = send(name, letter, std::move(message));
      }
      if (!sent) return std::move(sent).error();
      KSEEK_TRY(topic.note_dead_letters_sent(letter.partition, letter.offset.next()));
    }
  }
}

}  // namespace kseek::indexer
