// Sends dead letters on to a Kafka topic, as Kafka Connect writes them: the message as it was, and in headers where it
// came from and what was wrong with it. Rules of redaction hold for them, too; where one can't read the text, that is
// left out. Private to indexer/.
//
// A thread of its own. At least once: what is sent is noted after the broker has acknowledged it. Kafka still has the
// message itself (the store keeps its first bytes only); where it is gone, or too large for the other topic, those
// first bytes are sent. Whatever fails is tried again, and never holds up the topic.
#pragma once

#include <condition_variable>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>

#include "base/result.h"
#include "indexer/kafka_client.h"
#include "indexer/live_redactor.h"
#include "indexer/producer.h"
#include "store/store.h"

namespace kseek::indexer {

struct DeadLetterOptions {
  std::string brokers;
  Properties kafka;
  std::string topic;                            ///< where to, for topics that don't say it themselves; empty: nowhere
  std::shared_ptr<LiveRedactor> redactor = {};  ///< nullptr: nothing is taken out
};

class DeadLetterSender {
 public:
  /// The store is borrowed. kInvalid: as Producer::create. Nothing is connected until there is something to send.
  static Result<std::unique_ptr<DeadLetterSender>> start(store::Store& store, const DeadLetterOptions& options);
  ~DeadLetterSender();
  DeadLetterSender(const DeadLetterSender&) = delete;
  DeadLetterSender& operator=(const DeadLetterSender&) = delete;
  /// Waits for the message in hand, some seconds at most.
  void stop();

 private:
  DeadLetterSender(store::Store& store, const DeadLetterOptions& options) : store_(store), options_(options) {}
  void run();
  [[nodiscard]] bool stopping() const;
  void send_all();
  Result<void> send_of(store::TopicStore& topic, const std::string& to);
  Result<void> connect();
  Result<OutgoingMessage> original(const std::string& topic, const store::DeadLetter& letter);
  void redact(const std::string& topic, OutgoingMessage& message) const;
  Result<Delivered> send(const std::string& topic, const store::DeadLetter& letter, OutgoingMessage message);

  store::Store& store_;
  const DeadLetterOptions options_;
  mutable std::mutex mu_;
  std::condition_variable changed_;
  bool stopping_ = false;  // guarded by mu_

  // One thread: the sender's.
  std::unique_ptr<Client> consumer_;
  std::unique_ptr<Producer> producer_;
  std::map<std::string, std::string> troubles_;  // by topic: what was logged last

  std::thread thread_;
};

/// The headers that say where the letter came from and why it is one.
void add_error_headers(OutgoingMessage& message, const std::string& topic, const store::DeadLetter& letter);

}  // namespace kseek::indexer
