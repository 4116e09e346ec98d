// How many messages there are over time, from the blocks' metadata: opens no block, so it is cheap at any size.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "query/ranges.h"
#include "query/request.h"

namespace kseek::query {

struct Timeline {
  Timestamp first;                ///< of the first bucket
  int64_t bucket_ms = 1;          ///< each bucket's width; the last one includes the range's end
  std::vector<uint64_t> buckets;  ///< messages in each
  /// Part of `messages` that stands in blocks over several buckets: spread evenly over the block's time, so an
  /// estimate. The rest is exact but for what has expired inside a block.
  uint64_t spread = 0;
  uint64_t messages = 0;  ///< in all buckets
};

inline constexpr size_t kMaxTimelineBuckets = 500;

/// The messages of the request's topics, partitions and times (nothing else of it counts), whatever their content. An
/// open end of the times is that of the messages. nullopt: no message there has a time. Any thread.
/// kNotFound, kInvalid: as search().
[[nodiscard]] Result<std::optional<Timeline>> count_over_time(const store::Store& store, const SearchRequest& request,
                                                              size_t buckets);

}  // namespace kseek::query
