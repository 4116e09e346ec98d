#include "indexer/topic_entry.h"

#include <fmt/format.h>

#include <algorithm>

namespace kseek::indexer {

std::string other_message(Offset offset) {
  return fmt::format("offset {} holds another message than the one that was indexed", offset.value);
}

TopicEntry::Phase TopicEntry::phase() const {
  const std::lock_guard lock(mu_);
  return phase_;
}

void TopicEntry::set_phase(Phase phase, std::string reason) {
  const std::lock_guard lock(mu_);
  phase_ = phase;
  reason_ = std::move(reason);
  if (phase != Phase::kTailing) {
    for (auto& [id, partition] : partitions_) {
      partition.assigned = partition.caught_up = false;
      partition.error.clear();
    }
  }
  news_.notify_all();
}

void TopicEntry::give_up(Phase phase, std::string reason) {
  const std::lock_guard lock(mu_);
  if (phase_ == Phase::kFailed || phase_ == Phase::kDeleted || phase_ == Phase::kForeign ||
      phase_ == Phase::kRecreating || phase_ == Phase::kClosed) {
    return;
  }
  phase_ = phase;
  reason_ = std::move(reason);
  for (auto& [id, partition] : partitions_) forget_end_locked(id, partition);
  news_.notify_all();
}

void TopicEntry::note_recreated(PartitionId partition, const std::string& what) {
  give_up(Phase::kRecreating, fmt::format("partition {}: {}: the topic was deleted and created again, or truncated; it "
                                          "is indexed anew",
                                          partition.value, what));
}

std::string TopicEntry::reason() const {
  const std::lock_guard lock(mu_);
  return reason_;
}

void TopicEntry::note_settings(const KafkaTopicSettings& settings) {
  const std::lock_guard lock(mu_);
  settings_ = settings;
}

std::optional<KafkaTopicSettings> TopicEntry::settings() const {
  const std::lock_guard lock(mu_);
  return settings_;
}

void TopicEntry::set_trouble(std::string trouble) {
  const std::lock_guard lock(mu_);
  trouble_ = std::move(trouble);
}

void TopicEntry::publish_end_locked(PartitionId partition, const Partition& state) {
  if (phase_ == Phase::kClosed) return;
  store_->set_watermarks(partition, kMinOffset, state.low_known ? state.end : std::nullopt);
}

void TopicEntry::forget_end_locked(PartitionId id, Partition& partition) {
  partition.end.reset();
  partition.low_known = false;
  publish_end_locked(id, partition);
}

void TopicEntry::note_assigned(PartitionId partition) {
  const std::lock_guard lock(mu_);
  auto& state = partitions_[partition];
  state.assigned = true;
  state.caught_up = false;
  state.error.clear();
}

void TopicEntry::note_end_reached(PartitionId partition, Offset position) {
  const std::lock_guard lock(mu_);
  auto& state = partitions_[partition];
  state.caught_up = true;
  raise_end_locked(partition, state, position);
}

void TopicEntry::note_end(PartitionId partition, Offset end) {
  const std::lock_guard lock(mu_);
  raise_end_locked(partition, partitions_[partition], end);
}

void TopicEntry::raise_end_locked(PartitionId partition, Partition& state, Offset end) {
  state.error.clear();
  ++state.end_version;
  if (!state.end || *state.end < end) {
    state.end = end;
    publish_end_locked(partition, state);
  }
  news_.notify_all();
}

void TopicEntry::note_out_of_range(PartitionId partition) {
  const std::lock_guard lock(mu_);
  auto& state = partitions_[partition];
  state.assigned = state.caught_up = false;
}

void TopicEntry::note_error(PartitionId partition, std::string text) {
  const std::lock_guard lock(mu_);
  partitions_[partition].error = std::move(text);
}

void TopicEntry::note_newest(PartitionId partition, const Fingerprint& newest) {
  const std::lock_guard lock(mu_);
  auto& state = partitions_[partition];
  state.newest = newest;
  if (!state.anchor) state.anchor = newest;
}

std::optional<TopicEntry::ToConfirm> TopicEntry::to_confirm(PartitionId partition) const {
  const std::lock_guard lock(mu_);
  const auto it = partitions_.find(partition);
  if (phase_ != Phase::kTailing || it == partitions_.end() || it->second.anchor == it->second.newest) {
    return std::nullopt;
  }
  return ToConfirm{*it->second.anchor, *it->second.newest};
}

void TopicEntry::confirm(PartitionId partition, const Fingerprint& newest) {
  const std::lock_guard lock(mu_);
  partitions_[partition].anchor = newest;
}

void TopicEntry::note_watermarks(PartitionId partition, const Watermarks& watermarks, uint64_t version) {
  const std::lock_guard lock(mu_);
  if (phase_ != Phase::kStarting && phase_ != Phase::kTailing && phase_ != Phase::kPaused) return;
  auto& state = partitions_[partition];
  const bool newer_end = state.end && state.end_version != version;
  state.error.clear();
  state.end = newer_end ? std::max(*state.end, watermarks.high) : watermarks.high;
  state.low_known = true;
  store_->set_watermarks(partition, watermarks.low, state.end);
  news_.notify_all();
}

uint64_t TopicEntry::end_version(PartitionId partition) const {
  const std::lock_guard lock(mu_);
  const auto it = partitions_.find(partition);
  return it == partitions_.end() ? 0 : it->second.end_version;
}

void TopicEntry::forget_ends() {
  const std::lock_guard lock(mu_);
  for (auto& [id, partition] : partitions_) forget_end_locked(id, partition);
}

void TopicEntry::forget_end(PartitionId partition) {
  const std::lock_guard lock(mu_);
  forget_end_locked(partition, partitions_[partition]);
}

int TopicEntry::count_suspicion(PartitionId partition) {
  const std::lock_guard lock(mu_);
  return ++partitions_[partition].suspicions;
}

void TopicEntry::clear_suspicion(PartitionId partition) {
  const std::lock_guard lock(mu_);
  partitions_[partition].suspicions = 0;
}

std::vector<PartitionId> TopicEntry::assigned() const {
  const std::lock_guard lock(mu_);
  std::vector<PartitionId> found;
  for (const auto& [id, partition] : partitions_) {
    if (partition.assigned) found.push_back(id);
  }
  return found;
}

void TopicEntry::forget_assigned() {
  const std::lock_guard lock(mu_);
  for (auto& [id, partition] : partitions_) partition.assigned = partition.caught_up = false;
}

void TopicEntry::wait_for_news(std::chrono::steady_clock::time_point deadline) {
  std::unique_lock lock(mu_);
  news_.wait_until(lock, deadline);
}

TopicStatus TopicEntry::status(const Workers::Trouble& work_trouble) const {
  TopicStatus status;
  status.name = name_;
  for (const auto& partition : store_->view().partitions) {
    if (partition.end && *partition.end > partition.indexed_to) {
      status.lag += static_cast<uint64_t>(partition.end->value - partition.indexed_to.value);
    }
  }
  const std::lock_guard lock(mu_);
  status.reason = reason_;
  const auto also = [&status](const std::string& text) {
    if (text.empty()) return;
    if (!status.reason.empty()) status.reason += "; ";
    status.reason += text;
  };
  switch (phase_) {
    case Phase::kStarting: status.state = TopicState::kStarting; break;
    case Phase::kPaused: status.state = TopicState::kPaused; break;
    case Phase::kImported: status.state = TopicState::kImported; break;
    case Phase::kRecreating: status.state = TopicState::kRecreating; break;
    case Phase::kDeleted:
    case Phase::kForeign:
    case Phase::kClosed:
    case Phase::kFailed: status.state = TopicState::kFailed; break;
    case Phase::kTailing: {
      const bool caught_up =
          std::all_of(partitions_.begin(), partitions_.end(), [](const auto& item) { return item.second.caught_up; });
      status.state = work_trouble.stalls ? TopicState::kStalled
                     : caught_up         ? TopicState::kRunning
                                         : TopicState::kCatchingUp;
      break;
    }
  }
  status.kafka = settings_;
  if (phase_ != Phase::kFailed && phase_ != Phase::kDeleted) also(trouble_);
  for (const auto& [id, partition] : partitions_) {
    if (!partition.error.empty()) also(fmt::format("partition {}: {}", id.value, partition.error));
  }
  also(work_trouble.text);
  return status;
}

}  // namespace kseek::indexer
