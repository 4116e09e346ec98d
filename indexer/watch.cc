#include "indexer/watch.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "base/time.h"
#include "indexer/log.h"

namespace kseek::indexer {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds kTimeout{3'000};
constexpr milliseconds kOneTopicTimeout{1'000};
constexpr milliseconds kSkip{10'000};  // a topic whose watermarks can't be asked
constexpr milliseconds kReadTimeout{1'000};
constexpr size_t kConfirmAtOnce = 256;  // partitions; each costs a small fetch
constexpr int kMissingRounds = 3;       // in a row; a controller that has just started may know no topics for a moment

}  // namespace

Watch::Watch(const WatchOptions& options, TopicRegistry& topics, Cluster& cluster, Tail& tail)
    : options_(options), topics_(topics), cluster_(cluster), tail_(tail), resolver_(cluster, tail) {
  thread_ = std::thread([this] { run(); });
}

Watch::~Watch() { stop(); }

void Watch::wake() {
  const std::lock_guard lock(mu_);
  wake_ = true;
  woken_.notify_all();
}

void Watch::stop() {
  {
    const std::lock_guard lock(mu_);
    stopping_ = true;
    woken_.notify_all();
  }
  if (thread_.joinable()) thread_.join();
}

std::string Watch::broker_trouble() const {
  const std::lock_guard lock(mu_);
  return broker_trouble_;
}

void Watch::run() {
  std::unique_lock lock(mu_);
  while (!stopping_) {
    if (std::exchange(wake_, false)) next_layout_ = {};
    lock.unlock();
    round();
    lock.lock();
    woken_.wait_for(lock, options_.watermark_interval, [this] { return stopping_ || wake_; });
  }
}

Watch::Entries Watch::entries() const {
  Entries found = topics_.all();
  std::erase_if(found, [](const auto& entry) {
    const auto phase = entry->phase();
    return phase == TopicEntry::Phase::kImported || phase == TopicEntry::Phase::kClosed;
  });
  return found;
}

void Watch::round() {
  Entries all = entries();
  std::set<std::string> names;
  for (const auto& entry : all) names.insert(entry->name());
  std::erase_if(memory_, [&names](const auto& item) { return !names.contains(item.first); });
  drop_failed(all);
  recreate_topics(all);
  std::erase_if(all, [](const auto& entry) {
    const auto phase = entry->phase();
    return phase == TopicEntry::Phase::kFailed || phase == TopicEntry::Phase::kRecreating ||
           phase == TopicEntry::Phase::kClosed;
  });
  if (all.empty()) return;

  const bool waiting = std::any_of(all.begin(), all.end(), [this](const auto& entry) {
    const Memory& memory = memory_[entry->name()];
    return entry->phase() == TopicEntry::Phase::kStarting || !memory.partitions || memory.missing_rounds > 0 ||
           (entry->phase() == TopicEntry::Phase::kTailing &&
            entry->assigned().size() < static_cast<size_t>(*memory.partitions));
  });
  if (waiting || down_since_ || Clock::now() >= next_layout_) {
    if (!ask_layout(all)) return;
    next_layout_ = Clock::now() + options_.metadata_interval;
    confirm_topics(all);
  }
  start_topics(all);
  ask_watermarks(all);
  if (down_since_) return;
  if (options_.commits && Clock::now() >= next_commit_) commit_offsets(all);
  ask_settings(all);
}

/// False: no broker answered.
bool Watch::ask_layout(const Entries& entries) {
  std::vector<std::string> names;
  for (const auto& entry : entries) names.push_back(entry->name());
  const auto counts = cluster_.partition_counts(names, kTimeout);
  if (!counts) {
    broker_is_down(entries, counts.error());
    return false;
  }
  broker_is_up(entries);
  const std::string cluster = cluster_.cluster_id();
  for (const auto& entry : entries) {
    if (!is_of_cluster(entry, cluster)) continue;
    Memory& memory = memory_[entry->name()];
    const auto& count = counts->at(entry->name());
    if (count) {
      if (std::exchange(memory.missing_rounds, 0) > 0) entry->set_trouble("");
      note_found(entry);
      memory.partitions = *count;
    } else if (count.error().code == ErrorCode::kNotFound) {
      note_missing(*entry, memory, count.error());
    } else {
      memory.partitions.reset();
      memory.missing_rounds = 1;  // look again soon
      entry->set_trouble(describe(count.error()));
      entry->forget_ends();
    }
  }
  return true;
}

void Watch::note_missing(TopicEntry& entry, Memory& memory, const Error& error) {
  memory.partitions.reset();
  ++memory.missing_rounds;
  entry.forget_ends();
  if (entry.phase() == TopicEntry::Phase::kDeleted) return;
  if (entry.phase() == TopicEntry::Phase::kTailing && memory.missing_rounds >= kMissingRounds) {
    // "No such topic" is also what a broker says that may not show it: nothing is dropped for that.
    entry.give_up(TopicEntry::Phase::kDeleted,
                  fmt::format("deleted in Kafka: it has no topic \"{}\" any more; what was indexed stays until `kseek "
                              "close {}`, or until Kafka has a topic of that name again",
                              entry.name(), entry.name()));
    log().error("topic {}: {}", entry.name(), error.message);
    ignore_error(entry.store().add_event({now(), "deleted in Kafka"}), "the log has it");
  } else {
    entry.set_trouble(fmt::format("Kafka has no topic \"{}\" now; waiting for it", entry.name()));
  }
}

void Watch::note_found(const std::shared_ptr<TopicEntry>& entry) {
  if (entry->phase() != TopicEntry::Phase::kDeleted) return;  // whoever holds the mutex now isn't waited for
  const std::lock_guard work(entry->work_mutex());
  if (entry->phase() != TopicEntry::Phase::kDeleted) return;
  log().info("topic {}: Kafka has it again", entry->name());
  ignore_error(entry->store().add_event({now(), "Kafka has a topic of this name again"}), "the log has it");
  entry->set_phase(TopicEntry::Phase::kStarting);
}

/// A topic that was deleted and created again can have grown past where tailing went on, and then nothing else tells.
void Watch::confirm_topics(const Entries& entries) {
  using Name = std::pair<std::string, PartitionId>;
  struct Due {
    TopicEntry* entry;
    TopicEntry::ToConfirm expected;
  };
  std::map<Name, Due> due;
  for (const auto& entry : entries) {
    const int32_t count = memory_[entry->name()].partitions.value_or(0);
    for (const auto& partition : entry->store().view().partitions) {
      const auto expected = entry->to_confirm(partition.partition);
      if (!expected || partition.partition.value >= count) continue;
      if (expected->anchor.offset < partition.low) {
        entry->confirm(partition.partition, expected->newest);
      } else {
        due.emplace(Name(entry->name(), partition.partition), Due{entry.get(), *expected});
      }
    }
  }
  // In turn, so that each comes round.
  std::vector<Cluster::Place> places;
  auto next = due.upper_bound(confirmed_last_);
  for (; places.size() < std::min(kConfirmAtOnce, due.size()); ++next) {
    if (next == due.end()) next = due.begin();
    confirmed_last_ = next->first;
    places.push_back({next->first.first, next->first.second, next->second.expected.anchor.offset});
  }
  if (places.empty()) return;
  const auto found = cluster_.read_messages(places, kReadTimeout);
  for (size_t i = 0; i < places.size(); ++i) {
    if (!found[i]) continue;
    const auto& [topic, partition, offset] = places[i];
    const auto& [entry, expected] = due.at(Name(topic, partition));
    if (found[i]->offset == offset && *found[i] != expected.anchor) {
      entry->note_recreated(partition, other_message(offset));
    } else {
      entry->confirm(partition, expected.newest);
    }
  }
  drop_failed(entries);
}

void Watch::start_topics(const Entries& entries) {
  for (const auto& entry : entries) {
    const auto partitions = memory_[entry->name()].partitions;
    if (!partitions) continue;
    const std::unique_lock work(entry->work_mutex(), std::try_to_lock);
    if (!work) continue;  // somebody is opening or closing it just now: the next round, then
    const auto phase = entry->phase();
    if (phase != TopicEntry::Phase::kStarting && phase != TopicEntry::Phase::kTailing) continue;
    if (phase == TopicEntry::Phase::kTailing && entry->assigned().size() >= static_cast<size_t>(*partitions)) continue;
    auto resolved = note_cluster(*entry);
    if (resolved) resolved = resolver_.resolve(entry, *partitions);
    if (!resolved) {
      entry->set_trouble(describe(resolved.error()) + " (retried)");
      entry->forget_ends();
    } else {
      entry->set_trouble("");
    }
  }
  drop_failed(entries);
}

/// Whoever found the failure may not have been able to stop the tail.
void Watch::drop_failed(const Entries& entries) {
  for (const auto& entry : entries) {
    const auto phase = entry->phase();
    const bool given_up = phase == TopicEntry::Phase::kFailed || phase == TopicEntry::Phase::kDeleted;
    if (!given_up || entry->assigned().empty()) continue;
    log().error("topic {}: {}", entry->name(), entry->reason());
    tail_.unassign(entry);
    entry->forget_assigned();
  }
}

void Watch::recreate_topics(const Entries& entries) {
  for (const auto& entry : entries) {
    if (entry->phase() != TopicEntry::Phase::kRecreating || !may_be_recreated(entry)) continue;
    if (!options_.recreate(entry)) continue;
    memory_.erase(entry->name());
    next_layout_ = {};
    wake();
  }
}

void Watch::ask_watermarks(const Entries& entries) {
  const auto now = Clock::now();
  Entries together;
  Entries alone;
  for (const auto& entry : entries) {
    const Memory& memory = memory_[entry->name()];
    if (!memory.partitions) continue;
    if (memory.skip_until == Clock::time_point{}) {
      together.push_back(entry);
    } else if (now >= memory.skip_until) {
      alone.push_back(entry);
    }
  }
  Error error;
  if (!ask_watermarks_of(together, error)) {
    // Either no broker is there, or one topic spoils it for all.
    if (!ask_layout(together)) return;
    alone.insert(alone.end(), together.begin(), together.end());
  }
  for (const auto& entry : alone) {
    Memory& memory = memory_[entry->name()];
    if (!memory.partitions || ask_watermarks_of({entry}, error)) {
      memory.skip_until = {};
      continue;
    }
    memory.skip_until = Clock::now() + kSkip;
    entry->forget_ends();
    entry->set_trouble(describe(error) + " (retried)");
  }
}

bool Watch::ask_watermarks_of(const Entries& entries, Error& error) {
  struct Asked {
    TopicEntry* entry;
    store::PartitionView known;  ///< before it was asked
    uint64_t version;
  };
  std::vector<Asked> asked;
  std::vector<TopicPartition> partitions;
  for (const auto& entry : entries) {
    const int32_t count = memory_[entry->name()].partitions.value_or(0);
    for (const auto& partition : entry->store().view().partitions) {
      const PartitionId id = partition.partition;
      if (id.value >= count) continue;
      asked.push_back({entry.get(), partition, entry->end_version(id)});
      partitions.push_back({entry->name(), id});
    }
  }
  const auto marks = cluster_.watermarks(partitions, entries.size() == 1 ? kOneTopicTimeout : kTimeout);
  if (!marks) {
    error = marks.error();
    return false;
  }
  bool rising = false;
  for (size_t i = 0; i < asked.size(); ++i) {
    const auto& mark = (*marks)[i];
    const auto& known = asked[i].known.log_start;
    rising = rising || (mark && (!known || mark->low > *known));
  }
  const auto foreign = rising ? foreign_among(entries) : std::set<const TopicEntry*>();
  if (!foreign) {
    error = foreign.error();
    return false;
  }
  for (size_t i = 0; i < asked.size(); ++i) {
    const auto& mark = (*marks)[i];
    if (foreign->contains(asked[i].entry)) {
      asked[i].entry->forget_end(asked[i].known.partition);
    } else if (mark) {
      note_watermarks(*asked[i].entry, asked[i].known, *mark, asked[i].version);
    } else {
      asked[i].entry->forget_end(asked[i].known.partition);
      asked[i].entry->note_error(asked[i].known.partition, mark.error().message);
    }
  }
  drop_failed(entries);
  return true;
}

void Watch::note_watermarks(TopicEntry& entry, const store::PartitionView& known, const Watermarks& marks,
                            uint64_t version) {
  const PartitionId partition = known.partition;
  const std::string odd = what_is_odd(known, marks);
  if (odd.empty()) {
    entry.clear_suspicion(partition);
    entry.note_watermarks(partition, marks, version);
    return;
  }
  resolver_.suspect(entry, partition, marks, odd);
}

void Watch::broker_is_down(const Entries& entries, const Error& error) {
  if (!down_since_) {
    down_since_ = now();
    log().warn("no answer from Kafka at {}: {}; retrying", options_.brokers, error.message);
  }
  const std::string last = cluster_.last_error();
  const std::string text = fmt::format("broker {} is down since {}, retrying ({})", options_.brokers,
                                       format_time(*down_since_), last.empty() ? error.message : last);
  {
    const std::lock_guard lock(mu_);
    broker_trouble_ = text;
  }
  for (const auto& entry : entries) {
    entry->set_trouble(text);
    entry->forget_ends();
  }
}

void Watch::broker_is_up(const Entries& entries) {
  if (!down_since_) return;
  log().info("Kafka at {} answers again", options_.brokers);
  down_since_.reset();
  {
    const std::lock_guard lock(mu_);
    broker_trouble_.clear();
  }
  for (const auto& entry : entries) entry->set_trouble("");
}

}  // namespace kseek::indexer
