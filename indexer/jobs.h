// Long work on topics, in the background: rebuilding a topic's index from its stored messages, or reading the whole
// topic from Kafka again. Jobs are kept in the catalog: what runs when the process ends goes on with the next one.
//
// One job runs at a time (it uses every core), others are queued; a topic has one at a time. The last kKeptJobs are
// remembered. Any thread.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "store/job_record.h"

namespace kseek::indexer {

inline constexpr size_t kKeptJobs = 100;

struct ReindexRequest {
  std::string topic;
  store::JobSource source = store::JobSource::kStore;
  /// Of kKafka: earliest | latest | a time | "0:100,1:250"; empty: from where the topic began when it was opened.
  std::string from = {};
  uint64_t rate_limit = 0;  ///< raw bytes a second; 0: none
};

struct JobStatus : store::JobRecord {
  double bytes_per_second = 0;               ///< now; 0 when it isn't running
  std::optional<std::chrono::seconds> left;  ///< at this rate; nullopt: nobody knows
};

[[nodiscard]] const char* to_string(store::JobSource source);  ///< "store", "kafka"
[[nodiscard]] const char* to_string(store::JobState state);    ///< "queued", "running", "done", "failed", "cancelled"

class Jobs {
 public:
  virtual ~Jobs() = default;

  /// Queues it. kNotFound: no such topic. kConflict: the topic has a job already (names it), or Kafka has fewer
  /// messages than are kept here and no `from` says that those may go. kInvalid: a `from` that is none, or of kStore;
  /// kKafka of an imported topic, or without brokers.
  [[nodiscard]] virtual Result<JobStatus> reindex(const ReindexRequest& request) = 0;
  [[nodiscard]] virtual std::vector<JobStatus> all() const = 0;  ///< newest first
  [[nodiscard]] virtual Result<JobStatus> find(uint64_t id) const = 0;
  /// Waits (some seconds at most) until it has ended; what serves is as before. No effect on one that has ended.
  [[nodiscard]] virtual Result<JobStatus> cancel(uint64_t id) = 0;
};

}  // namespace kseek::indexer
