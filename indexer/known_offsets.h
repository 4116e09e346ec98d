// Which messages a topic has already, for an import that meets an offset again. Private to indexer/.
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <utility>
#include <vector>

#include "base/ids.h"
#include "base/result.h"
#include "store/topic_store.h"

namespace kseek::indexer {

/// One thread. Borrows the topic. Quick where offsets rise within each partition: it remembers a block a partition, and
/// reads only blocks that have gaps.
class KnownOffsets {
 public:
  enum class Answer : uint8_t {
    kStored,   ///< it is there, as a message or as a dead letter
    kExpired,  ///< it is not there, and would not be kept
    kMissing,  ///< it never was there
  };
  explicit KnownOffsets(const store::TopicStore& topic) : topic_(topic) {}

  /// Of a message that was created at `created`. kCorrupt: a block that may hold it can't be read.
  [[nodiscard]] Result<Answer> ask(PartitionId partition, Offset offset, Timestamp created);

 private:
  /// The offsets of one block.
  struct Range {
    Offset first{1}, last{0};      // both ends belong to it
    std::vector<Offset> existing;  // rising; empty: there are no gaps
    [[nodiscard]] bool covers(Offset offset) const { return first <= offset && offset <= last; }
    [[nodiscard]] bool has(Offset offset) const;
  };
  [[nodiscard]] Result<Range> find_range(const store::TopicView& view, PartitionId partition, Offset offset) const;
  [[nodiscard]] bool is_dead_letter(const store::TopicView& view, PartitionId partition, Offset offset);

  const store::TopicStore& topic_;
  std::map<PartitionId, Range> ranges_;               // the block looked at last
  std::set<std::pair<PartitionId, Offset>> letters_;  // dead letters, when there were letters_counted_
  uint64_t letters_counted_ = 0;
};

}  // namespace kseek::indexer
