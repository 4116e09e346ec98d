#include "query/scope.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/glob.h"

namespace kseek::query {
namespace {

template <class Item>
const Item* find_partition(const std::vector<Item>& sorted, PartitionId partition) {
  const auto it = std::lower_bound(sorted.begin(), sorted.end(), partition,
                                   [](const Item& item, PartitionId p) { return item.partition < p; });
  return it != sorted.end() && it->partition == partition ? &*it : nullptr;
}

bool asks_for(const SearchRequest& request, PartitionId partition) {
  return !request.partitions ||
         std::find(request.partitions->begin(), request.partitions->end(), partition) != request.partitions->end();
}

/// Names as they are; for each pattern the opened topics that it names, at least one.
Result<std::vector<std::string>> expand_patterns(const store::Store& store, const std::vector<std::string>& patterns) {
  std::vector<std::string> names;
  for (const std::string& pattern : patterns) {
    if (pattern.find('*') == std::string::npos) {
      names.push_back(pattern);
      continue;
    }
    const size_t before = names.size();
    for (const auto& topic : store.topics()) {
      if (std::string name = topic->config().name; matches_glob(pattern, name)) names.push_back(std::move(name));
    }
    if (names.size() == before) {
      return Error{ErrorCode::kNotFound, fmt::format("no opened topic is named like \"{}\"", pattern),
                   "`kseek topics` lists the opened ones"};
    }
  }
  return names;
}

}  // namespace

const PartitionScope* TopicScope::find(PartitionId partition) const { return find_partition(partitions, partition); }

Result<std::vector<TopicScope>> open_topics(const store::Store& store, const SearchRequest& request) {
  KSEEK_ASSIGN(std::vector<std::string> names, expand_patterns(store, request.topics));
  std::sort(names.begin(), names.end());
  names.erase(std::unique(names.begin(), names.end()), names.end());
  if (names.empty()) return Error{ErrorCode::kInvalid, "topic: none is named", "name the topics to search"};
  std::vector<TopicScope> scopes;
  for (std::string& name : names) {
    auto topic = store.topic(name);
    if (topic == nullptr) {
      return Error{ErrorCode::kNotFound, fmt::format("topic \"{}\" is not opened", name),
                   fmt::format("open it first: kseek open {}", name)};
    }
    TopicScope scope;
    scope.name = std::move(name);
    scope.view = topic->view();
    scope.store = std::move(topic);
    scopes.push_back(std::move(scope));
  }
  return scopes;
}

std::vector<PartitionSnapshot> take_snapshot(const store::TopicView& view, const SearchRequest& request) {
  std::vector<PartitionSnapshot> snapshot;
  for (const store::PartitionView& partition : view.partitions) {
    if (!asks_for(request, partition.partition)) continue;
    const bool imported = view.config.source == store::Source::kImport;
    snapshot.push_back({partition.partition, partition.indexed_to,
                        imported ? std::optional(partition.indexed_to) : partition.end, partition.sealed_to});
  }
  return snapshot;
}

void restrict_scope(TopicScope& scope, const std::vector<PartitionSnapshot>& snapshot, const OffsetRange& offsets,
                    const TimeRange& times, bool in_round) {
  scope.times = {std::max(times.first, scope.view.time_floor), times.last};
  scope.partitions.clear();
  for (const PartitionSnapshot& seen : snapshot) {
    const store::PartitionView* now = find_partition(scope.view.partitions, seen.partition);
    if (now == nullptr) continue;
    PartitionScope partition;
    partition.partition = seen.partition;
    partition.first = std::max(now->low, offsets.first);
    partition.limit = offsets.last < seen.upper ? offsets.last.next() : seen.upper;
    if (in_round) partition.scanned_from = seen.scanned_from;
    scope.partitions.push_back(partition);
  }
}

namespace {

/// Partitions that share a reason, for one sentence.
class Reason {
 public:
  void add(PartitionId partition, uint64_t messages) {
    if (partitions_++ < kNamed) names_ += fmt::format("{}{}", names_.empty() ? "" : ", ", partition.value);
    messages_ += messages;
  }
  /// "partitions 0, 3: " and the reason, or nothing.
  void tell(const std::string& prefix, std::string_view one, std::string_view many, SearchAnswer& answer) const {
    if (partitions_ == 0) return;
    std::string text = fmt::format("{}partition{} {}", prefix, partitions_ == 1 ? "" : "s", names_);
    if (partitions_ > kNamed) text += fmt::format(" and {} more", partitions_ - kNamed);
    answer.incomplete_because.push_back(
        fmt::format("{}: {}", text, fmt::format(fmt::runtime(messages_ == 1 ? one : many), messages_)));
  }

