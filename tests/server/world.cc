#include "tests/server/world.h"

#include <stdexcept>

#include "server/routes.h"
#include "server/stream_hub.h"
#include "server/work_pool.h"
#include "tests/server/api_document.h"

namespace kseek::testing {
namespace {

constexpr std::chrono::seconds kPatience{60};

/// The value, or the test ends with the error's text.
template <class T>
T need(Result<T> result) {
  if (!result) throw std::runtime_error(describe(result.error()));
  return *std::move(result);
}

void need(const Result<void>& result) {
  if (!result) throw std::runtime_error(describe(result.error()));
}

}  // namespace

World::World(const server::ServerOptions& options) {
  broker_ = need(indexer::TestBroker::start());
  store_ = need(store::Store::open(dir_.file("data"), store::OpenMode::kOwner, {}));
  indexer::IndexerOptions indexing;
  indexing.brokers = broker_->address();
  indexing.kafka["fetch.wait.max.ms"] = "10";
  indexer_ = need(indexer::Indexer::start(*store_, indexing));
  producer_ = need(indexer::Producer::create(broker_->address(), {}));
  http_ = need(server::HttpServer::start(*store_, *indexer_, producer_.get(), options));
}

RawAnswer World::call(std::string_view method, std::string_view target, std::string_view body) const {
  RawAnswer answer = http(http_->url(), method, target, body);
  EXPECT_EQ(complaint(method, target, answer), "") << method << " " << target << "\n" << answer.body.substr(0, 2000);
  return answer;
}

std::vector<server::Route> World::routes() const {
  server::Metrics metrics;
  server::WorkPool pool(1, 1);
  server::StreamHub streams(pool, 1);
  server::Router router;
  server::add_all_routes(router, {*store_, *indexer_, metrics, producer_.get()}, streams);
  pool.stop();
  return router.routes();
}

void World::open(const std::string& topic, int partitions) {
  need(broker_->create_topic(topic, partitions));
  const RawAnswer opened = call("POST", "/api/v1/topics", R"({"topic":")" + topic + R"("})");
  if (opened.status != 201) throw std::runtime_error("can't open " + topic + ": " + opened.body);
}

indexer::Delivered World::send(indexer::OutgoingMessage message) {
  if (!message.partition) message.partition = PartitionId{0};
  const indexer::Delivered delivered = need(producer_->send(message, kPatience));
  wait_findable(message.topic);
  return delivered;
}

void World::wait_findable(const std::string& topic) { need(indexer_->wait_caught_up(topic, kPatience)); }

void World::send_all(const std::string& topic, const std::vector<indexer::OutgoingMessage>& messages) {
  for (const indexer::OutgoingMessage& message : messages) need(producer_->enqueue(message));
  need(producer_->flush(kPatience));
  wait_findable(topic);
}

}  // namespace kseek::testing
