#include "indexer/switch_over.h"

#include <fmt/format.h>

#include "base/fault_point.h"
#include "base/time.h"
#include "indexer/resolver.h"

namespace kseek::indexer {
namespace {

using Phase = TopicEntry::Phase;

/// What was changed of the old one since the new one was begun, and which dead letters it has sent on.
Result<void> take_over_settings(const store::TopicStore& old, store::TopicStore& fresh) {
  for (const auto& partition : fresh.view().partitions) {  // nothing is sent on twice
    const Offset sent = old.dead_letters_sent(partition.partition);
    if (sent > kMinOffset) KSEEK_TRY(fresh.note_dead_letters_sent(partition.partition, sent));
  }
  if (fresh.events().empty()) {
    for (const store::TopicEvent& event : old.events()) KSEEK_TRY(fresh.add_event(event));
    KSEEK_TRY(fresh.add_event({now(), "read again from Kafka"}));
  }
  const store::TopicConfig before = old.config();
  store::TopicConfig config = fresh.config();
  config.paused = before.paused;
  config.retention = before.retention;
  config.labels = before.labels;
  config.dead_letter_topic = before.dead_letter_topic;
  if (config == fresh.config()) return {};
  return fresh.update_config(config);
}

/// What can't be done now is left to the watch; so is a generation that may lack a partition of the old one: its topic
/// is starting until the watch has asked. REQUIRES: the successor's work mutex.
void tail_on(const Switchboard& board, const store::TopicStore& old, const std::shared_ptr<TopicEntry>& successor) {
  if (board.tail == nullptr || board.cluster == nullptr || successor->phase() != Phase::kStarting) return;
  const auto partitions = successor->store().view().partitions;
  if (partitions.empty() || partitions.size() < old.view().partitions.size()) return;
  const auto resolved = Resolver(*board.cluster, *board.tail).resolve(successor, partitions.back().partition.value + 1);
  if (resolved) return;
  successor->set_trouble(describe(resolved.error()) + " (retried)");
  successor->forget_ends();
}

/// On an error nothing is left of it but the generation.
Result<void> replace(const Switchboard& board, const store::TopicStore& old, const CatchUp& catch_up,
                     const std::shared_ptr<TopicEntry>& successor) {
  KSEEK_TRY(catch_up());
  crash_point("switch.caught_up");
  store::TopicStore& fresh = successor->store();
  KSEEK_TRY(take_over_settings(old, fresh));
  crash_point("switch.settings_taken");
  const std::lock_guard work(successor->work_mutex());
  if (fresh.config().paused) successor->set_phase(Phase::kPaused);
  board.workers.add(successor->shared_store());
  tail_on(board, old, successor);
  crash_point("switch.tailed");
  auto adopted = board.store.adopt_generation(successor->name());
  if (adopted) return {};
  if (board.tail != nullptr) board.tail->unassign(successor);
  successor->set_phase(Phase::kClosed);
  board.workers.remove(fresh);
  return adopted;
}

}  // namespace

Result<void> switch_over(const Switchboard& board, const std::string& topic, const CatchUp& catch_up) {
  const Error closed{ErrorCode::kNotFound, fmt::format("topic \"{}\" was closed", topic), ""};
  const auto entry = board.topics.find(topic);
  if (!entry) return closed;
  const std::lock_guard work(entry->work_mutex());
  const auto fresh = board.store.generation(topic);
  if (entry->phase() == Phase::kClosed || !fresh) return closed;
  auto successor = std::make_shared<TopicEntry>(fresh);
  if (const auto settings = entry->settings()) successor->note_settings(*settings);
  if (board.tail != nullptr) board.tail->unassign(entry);
  entry->forget_assigned();
  crash_point("switch.unassigned");
  auto replaced = replace(board, entry->store(), catch_up, successor);
  if (replaced) {
    board.topics.add(std::move(successor));
    entry->set_phase(Phase::kClosed, "read again from Kafka");
    board.workers.remove(entry->store());
  }
  // It sees to whatever isn't tailed: to the old one, if that goes on.
  if (board.watch != nullptr) board.watch->wake();
  return replaced;
}

}  // namespace kseek::indexer
