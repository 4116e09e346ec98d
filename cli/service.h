// Everything that serves: store, indexer, producer and HTTP endpoint, started and stopped in the right order.
#pragma once

#include <memory>
#include <string>

#include "base/result.h"
#include "cli/serve_config.h"

namespace kseek::cli {

/// One thread starts and stops it.
class Service {
 public:
  /// Errors as Store::open, Indexer::start, Producer::create and HttpServer::start say.
  [[nodiscard]] static Result<std::unique_ptr<Service>> start(const ServeConfig& config);
  ~Service();  ///< stop()

  [[nodiscard]] std::string url() const { return http_->url(); }
  [[nodiscard]] indexer::Indexer& indexer() { return *indexer_; }
  [[nodiscard]] store::Store& store() { return *store_; }

  /// HttpServer::reload().
  [[nodiscard]] Result<void> reload() { return http_->reload(); }

  /// Answers no more, seals what is open, closes the store. About 10 s at most.
  void stop();

 private:
  Service() = default;
  std::unique_ptr<store::Store> store_;
  std::unique_ptr<indexer::Indexer> indexer_;
  std::unique_ptr<indexer::Producer> producer_;
  std::unique_ptr<server::HttpServer> http_;
};

}  // namespace kseek::cli
