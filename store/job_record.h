// A long piece of work on a topic as the catalog keeps it: what was asked for, and how it stands. Plain data.
#pragma once

#include <cstdint>
#include <string>

#include "base/ids.h"

namespace kseek::store {

/// Where a reindex takes the messages from.
enum class JobSource : uint8_t {
  kStore = 0,  ///< the stored messages: the index is built anew
  kKafka = 1,  ///< Kafka: messages and index are built anew
};

enum class JobState : uint8_t { kQueued = 0, kRunning = 1, kDone = 2, kFailed = 3, kCancelled = 4 };

struct JobRecord {
  uint64_t id = 0;  ///< from 1 on, rising
  std::string topic;
  JobSource source = JobSource::kStore;
  std::string from;         ///< of kKafka: where to begin; empty: where the topic began
  uint64_t rate_limit = 0;  ///< raw bytes a second; 0: none
  JobState state = JobState::kQueued;
  std::string reason;           ///< why it failed
  std::string note;             ///< what else there is to know about it
  Timestamp created;            ///< when it was asked for
  Timestamp started;            ///< -1: not yet
  Timestamp finished;           ///< -1: not yet
  uint64_t messages_done = 0;   ///< of `messages_total`
  uint64_t messages_total = 0;  ///< as far as known (from Kafka: offsets, gaps included)
  uint64_t bytes_done = 0;      ///< raw bytes: keys, values and headers
  uint64_t bytes_total = 0;     ///< 0: not known (from Kafka)
  uint64_t elapsed_ms = 0;      ///< time that it ran, restarts of the process apart
  bool operator==(const JobRecord&) const = default;

  [[nodiscard]] bool ended() const { return state != JobState::kQueued && state != JobState::kRunning; }
};

}  // namespace kseek::store