 private:
  static constexpr size_t kNamed = 8;
  size_t partitions_ = 0;
  uint64_t messages_ = 0;
  std::string names_;
};

/// How many offsets of [first, end) the request asks for.
uint64_t asked_between(Offset first, Offset end, const OffsetRange& offsets) {
  const int64_t from = std::max(first, offsets.first).value;
  const int64_t to = offsets.last < end ? offsets.last.next().value : end.value;
  return to > from ? static_cast<uint64_t>(to - from) : 0;
}

/// Dead letters of each partition that the request asks for.
class DeadLetterCounts {
 public:
  DeadLetterCounts(const TopicScope& scope, const SearchRequest& request) : request_(request) {
    uint64_t all = 0;
    for (const store::PartitionView& partition : scope.view.partitions) all += partition.dead_letters;
    if (all > 0) letters_ = scope.store->dead_letters(kMaxLetters);
  }
  [[nodiscard]] uint64_t of(const store::PartitionView& partition, Offset upper) const {
    if (partition.dead_letters == 0 || letters_.size() >= kMaxLetters) return partition.dead_letters;
    return static_cast<uint64_t>(std::count_if(letters_.begin(), letters_.end(), [&](const store::DeadLetter& letter) {
      return letter.partition == partition.partition && letter.offset >= partition.low && letter.offset < upper &&
             letter.offset >= request_.offsets.first && letter.offset <= request_.offsets.last;
    }));
  }

 private:
  static constexpr size_t kMaxLetters = 10'000;
  const SearchRequest& request_;
  std::vector<store::DeadLetter> letters_;
};

}  // namespace

void add_coverage(const TopicScope& scope, const std::vector<PartitionSnapshot>& snapshot, const SearchRequest& request,
                  SearchAnswer& answer) {
  Reason lagging, end_unknown, dead, missing;
  const DeadLetterCounts dead_letters(scope, request);
  for (const PartitionSnapshot& seen : snapshot) {
    const store::PartitionView* now = find_partition(scope.view.partitions, seen.partition);
    if (now == nullptr) continue;
    const uint64_t lag =
        seen.end && *seen.end > seen.upper ? static_cast<uint64_t>(seen.end->value - seen.upper.value) : 0;
    answer.coverage.push_back({scope.name, seen.partition, now->low, seen.upper, seen.end, lag, now->dead_letters});
    if (!seen.end && request.offsets.last >= seen.upper) end_unknown.add(seen.partition, 0);
    const uint64_t behind = seen.end ? asked_between(std::max(seen.upper, now->low), *seen.end, request.offsets) : 0;
    if (behind > 0) lagging.add(seen.partition, behind);
    const uint64_t letters = dead_letters.of(*now, seen.upper);
    if (letters > 0) dead.add(seen.partition, letters);
  }
  if (request.partitions && scope.view.config.source == store::Source::kKafka) {
    for (const PartitionId partition : *request.partitions) {
      if (find_partition(snapshot, partition) == nullptr) missing.add(partition, 0);
    }
  }
  const bool is_named = request.topics.size() == 1 && request.topics.front() == scope.name;  // and not by a pattern
  const std::string prefix = is_named ? "" : scope.name + ", ";
  if (scope.view.partitions.empty() && scope.view.config.source == store::Source::kKafka) {
    answer.incomplete_because.push_back(scope.name + ": its partitions are not known yet, no broker has named them");
  }
  missing.tell(prefix, "", "nothing is known of it: it does not exist or was not heard of yet", answer);
  end_unknown.tell(prefix, "", "the end of the log is not known, no broker is asked or answers", answer);
  lagging.tell(prefix, "{} message is not indexed yet", "{} messages are not indexed yet", answer);
  dead.tell(prefix, "{} message could not be indexed (see the dead letters)",
            "{} messages could not be indexed (see the dead letters)", answer);
}

}  // namespace kseek::query
