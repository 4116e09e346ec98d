// Where a message stands in an answer: the key (time, partition, offset, topic) and the two orders over it. No two
// messages of a search share a key.
#pragma once

#include <compare>
#include <cstdint>

#include "base/ids.h"
#include "query/request.h"

namespace kseek::query {

struct SortKey {
  Timestamp time;  ///< of the topic's time kind
  PartitionId partition;
  Offset offset;
  uint32_t topic = 0;  ///< rank of the topic's name among the request's topics
  auto operator<=>(const SortKey&) const = default;
};

/// True if `a` stands before `b` in an answer of this order.
[[nodiscard]] inline bool precedes(const SortKey& a, const SortKey& b, Order order) {
  return order == Order::kNewest ? b < a : a < b;
}

/// No message of the block stands before this key, nor after worst_key. Time and offset vary independently inside a
/// block, so both are bounds, usually of no message.
[[nodiscard]] inline SortKey best_key(const store::BlockMeta& meta, TimeKind kind, uint32_t topic, Order order) {
  if (order == Order::kNewest) return {meta.max_time(kind), meta.partition, meta.last, topic};
  return {meta.min_time(kind), meta.partition, meta.first, topic};
}
/// The same of any blocks whose messages have these times.
[[nodiscard]] inline SortKey best_key(const store::TimeBounds& times, TimeKind kind, uint32_t topic, Order order) {
  if (order == Order::kNewest) return {times.max_time(kind), {INT32_MAX}, kMaxOffset, topic};
  return {times.min_time(kind), {0}, kMinOffset, topic};
}
[[nodiscard]] inline SortKey worst_key(const store::BlockMeta& meta, TimeKind kind, uint32_t topic, Order order) {
  return best_key(meta, kind, topic, order == Order::kNewest ? Order::kOldest : Order::kNewest);
}

}  // namespace kseek::query
