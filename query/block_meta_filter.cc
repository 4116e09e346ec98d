#include "query/block_meta_filter.h"

#include <algorithm>

namespace kseek::query {
namespace {

using Kind = Condition::Kind;

bool names(const std::vector<PartitionId>& sorted, PartitionId partition) {
  return std::binary_search(sorted.begin(), sorted.end(), partition);
}

/// True only if every message of the block matches.
bool must_match(const Condition& condition, const store::BlockMeta& meta, TimeKind time_kind) {
  const auto child_must = [&](const Condition& child) { return must_match(child, meta, time_kind); };
  const auto& children = condition.children;
  switch (condition.kind) {
    case Kind::kPartitions: return names(condition.partitions, meta.partition);
    case Kind::kOffsets: return condition.offsets.contains(meta.first) && condition.offsets.contains(meta.last);
    case Kind::kTimes:
      return condition.times.contains(meta.min_time(time_kind)) && condition.times.contains(meta.max_time(time_kind));
    case Kind::kAnd: return std::all_of(children.begin(), children.end(), child_must);
    case Kind::kOr: return std::any_of(children.begin(), children.end(), child_must);
    case Kind::kNot: return !may_match(children.front(), meta, time_kind);
    case Kind::kPhrase:
    case Kind::kRegex:
    case Kind::kField: break;
  }
  return false;
}

}  // namespace

bool may_match(const Condition& condition, const store::BlockMeta& meta, TimeKind time_kind) {
  const auto child_may = [&](const Condition& child) { return may_match(child, meta, time_kind); };
  const auto& children = condition.children;
  switch (condition.kind) {
    case Kind::kPartitions: return names(condition.partitions, meta.partition);
    case Kind::kOffsets: return meta.first <= condition.offsets.last && meta.last >= condition.offsets.first;
    case Kind::kTimes:
      return meta.min_time(time_kind) <= condition.times.last && meta.max_time(time_kind) >= condition.times.first;
    case Kind::kAnd: return std::all_of(children.begin(), children.end(), child_may);
    case Kind::kOr: return std::any_of(children.begin(), children.end(), child_may);
    case Kind::kNot: return !must_match(children.front(), meta, time_kind);
    case Kind::kPhrase:
    case Kind::kRegex:
    case Kind::kField: break;
  }
  return true;
}

bool looks_at_metadata(const Condition& condition) {
  const Kind kind = condition.kind;
  return kind == Kind::kPartitions || kind == Kind::kOffsets || kind == Kind::kTimes ||
         std::any_of(condition.children.begin(), condition.children.end(), looks_at_metadata);
}

}  // namespace kseek::query
