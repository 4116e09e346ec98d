// Watch: what passes between a topic and its cluster beside offsets: whose brokers answer, Kafka's settings, and how
// far we are. At an address there may be another cluster one day (a typo, a name that points elsewhere, a machine set
// up anew): what it says of a topic's offsets is nothing to change stored messages for.
#include <fmt/format.h>

#include "base/time.h"
#include "indexer/log.h"
#include "indexer/watch.h"

namespace kseek::indexer {
namespace {

using Phase = TopicEntry::Phase;

std::string foreign_text(const std::string& topic, const std::string& brokers, const std::string& cluster,
                         const std::string& known) {
  return fmt::format(
      "the brokers at {} are of another Kafka cluster ({}) than the messages that are stored ({}): those are left as "
      "they "
      "are, and found; it goes on when its own cluster answers again. Check --brokers; if the topic has moved: "
      "`kseek reindex {} --source kafka` reads it anew from this cluster",
      brokers, cluster, known, topic);
}

}  // namespace

/// The first broker that answers for a topic says whose its messages are.
Result<void> Watch::note_cluster(TopicEntry& entry) {
  store::TopicConfig config = entry.store().config();
  if (!config.cluster_id.empty()) return {};
  config.cluster_id = cluster_.cluster_id();
  if (config.cluster_id.empty()) return {};
  return entry.store().update_config(config);
}

/// False: `cluster` isn't the one that the topic's messages are of; the topic waits for that one.
bool Watch::is_of_cluster(const std::shared_ptr<TopicEntry>& entry, const std::string& cluster) {
  Memory& memory = memory_[entry->name()];
  const std::string known = entry->store().config().cluster_id;
  const bool foreign = other_cluster(known, cluster);
  if (!foreign && !memory.foreign) return true;
  const std::lock_guard work(entry->work_mutex());
  const Phase phase = entry->phase();
  if (phase == Phase::kClosed) return false;
  if (!foreign) {
    memory.foreign = false;
    entry->set_trouble("");
    if (phase != Phase::kForeign) return true;
    log().info("topic {}: its own Kafka cluster answers again", entry->name());
    ignore_error(entry->store().add_event({now(), "its own Kafka cluster answers again"}), "the log has it");
    entry->set_phase(Phase::kStarting);
    return true;
  }
  memory.partitions.reset();
  entry->forget_ends();
  const std::string text = foreign_text(entry->name(), options_.brokers, cluster, known);
  if (!std::exchange(memory.foreign, true)) {
    log().error("topic {}: {}", entry->name(), text);
    ignore_error(entry->store().add_event({now(), "another Kafka cluster answered: " + cluster}), "the log has it");
  }
  if (phase == Phase::kStarting || phase == Phase::kTailing || phase == Phase::kRecreating) {
    tail_.unassign(entry);
    entry->set_phase(Phase::kForeign, text);
  } else if (phase != Phase::kForeign) {
    entry->set_trouble(text);
  }
  return false;
}

/// Before its messages are dropped for others of that name: asked once more who answers. False: not now, or not at all.
bool Watch::may_be_recreated(const std::shared_ptr<TopicEntry>& entry) {
  const auto cluster = cluster_.ask_cluster_id(entry->name(), kAskCluster);
  if (!cluster) {
    entry->set_trouble(describe(cluster.error()) + " (retried)");
    return false;
  }
  return is_of_cluster(entry, *cluster);
}

/// Before messages expire because Kafka's first offset has risen: whose offset it is. The topics whose it isn't.
Result<std::set<const TopicEntry*>> Watch::foreign_among(const Entries& entries) {
  std::set<const TopicEntry*> foreign;
  KSEEK_ASSIGN(const std::string cluster, cluster_.ask_cluster_id(entries.front()->name(), kAskCluster));
  for (const auto& entry : entries) {
    if (other_cluster(entry->store().config().cluster_id, cluster)) foreign.insert(entry.get());
  }
  if (!foreign.empty()) next_layout_ = {};
  return foreign;
}

/// The answers come when they come: a broker that is slow with them holds nothing up.
void Watch::ask_settings(const Entries& entries) {
  const auto answers = cluster_.take_settings();
  for (const auto& entry : entries) {
    const auto answer = answers.find(entry->name());
    if (answer == answers.end() || memory_[entry->name()].foreign) continue;
    const auto known = entry->settings();
    if (!known || *known == answer->second) {
      entry->note_settings(answer->second);
      continue;
    }
    const std::string text = fmt::format(
        "Kafka's settings changed: retention.ms {} to {}, retention.bytes {} to {}, cleanup.policy {} to {}",
        known->retention_ms, answer->second.retention_ms, known->retention_bytes, answer->second.retention_bytes,
        known->cleanup_policy, answer->second.cleanup_policy);
    log().info("topic {}: {}", entry->name(), text);
    ignore_error(entry->store().add_event({now(), text}), "the log has it");
    entry->note_settings(answer->second);
  }
  if (Clock::now() < next_settings_) return;
  next_settings_ = Clock::now() + options_.metadata_interval;
  std::vector<std::string> names;
  for (const auto& entry : entries) names.push_back(entry->name());
  cluster_.request_settings(names);
}

/// What is sealed, for Kafka's own tools to see: where to go on is known to the store alone.
void Watch::commit_offsets(const Entries& entries) {
  next_commit_ = Clock::now() + options_.commit_interval;
  for (const auto& entry : entries) {
    if (entry->phase() != TopicEntry::Phase::kTailing) continue;
    std::map<PartitionId, Offset> sealed;
    for (const auto& partition : entry->store().view().partitions) sealed[partition.partition] = partition.sealed_to;
    auto& committed = memory_[entry->name()].committed;
    if (sealed == committed) continue;
    if (const auto synced = entry->store().sync(); !synced) {
      log().warn("topic {}: no offsets are committed: {}", entry->name(), describe(synced.error()));
      return;
    }
    cluster_.commit("kseek-" + entry->name(), entry->name(), sealed);
    committed = std::move(sealed);
  }
}

}  // namespace kseek::indexer
