// A broker, a stream of messages that the test knows by heart, and `kseek serve` on it. One thread.
#pragma once

#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include "indexer/producer.h"
#include "tests/system/system.h"

namespace kseek::testing {

class FaultWorld {
 public:
  /// `config` is the server's kseek.toml: see small_blocks().
  explicit FaultWorld(int partitions, const std::string& config = small_blocks());
  /// Many small blocks, sealed soon, and segments of few of them.
  static std::string small_blocks();

  /// Starts the server; `environment` as ServerProcess has it.
  void start(const std::vector<std::string>& environment = {});
  /// Opens the topic "orders".
  void open(const std::string& retention = "follow");
  /// SIGTERM; its exit code.
  int stop();
  /// So many messages more, of about so many bytes that don't compress.
  void produce(int count, size_t bytes = 200);
  [[nodiscard]] int produced() const { return produced_; }
  static std::string key_of(int number) { return "id-" + std::to_string(number); }

  [[nodiscard]] Json details() const { return server_->get("/api/v1/topics/orders").json(); }
  /// Waits for the state; the details then. Fails the test when it does not come.
  Json wait_for_state(const std::string& state, std::chrono::seconds limit = std::chrono::seconds(60));
  void wait_until_taken_in();
  /// A value of /metrics by its name with labels; -1: it is not there.
  [[nodiscard]] double metric(const std::string& name) const;
  /// All of the messages are found, each once, by an answer that says that it is complete.
  void expect_each_once();

  [[nodiscard]] ServerProcess& server() { return *server_; }
  [[nodiscard]] std::string data() const { return scratch_.file("data"); }
  [[nodiscard]] const TempDir& scratch() const { return scratch_; }
  [[nodiscard]] const std::string& brokers() const { return address_; }

 private:
  TempDir scratch_;
  const int partitions_;
  Process broker_;
  const std::string address_;
  std::unique_ptr<indexer::Producer> producer_;
  std::unique_ptr<ServerProcess> server_;
  int produced_ = 0;
};

}  // namespace kseek::testing
