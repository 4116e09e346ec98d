#include "indexer/resolver.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/time.h"
#include "indexer/log.h"
#include "indexer/test_broker.h"

namespace kseek::indexer {
namespace {

constexpr std::chrono::milliseconds kTimeout{3'000};
constexpr std::chrono::milliseconds kReadTimeout{1'000};

std::vector<TopicPartition> partitions_of(const std::string& topic, int32_t count) {
  std::vector<TopicPartition> all;
  all.reserve(static_cast<size_t>(count));
  for (int32_t p = 0; p < count; ++p) all.push_back({topic, PartitionId{p}});
  return all;
}

/// What `start` says of one partition, as far as no other question is needed.
Offset begin_of(const StartPosition& start, PartitionId partition, const Watermarks& marks) {
  switch (start.kind) {
    case StartPosition::Kind::kLatest:
    case StartPosition::Kind::kTime: return marks.high;
    case StartPosition::Kind::kOffsets: {
      const auto it = start.offsets.find(partition);
      return it == start.offsets.end() ? marks.low : std::max(it->second, marks.low);
    }
    case StartPosition::Kind::kEarliest: break;
  }
  return marks.low;
}

std::optional<Fingerprint> fingerprint_below(const store::TopicStore& store, PartitionId partition, Offset next) {
  if (next == kMinOffset) return std::nullopt;
  const auto newest = store::newest_message(store, partition, next);
  if (!newest || !*newest) return std::nullopt;  // all are expired, or it is unreadable: then it goes without
  return Fingerprint::of((**newest).message);
}

/// What people should know of; that the record of it can't be written is a lesser matter.
void tell(const TopicEntry& entry, std::string text) {
  log().warn("topic {}: {}", entry.name(), text);
  ignore_error(entry.store().add_event({now(), std::move(text)}), "the log has it");
}

}  // namespace

Result<Resolver::Marks> Resolver::watermarks(const std::string& topic, int32_t partitions) {
  auto marks = cluster_.watermarks(partitions_of(topic, partitions), kTimeout);
  if (marks || partitions == 1) return marks;
  // One partition without leader is enough to fail the lot: one by one, then.
  Marks each;
  bool any = false;
  for (const TopicPartition& partition : partitions_of(topic, partitions)) {
    auto one = cluster_.watermarks({partition}, kTimeout / 3);
    any = any || one;
    each.push_back(one ? std::move(one->front()) : Result<Watermarks>(std::move(one).error()));
    if (!any && each.size() >= 3) break;  // the broker is away
  }
  if (!any) return marks;
  return each;
}

Result<void> Resolver::check(const std::string& topic, int32_t partitions, const StartPosition& start) {
  if (start.kind != StartPosition::Kind::kOffsets) return {};
  for (const auto& [partition, offset] : start.offsets) {
    if (partition.value >= partitions) {
      return Error{ErrorCode::kInvalid, fmt::format("topic \"{}\" has no partition {}", topic, partition.value),
                   fmt::format("its partitions are 0 to {}", partitions - 1)};
    }
  }
  const auto marks = watermarks(topic, partitions);
  if (!marks) return {};
  for (const auto& [partition, offset] : start.offsets) {
    const auto& mark = (*marks)[static_cast<size_t>(partition.value)];
    if (mark && offset > mark->high) {
      return Error{ErrorCode::kInvalid,
                   fmt::format("topic \"{}\", partition {} has no offset {}", topic, partition.value, offset.value),
                   fmt::format("it ends at {}", mark->high.value)};
    }
  }
  return {};
}

Result<std::vector<Offset>> Resolver::first_offsets(const store::TopicConfig& config, int32_t partitions,
                                                    const Marks& marks) {
  KSEEK_ASSIGN(const StartPosition start, parse_start_position(config.from, config.opened_at));
  std::vector<Offset> begins;
  std::vector<std::optional<Offset>> by_time(static_cast<size_t>(partitions));
  if (start.kind == StartPosition::Kind::kTime) {
    KSEEK_ASSIGN(by_time, cluster_.offsets_at(config.name, partitions, start.time, kTimeout));
  }
  // The test broker can't look a time up: it has no more than what was sent since it was started.
  const bool all = start.kind == StartPosition::Kind::kTime && is_test_broker(cluster_.cluster_id());
  for (int32_t p = 0; p < partitions; ++p) {
    const auto i = static_cast<size_t>(p);
    if (marks[i]) {
      const Offset begin = all ? marks[i]->low : begin_of(start, PartitionId{p}, *marks[i]);
      begins.push_back(by_time[i].value_or(begin));
    } else if (start.kind == StartPosition::Kind::kEarliest) {
      begins.push_back(kMinOffset);  // right whenever its low watermark becomes known
    } else {
      return marks[i].error();
    }
  }
  return begins;
}

std::string what_is_odd(const store::PartitionView& known, const Watermarks& marks) {
  if (known.indexed_to > marks.high) {
    return fmt::format("offset {} was indexed, but Kafka's end is {}", known.indexed_to.value - 1, marks.high.value);
  }
  if (known.log_start && *known.log_start > marks.low) {
    return fmt::format("Kafka's first offset went back from {} to {}", known.log_start->value, marks.low.value);
  }
  return {};
}

void Resolver::suspect(TopicEntry& entry, PartitionId partition, const Watermarks& marks, const std::string& what) {
  entry.forget_end(partition);
  const int times = entry.count_suspicion(partition);
  entry.note_error(partition, what);
  if (times < TopicEntry::kSuspicions) return;  // a new leader may be behind for a moment
  if (times < TopicEntry::kTruncatedSuspicions && has_what_was_indexed(entry, partition, marks)) return;
  entry.note_recreated(partition, what);
}

/// The newest message that both can have is the same one.
bool Resolver::has_what_was_indexed(const TopicEntry& entry, PartitionId partition, const Watermarks& marks) {
  if (marks.high <= marks.low) return false;
  const auto ours = store::newest_message(entry.store(), partition, marks.high);
  if (!ours || !*ours || (**ours).message.offset < marks.low) return false;
  const Fingerprint expected = Fingerprint::of((**ours).message);
  const auto found = cluster_.read_messages({{entry.name(), partition, expected.offset}}, kReadTimeout);
  return !found[0] || *found[0] == expected;  // it couldn't be read: not now, then
}

/// nullopt: not now, or never; the entry says why.
std::optional<TailPosition> Resolver::go_on(TopicEntry& entry, const store::PartitionView& known,
                                            const Watermarks& marks) {
  const PartitionId partition = known.partition;
  const Offset next = known.indexed_to;
  if (next < marks.low) {
    if (next > kMinOffset) {
      tell(entry, fmt::format("partition {}: Kafka has expired offsets {} to {} before they were taken in",
                              partition.value, next.value, marks.low.value - 1));
    }
    entry.store().advance(partition, marks.low);
    return TailPosition{partition, marks.low, std::nullopt};
  }
  if (const std::string odd = what_is_odd(known, marks); !odd.empty()) {
    suspect(entry, partition, marks, odd);
    return std::nullopt;
  }
  entry.clear_suspicion(partition);
  TailPosition position{partition, next, std::nullopt};
  if (next > marks.low) position.fingerprint = fingerprint_below(entry.store(), partition, next);
  return position;
}

Result<void> Resolver::resolve(const std::shared_ptr<TopicEntry>& entry, int32_t partitions) {
  store::TopicStore& store = entry->store();
  const auto known = store.view().partitions;
  if (!known.empty() && known.back().partition.value >= partitions) {
    entry->note_recreated(known.back().partition, fmt::format("Kafka's topic has only {} partitions now", partitions));
    return {};
  }
  KSEEK_ASSIGN(const Marks marks, watermarks(entry->name(), partitions));
  std::vector<Offset> begins(static_cast<size_t>(partitions),
                             kMinOffset);  // partitions that Kafka added: from the first
  if (known.empty()) {
    KSEEK_ASSIGN(begins, first_offsets(store.config(), partitions, marks));
  }
  const auto assigned = entry->assigned();
  std::vector<TailPosition> positions;
  for (int32_t p = 0; p < partitions; ++p) {
    const PartitionId partition{p};
    const auto& mark = marks[static_cast<size_t>(p)];
    if (std::find(assigned.begin(), assigned.end(), partition) != assigned.end()) continue;
    if (!store.next_offset(partition)) KSEEK_TRY(store.start_partition(partition, begins[static_cast<size_t>(p)]));
    if (!mark) {
      entry->note_error(partition, mark.error().message);
      continue;
    }
    const auto place = std::lower_bound(known.begin(), known.end(), partition,
                                        [](const auto& view, PartitionId id) { return view.partition < id; });
    store::PartitionView state;
    if (place != known.end() && place->partition == partition) state = *place;
    state.partition = partition;
    state.indexed_to = store.next_offset(partition).value_or(kMinOffset);
    const auto position = go_on(*entry, state, *mark);
    if (entry->phase() == TopicEntry::Phase::kRecreating) return {};
    if (!position) continue;
    entry->note_watermarks(partition, *mark, entry->end_version(partition));
    positions.push_back(*position);
  }
  if (!known.empty() && partitions > static_cast<int32_t>(known.size())) {
    tell(*entry, fmt::format("Kafka's topic has {} partitions now, {} before", partitions, known.size()));
  }
  if (!positions.empty()) KSEEK_TRY(tail_.assign(entry, positions));
  entry->set_phase(TopicEntry::Phase::kTailing);
  return {};
}

}  // namespace kseek::indexer
