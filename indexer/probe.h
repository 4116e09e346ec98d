// A look at a Kafka cluster as kseek will use it: who answers, what may be read. For `kseek doctor`. Nothing is
// committed, changed or joined. Any thread; every function blocks, for about `timeout` a step.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/ids.h"
#include "base/result.h"

namespace kseek::indexer {

struct ProbedBroker {
  int32_t id = 0;
  std::string host;  ///< as the broker advertises itself: every client must reach it there
  int port = 0;
};

struct ProbedTopic {
  std::string name;
  int32_t partitions = 0;
  std::optional<Error> describe;  ///< why it can't be found; the rest is then unknown
  std::optional<Error> read;      ///< why nothing can be read of it
  std::optional<Error> settings;  ///< why its retention and cleanup policy aren't told; kInvalid: this user may not ask
  std::optional<Timestamp> newest;  ///< time of the last message of a partition that has one
};

struct ProbedCluster {
  std::string id;        ///< empty: not told
  std::string version;   ///< of the protocol between brokers, for instance "3.9-IV0"; empty: not told
  bool is_test = false;  ///< kseek's own broker, for trying: it knows no settings, and isn't asked for them
  std::vector<ProbedBroker> brokers;
  std::vector<ProbedTopic> topics;  ///< as asked
};

/// kUnavailable, kTimeout: no broker answers, with the reason as far as known; kInvalid: a property is wrong.
[[nodiscard]] Result<ProbedCluster> probe_cluster(const std::string& brokers,
                                                  const std::map<std::string, std::string>& kafka,
                                                  const std::vector<std::string>& topics,
                                                  std::chrono::milliseconds timeout);

}  // namespace kseek::indexer
