// A whole server for tests: broker, store in a temporary directory, indexer, producer, HTTP on a free port.
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "indexer/indexer.h"
#include "indexer/producer.h"
#include "indexer/test_broker.h"
#include "server/http_server.h"
#include "server/router.h"
#include "store/store.h"
#include "tests/server/raw_http.h"
#include "tests/server/temp_dir.h"

namespace kseek::testing {

/// One thread.
class World {
 public:
  explicit World(const server::ServerOptions& options = {.listen = "127.0.0.1:0"});

  /// Makes the topic on the broker and opens it over HTTP.
  void open(const std::string& topic, int partitions);
  /// Sends to partition 0 unless the message says otherwise, and waits until it is findable.
  indexer::Delivered send(indexer::OutgoingMessage message);
  /// Sends many at once (they need a partition) and waits until all are findable.
  void send_all(const std::string& topic, const std::vector<indexer::OutgoingMessage>& messages);

  /// Each answer is also held against server/openapi.json.
  [[nodiscard]] RawAnswer get(std::string_view target) const { return call("GET", target); }
  [[nodiscard]] RawAnswer call(std::string_view method, std::string_view target, std::string_view body = "") const;
  /// As the server has them.
  [[nodiscard]] std::vector<server::Route> routes() const;
  /// Waits until all that Kafka has is findable.
  void wait_findable(const std::string& topic);
  [[nodiscard]] std::string url() const { return http_->url(); }
  [[nodiscard]] indexer::TestBroker& broker() { return *broker_; }
  [[nodiscard]] Result<void> reload() { return http_->reload(); }
  void stop_http() { http_.reset(); }

 private:
  TempDir dir_;
  std::unique_ptr<indexer::TestBroker> broker_;
  std::unique_ptr<store::Store> store_;
  std::unique_ptr<indexer::Indexer> indexer_;
  std::unique_ptr<indexer::Producer> producer_;
  std::unique_ptr<server::HttpServer> http_;
};

}  // namespace kseek::testing
