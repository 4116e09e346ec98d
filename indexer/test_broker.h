// librdkafka's in-process Kafka broker on 127.0.0.1: real wire protocol, messages in memory (the newest 5 MiB a
// partition), for the demo and the tests.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "base/result.h"

namespace kseek::indexer {

/// Any thread.
class TestBroker {
 public:
  [[nodiscard]] static Result<std::unique_ptr<TestBroker>> start();
  virtual ~TestBroker() = default;
  [[nodiscard]] virtual std::string address() const = 0;  ///< "127.0.0.1:PORT"
  [[nodiscard]] virtual Result<void> create_topic(const std::string& name, int partitions) = 0;
  virtual void set_down(bool down) = 0;  ///< refuses connections while down
};

/// Whether a cluster that calls itself so is a TestBroker, here or in another process. It answers less than Kafka does.
[[nodiscard]] bool is_test_broker(std::string_view cluster_id);

}  // namespace kseek::indexer
