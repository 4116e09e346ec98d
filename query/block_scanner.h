// Verifies a block: which of its messages that count match, best first. Keeps a matcher and scratch: one thread at a
// time.
#pragma once

#include <memory>
#include <optional>
#include <vector>

#include "query/candidates.h"
#include "query/matcher.h"
#include "query/prefilter.h"
#include "query/scope.h"
#include "query/sort_key.h"
#include "query/top_hits.h"

namespace kseek::query {

/// Which messages of a block count. Borrows nothing.
struct ScanLimits {
  uint32_t topic = 0;
  TimeKind time_kind = TimeKind::kCreate;
  PartitionScope partition;
  TimeRange times;
  Window window;
  size_t capacity = 1;                          ///< so many hits are wanted, …
  std::optional<SortKey> worst;                 ///< … none behind this one
  store::SliceMask slices = store::kAllSlices;  ///< the others have no match; not all only of a stored block, whole
  [[nodiscard]] bool contains(const SortKey& key) const {
    return key.offset >= partition.first && key.offset < partition.limit && key.time >= times.first &&
           key.time <= times.last && window.contains(key);
  }
  /// Every message counts of a block of these bounds.
  [[nodiscard]] bool contain_all(const store::BlockMeta& bounds) const;
};

class BlockScanner {
 public:
  struct Found {
    std::vector<RankedHit> hits;  ///< best first; their texts may not be loaded
    bool left_out = false;        ///< for want of place: only what stands at or before the last of a full page is known
    bool read_texts = false;      ///< false: none of its messages counted, nothing was looked at
    uint64_t verified = 0;        ///< messages that were looked at one by one
  };

  /// Both may be nullptr: everything matches. Borrows them; any number of scanners may share them.
  BlockScanner(const std::optional<Condition>& where, const Prefilter* prefilter);

  /// The first `count` messages of a block; `bounds` hold for them. kCorrupt: it can't be read to its end.
  [[nodiscard]] Result<Found> scan(const std::shared_ptr<const store::MessageBlock>& block, size_t count,
                                   const store::BlockMeta& bounds, const ScanLimits& limits);
  /// One message, all texts loaded.
  [[nodiscard]] bool matches(const store::StoredMessage& message, TimeKind time_kind) {
    return matcher_.matches(message, time_kind);
  }
  [[nodiscard]] std::vector<MatchedPart> matched_parts(const store::StoredMessage& message) {
    return matcher_.matched_parts(message);
  }

 private:
  /// What is looked at first of the messages of these slices.
  [[nodiscard]] Result<void> load(const store::MessageBlock& block, store::SliceMask slices) const;

  const Prefilter* const prefilter_;
  const store::Columns columns_;
  const bool all_match_;
  Matcher matcher_;
};

}  // namespace kseek::query
