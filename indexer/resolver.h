// Finds out where each partition of a topic begins or goes on, and sets the tail on it. Private to indexer/.
#pragma once

#include <chrono>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "indexer/cluster.h"
#include "indexer/start_position.h"
#include "indexer/tail.h"
#include "indexer/topic_entry.h"

namespace kseek::indexer {

/// No state of its own. Any thread.
class Resolver {
 public:
  Resolver(Cluster& cluster, Tail& tail) : cluster_(cluster), tail_(tail) {}

  /// Partitions that are not tailed yet are started: a topic's first ones as its `from` says, ones that Kafka added
  /// later from their first message, known ones from where the store is. A partition that can't be started now is left
  /// for the next call, with its reason in the entry; one that is another topic's makes the entry kRecreating. An
  /// error: nothing could be asked. REQUIRES: the entry's work mutex; an entry that is starting or tailing.
  Result<void> resolve(const std::shared_ptr<TopicEntry>& entry, int32_t partitions);

  /// Kafka's watermarks don't fit what was indexed, as `what` says. The topic is given up as another one when it is so
  /// again and again, and Kafka's messages are others; or, if they are the same, only much later (it was cut off).
  /// REQUIRES: the watch's thread.
  void suspect(TopicEntry& entry, PartitionId partition, const Watermarks& marks, const std::string& what);

  /// kInvalid: `start` names a partition or offset that the topic doesn't have. Transient errors are not reported.
  Result<void> check(const std::string& topic, int32_t partitions, const StartPosition& start);

 private:
  using Marks = std::vector<Result<Watermarks>>;
  Result<Marks> watermarks(const std::string& topic, int32_t partitions);
  Result<std::vector<Offset>> first_offsets(const store::TopicConfig& config, int32_t partitions, const Marks& marks);
  bool has_what_was_indexed(const TopicEntry& entry, PartitionId partition, const Watermarks& marks);
  std::optional<TailPosition> go_on(TopicEntry& entry, const store::PartitionView& known, const Watermarks& marks);

  Cluster& cluster_;
  Tail& tail_;
};

/// What shows that these watermarks are another topic's than the one of which `known` was indexed; empty: nothing.
[[nodiscard]] std::string what_is_odd(const store::PartitionView& known, const Watermarks& marks);

}  // namespace kseek::indexer
