// The job that reads a topic again from Kafka, into a next generation of its messages and index, with a tail of its own
// beside the one that goes on; when it has caught up, it takes the old one's place. Private to indexer/.
#pragma once

#include <functional>
#include <string>

#include "base/result.h"
#include "indexer/indexer.h"
#include "indexer/job_control.h"
#include "store/store.h"

namespace kseek::indexer {

/// `catch_up` waits until nothing is missing, then leaves the generation durable, and to whoever called it: nobody else
/// appends to it or tells where it ends. An error: not now.
using CatchUp = std::function<Result<void>()>;
/// Holds the old one's tail, calls `catch_up`, puts the next generation in the topic's place and tails on with it. On
/// an error the old one goes on.
using SwitchOver = std::function<Result<void>(const std::string& topic, const CatchUp& catch_up)>;

struct KafkaReindex {
  std::string topic;
  std::string from;         ///< empty: where the topic began
  uint64_t rate_limit = 0;  ///< raw bytes a second; 0: none
  bool resumes = false;     ///< with what an earlier process has read
};

/// True: the next generation serves. False: it was wished to end before (what was read is left for another call).
/// Brokers that are away are waited for, said in the note. Errors: it can't be done; nothing of it is left.
[[nodiscard]] Result<bool> reindex_from_kafka(store::Store& store, const IndexerOptions& options,
                                              const KafkaReindex& request, const SwitchOver& switch_over,
                                              JobControl& control);

}  // namespace kseek::indexer
