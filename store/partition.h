// One partition of an opened topic in memory: its open block, its frozen ones, and where it stands. Plain data, held
// and locked by TopicStoreImpl; internal to store/.
#pragma once

#include <algorithm>
#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <optional>
#include <vector>

#include "base/ids.h"
#include "store/block.h"
#include "store/records.h"
#include "store/topic_store.h"

namespace kseek::store {

/// A closed block that is not durable yet, and how the partition stands when it is.
struct FrozenBlock {
  std::shared_ptr<OpenBlock> block;  ///< nobody appends any more; nullptr: there are dead letters alone
  size_t messages = 0;
  std::vector<DeadLetter> dead_letters;
  Offset next;
  Timestamp last_create, last_ingest;
  uint64_t sequence = 0;  ///< rises with every freeze of the topic
};

/// What is remembered of a durable dead letter, to count it and to know when it expires.
struct KeptDeadLetter {
  Offset offset;
  Timestamp time;
};

struct Partition {
  explicit Partition(PartitionId partition) : id(partition) {}

  const PartitionId id;
  std::mutex append_mu;  ///< held by append(), advance() and freezing; taken before the topic's locks

  // Written with append_mu and the topic's mu_ both held: read with either.
  std::shared_ptr<OpenBlock> open;
  size_t open_messages = 0;  ///< the open block's that are published
  std::vector<DeadLetter> open_dead_letters;
  Timestamp open_since;  ///< ingest time of the first message or dead letter in it
  Offset next;
  Timestamp last_create, last_ingest;

  // Guarded by the topic's mu_.
  std::deque<FrozenBlock> frozen;
  bool sealing = false;   ///< someone works on frozen.front()
  PartitionRecord saved;  ///< what the catalog has
  Offset low;             ///< Kafka's low watermark as last heard, or the start
  Offset first_kept;      ///< whole blocks and dead letters below were dropped, or there never were any
  std::optional<Offset> end;
  uint64_t sealed_messages = 0;
  std::vector<KeptDeadLetter> dead_letters;  ///< durable ones, by offset
  Offset letters_sent;                       ///< dead letters below were sent on

  /// What first_kept is once blocks went, by the first sealed block that is left.
  [[nodiscard]] Offset first_kept_with(std::optional<Offset> first_block) const {
    const Offset first = first_block.value_or(saved.next);
    return dead_letters.empty() ? first : std::min(first, dead_letters.front().offset);
  }
  [[nodiscard]] bool nothing_open() const { return open_messages == 0 && open_dead_letters.empty(); }
  [[nodiscard]] size_t dead_letter_count() const {
    size_t count = dead_letters.size() + open_dead_letters.size();
    for (const auto& block : frozen) count += block.dead_letters.size();
    return count;
  }
};

}  // namespace kseek::store
