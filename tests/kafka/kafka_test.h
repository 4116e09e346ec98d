// What the tests against a real Kafka share: one broker for all of them, and for each test a topic, a store, an
// indexer, and searches over what they hold.
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <set>
#include <string>
#include <vector>

#include "query/request.h"
#include "tests/indexer/world.h"
#include "tests/kafka/admin.h"
#include "tests/kafka/broker_process.h"

namespace kseek::kafka_test {

using indexer::eventually;
using indexer::Found;
using indexer::message_of;
using indexer::OutgoingMessage;
using indexer::TopicState;
using std::chrono::milliseconds;

inline constexpr milliseconds kPatience{60'000};

/// The broker that all tests share, started for the first of them; an error: there is no Kafka here, and why.
[[nodiscard]] const Result<std::unique_ptr<BrokerProcess>>& shared_broker();

/// What the broker's secure listener shows: to be trusted by clients.
[[nodiscard]] std::filesystem::path shared_certificate();

/// Everything that a search finds, page by page, oldest first.
struct Answer {
  std::vector<Found> hits;
  bool complete = true;  ///< each page was
  std::string why_not;
  std::vector<query::PartitionCoverage> coverage;  ///< of the first page

  [[nodiscard]] std::vector<std::string> values() const;
  [[nodiscard]] std::vector<int64_t> offsets() const;
};

/// A fresh store and an indexer over it, a topic named after the test. Without Kafka a test is skipped, or fails in
/// continuous integration (CI=true).
class KafkaTest : public ::testing::Test {
 protected:
  void SetUp() override;
  void TearDown() override { stop(); }

  /// Opens the store and starts an indexer; again after stop().
  void start();
  void stop();

  void create(int partitions, const Settings& settings = {}) { create_topic(topic, partitions, settings); }
  void create_topic(const std::string& name, int partitions, const Settings& settings = {});
  void open(const std::string& from = "earliest") const;
  /// A new producer, with these properties: one that knew a deleted topic stumbles over it for a moment.
  void renew_producer(const Settings& kafka = {});
  /// Sends and waits for the acknowledgement; the message's offset.
  int64_t send(const OutgoingMessage& message) const;
  int64_t send(const std::string& value, int partition = 0) const { return send(message_of(topic, partition, value)); }
  /// Sends "<prefix>0" … to partition 0 without waiting for each.
  void send_many(int count, const std::string& prefix = "m", const std::string& filler = "") const;
  void wait_caught_up() const;
  [[nodiscard]] indexer::TopicStatus status() const;
  /// Every message that has the words of `text`; empty: every message.
  [[nodiscard]] Answer search(const std::string& text = "") const;
  /// Waits until a search for everything finds these values, in this order, and is complete.
  void expect_found(const std::vector<std::string>& values) const;

  std::string topic;
  BrokerProcess* broker = nullptr;
  std::unique_ptr<Admin> admin;
  std::unique_ptr<indexer::Producer> producer;
  indexer::TempDir dir;
  store::StoreOptions store_options;
  indexer::IndexerOptions options;
  std::unique_ptr<store::Store> store;
  std::unique_ptr<indexer::Indexer> indexer;  // before the store goes
};

/// "m0", "m1", … "m<count - 1>".
[[nodiscard]] std::vector<std::string> numbered(int count, const std::string& prefix = "m");

}  // namespace kseek::kafka_test

/// For Result: the error is the message.
#define ASSERT_OK(expr)                                           \
  do {                                                            \
    const auto& kseek_ok = (expr);                                \
    ASSERT_TRUE(kseek_ok) << ::kseek::describe(kseek_ok.error()); \
  } while (false)
