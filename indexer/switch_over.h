// Puts a topic's next generation in the old one's place, for the threads of the indexer as for the store. Private to
// indexer/.
#pragma once

#include <string>

#include "base/result.h"
#include "indexer/cluster.h"
#include "indexer/reindex_kafka.h"
#include "indexer/tail.h"
#include "indexer/topic_registry.h"
#include "indexer/watch.h"
#include "indexer/workers.h"
#include "store/store.h"

namespace kseek::indexer {

/// What it works on; borrowed. Without a tail (and a cluster and a watch) topics aren't tailed.
struct Switchboard {
  store::Store& store;
  TopicRegistry& topics;
  Workers& workers;
  Cluster* cluster = nullptr;
  Tail* tail = nullptr;
  Watch* watch = nullptr;
};

/// As SwitchOver says. The next generation is tailed, and its ends are known, before it serves: an answer is as
/// complete after the swap as it was before. Any thread that holds no work mutex. kNotFound: the topic was closed.
[[nodiscard]] Result<void> switch_over(const Switchboard& board, const std::string& topic, const CatchUp& catch_up);

}  // namespace kseek::indexer
