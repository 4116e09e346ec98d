// Where a search looks: the topics' views, and which messages of each partition count. And what stands in the way of
// a complete answer. Values; one thread.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "query/cursor.h"
#include "query/request.h"
#include "store/topic_store.h"

namespace kseek::query {

/// Messages of [first, limit) count; those at or above scanned_from are done already in this round.
struct PartitionScope {
  PartitionId partition;
  Offset first;
  Offset limit;
  Offset scanned_from = kMaxOffset;
};

struct TopicScope {
  std::string name;
  std::shared_ptr<store::TopicStore> store;
  store::TopicView view;
  TimeRange times;                         ///< the request's, cut to what has not expired
  std::vector<PartitionScope> partitions;  ///< those asked for, rising

  [[nodiscard]] TimeKind time_kind() const { return view.config.time_kind; }
  /// nullptr when nothing of the partition is asked for.
  [[nodiscard]] const PartitionScope* find(PartitionId partition) const;
};

/// The topics by name, each once, with a view of now. kNotFound: one is not opened. kInvalid: none is named.
[[nodiscard]] Result<std::vector<TopicScope>> open_topics(const store::Store& store, const SearchRequest& request);

/// The partitions asked for as the view shows them.
[[nodiscard]] std::vector<PartitionSnapshot> take_snapshot(const store::TopicView& view, const SearchRequest& request);

/// Fills in what of the topic counts: the snapshot's partitions that still exist. `in_round`: go on inside a round.
void restrict_scope(TopicScope& scope, const std::vector<PartitionSnapshot>& snapshot, const OffsetRange& offsets,
                    const TimeRange& times, bool in_round);

/// Adds the topic's rows to `answer.coverage`, and to `answer.incomplete_because` why messages that the request asks
/// for could not be considered: a partition lags, its end is not known, messages could not be indexed.
void add_coverage(const TopicScope& scope, const std::vector<PartitionSnapshot>& snapshot, const SearchRequest& request,
                  SearchAnswer& answer);

}  // namespace kseek::query
