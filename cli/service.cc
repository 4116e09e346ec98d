#include "cli/service.h"

namespace kseek::cli {

Result<std::unique_ptr<Service>> Service::start(const ServeConfig& config) {
  std::unique_ptr<Service> service(new Service);
  KSEEK_ASSIGN(service->store_, store::Store::open(config.data_dir, store::OpenMode::kOwner, config.store));
  KSEEK_ASSIGN(service->indexer_, indexer::Indexer::start(*service->store_, config.indexer));
  if (!config.indexer.brokers.empty()) {
    KSEEK_ASSIGN(service->producer_, indexer::Producer::create(config.indexer.brokers, config.indexer.kafka));
  }
  KSEEK_ASSIGN(service->http_, server::HttpServer::start(*service->store_, *service->indexer_, service->producer_.get(),
                                                         config.server));
  return service;
}

Service::~Service() { stop(); }

void Service::stop() {
  http_.reset();
  producer_.reset();
  if (indexer_ != nullptr) indexer_->stop();
  indexer_.reset();
  store_.reset();
}

}  // namespace kseek::cli
