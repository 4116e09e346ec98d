// A real Apache Kafka for tests: one KRaft node in a Java process of its own on 127.0.0.1, its files in a temporary
// directory. Its jars come from scripts/fetch_kafka.sh. Takes 3 to 10 s to start. One thread.
#pragma once

#include <chrono>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "tests/indexer/world.h"

namespace kseek::kafka_test {

/// Runs scripts/fetch_kafka.sh; the directory with Kafka's jars. The error says why there is none.
[[nodiscard]] Result<std::filesystem::path> find_kafka();

struct BrokerSettings {
  /// Further lines of server.properties.
  std::vector<std::string> properties;
  /// "SASL_SSL": a second listener with that protocol; see secure_address(). Its settings are for `properties`.
  std::string secure_protocol;
  /// Further arguments of Kafka's storage tool (SCRAM users).
  std::vector<std::string> format_arguments;
  /// 22 letters and digits, as Kafka makes them.
  std::string cluster_id = "a3NlZWstdGVzdC1jbHVzdA";
  /// 0: any that is free.
  int port = 0;
};

class BrokerProcess {
 public:
  /// Formats and starts a node. kUnavailable: it didn't start (with the end of what it printed).
  [[nodiscard]] static Result<std::unique_ptr<BrokerProcess>> start(const std::filesystem::path& kafka_dir,
                                                                    const BrokerSettings& settings = {});
  BrokerProcess(const BrokerProcess&) = delete;
  BrokerProcess& operator=(const BrokerProcess&) = delete;
  ~BrokerProcess();  ///< kills it and removes its files

  [[nodiscard]] std::string address() const { return "127.0.0.1:" + std::to_string(port_); }
  [[nodiscard]] std::string secure_address() const { return "127.0.0.1:" + std::to_string(secure_port_); }
  [[nodiscard]] int port() const { return port_; }
  [[nodiscard]] const std::filesystem::path& dir() const { return dir_.path(); }

  /// Runs a class of Kafka's own (its tools' main classes) to its end; what it printed, errors too. kUnavailable: it
  /// failed.
  [[nodiscard]] Result<std::string> run_tool(const std::vector<std::string>& arguments) const;

  /// kill -9, and waits until it is gone.
  void kill_now();
  /// SIGTERM: it shuts down as an operator would have it.
  void shut_down();
  /// Starts it again on the same ports and files, after kill_now() or shut_down().
  [[nodiscard]] Result<void> start_again();

 private:
  BrokerProcess() = default;
  Result<void> format(const BrokerSettings& settings);
  Result<void> write_properties(const BrokerSettings& settings);
  Result<void> wait_until_ready();
  [[nodiscard]] pid_t launch(const std::vector<std::string>& arguments, const std::string& log) const;

  indexer::TempDir dir_;
  std::filesystem::path kafka_dir_;
  int port_ = 0;
  int controller_port_ = 0;
  int secure_port_ = 0;
  pid_t pid_ = -1;
};

}  // namespace kseek::kafka_test
