#include "indexer/test_broker.h"

#include <librdkafka/rdkafka.h>
#include <librdkafka/rdkafka_mock.h>

#include <fmt/format.h>

#include <utility>

#include "indexer/kafka_client.h"

namespace kseek::indexer {
namespace {

constexpr int32_t kBrokerId = 1;

struct ClusterDeleter {
  void operator()(rd_kafka_mock_cluster_t* cluster) const { rd_kafka_mock_cluster_destroy(cluster); }
};

class MockBroker final : public TestBroker {
 public:
  MockBroker(std::unique_ptr<Client> host, rd_kafka_mock_cluster_t* cluster)
      : host_(std::move(host)), cluster_(cluster), address_(rd_kafka_mock_cluster_bootstraps(cluster)) {}

  std::string address() const override { return address_; }

  Result<void> create_topic(const std::string& name, int partitions) override {
    if (partitions < 1) {
      return Error{ErrorCode::kInvalid, fmt::format("topic \"{}\": {} partitions", name, partitions), "at least one"};
    }
    const auto err = rd_kafka_mock_topic_create(cluster_.get(), name.c_str(), partitions, 1);
    if (err == RD_KAFKA_RESP_ERR_TOPIC_ALREADY_EXISTS) {
      return Error{ErrorCode::kConflict, fmt::format("the test broker has a topic \"{}\" already", name), ""};
    }
    if (err != RD_KAFKA_RESP_ERR_NO_ERROR) return kafka_error(err, fmt::format("topic \"{}\"", name));
    return {};
  }

  void set_down(bool down) override {
    if (down) {
      rd_kafka_mock_broker_set_down(cluster_.get(), kBrokerId);
    } else {
      rd_kafka_mock_broker_set_up(cluster_.get(), kBrokerId);
    }
  }

 private:
  const std::unique_ptr<Client> host_;  // the cluster's threads belong to it; destroyed after the cluster
  const std::unique_ptr<rd_kafka_mock_cluster_t, ClusterDeleter> cluster_;
  const std::string address_;
};

}  // namespace

Result<std::unique_ptr<TestBroker>> TestBroker::start() {
  // The host connects to nothing: a client without brokers, only there to carry the cluster.
  KSEEK_ASSIGN(auto host, Client::create(RD_KAFKA_PRODUCER, "", {{"client.id", "kseek-broker"}}, {}, {}));
  rd_kafka_mock_cluster_t* cluster = rd_kafka_mock_cluster_new(host->get(), 1);
  if (cluster == nullptr) {
    return Error{ErrorCode::kUnavailable, "the test broker could not listen on 127.0.0.1",
                 "check the limit of open files and the loopback interface"};
  }
  return std::unique_ptr<TestBroker>(std::make_unique<MockBroker>(std::move(host), cluster));
}

bool is_test_broker(std::string_view cluster_id) { return cluster_id.starts_with("mockCluster"); }

}  // namespace kseek::indexer
