#include "indexer/switch_over.h"

#include <fmt/format.h>

#include "base/fault_point.h"
#include "base/time.h"

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

Result<void> replace(const Switchboard& board, const std::string& topic, const CatchUp& catch_up) {
  KSEEK_TRY(catch_up());
  const auto old = board.store.topic(topic);
  const auto fresh = board.store.generation(topic);
  if (!old || !fresh) return Error{ErrorCode::kNotFound, fmt::format("topic \"{}\" was closed", topic), ""};
  crash_point("switch.caught_up");
  KSEEK_TRY(take_over_settings(*old, *fresh));
  crash_point("switch.settings_taken");
  return board.store.adopt_generation(topic);
}

}  // namespace

Result<void> switch_over(const Switchboard& board, const std::string& topic, const CatchUp& catch_up) {
  const auto entry = board.topics.find(topic);
  if (!entry) return Error{ErrorCode::kNotFound, fmt::format("topic \"{}\" was closed", topic), ""};
  const std::lock_guard work(entry->work_mutex());
  const Phase phase = entry->phase();
  if (phase == Phase::kClosed) return Error{ErrorCode::kNotFound, fmt::format("topic \"{}\" was closed", topic), ""};
  if (board.tail != nullptr) board.tail->unassign(entry);
  entry->forget_assigned();
  crash_point("switch.unassigned");
  if (auto replaced = replace(board, topic, catch_up); !replaced) {
    if (phase == Phase::kTailing || phase == Phase::kStarting) entry->set_phase(Phase::kStarting);
    if (board.watch != nullptr) board.watch->wake();
    return replaced;
  }
  const auto fresh = board.store.topic(topic);
  auto successor = std::make_shared<TopicEntry>(fresh);
  if (fresh->config().paused) successor->set_phase(Phase::kPaused);
  board.topics.add(std::move(successor));
  entry->set_phase(Phase::kClosed, "read again from Kafka");
  board.workers.remove(entry->store());
  board.workers.add(fresh);
  if (board.watch != nullptr) board.watch->wake();
  return {};
}

}  // namespace kseek::indexer
