// TopicStoreImpl: taking messages in. Only memory, no disk.
#include <algorithm>
#include <cassert>
#include <utility>

#include "base/bytes.h"
#include "store/topic_store_impl.h"
#include "tokenizer/json_text.h"
#include "tokenizer/text.h"

namespace kseek::store {
namespace {

constexpr size_t kDeadLetterHeadBytes = 256;

/// Why a message can't be taken; empty: it can.
std::string_view refusal(const MessageView& message, Require require) {
  if (message.raw_bytes() > kMaxMessageBytes) return "too_large";
  if (require == Require::kAnything || !message.value) return "";
  if (require == Require::kJson) return tokenizer::is_json_container(*message.value) ? "" : "not_json";
  return tokenizer::is_utf8(*message.value) ? "" : "not_utf8";
}

DeadLetter letter_of(const MessageView& message, std::string_view reason) {
  DeadLetter letter;
  letter.partition = message.partition;
  letter.offset = message.offset;
  letter.time = message.ingest_time;
  letter.bytes = message.raw_bytes();
  letter.reason = reason;
  if (message.value) letter.head = message.value->substr(0, kDeadLetterHeadBytes);
  return letter;
}

}  // namespace

/// What one append() has taken in and nobody sees yet: its messages are in `open` behind the published count.
struct TopicStoreImpl::Intake {
  std::shared_ptr<OpenBlock> open;
  std::vector<DeadLetter> dead_letters;
  Offset next;
  Timestamp last_create, last_ingest;
  Timestamp since;
  bool empty = true;  ///< nothing in the open block, neither message nor dead letter
  uint64_t messages = 0, bytes = 0;

  void took(const MessageView& message) {
    if (empty) since = message.ingest_time;
    empty = false;
    next = message.offset.next();
  }
};

Partition* TopicStoreImpl::find_partition(PartitionId partition) const {
  std::shared_lock lock(mu_);
  const auto found = partitions_.find(partition);
  return found == partitions_.end() ? nullptr : found->second.get();
}

std::vector<Partition*> TopicStoreImpl::all_partitions() const {
  std::shared_lock lock(mu_);
  std::vector<Partition*> all;
  all.reserve(partitions_.size());
  for (const auto& [id, partition] : partitions_) all.push_back(partition.get());
  return all;
}

std::optional<Offset> TopicStoreImpl::next_offset(PartitionId partition) const {
  std::shared_lock lock(mu_);
  const auto found = partitions_.find(partition);
  if (found == partitions_.end()) return std::nullopt;
  return found->second->next;
}

AppendOutcome TopicStoreImpl::append(PartitionId id, std::span<const MessageView> messages) {
  Partition* const partition = find_partition(id);
  assert(partition && "append() to a partition that was not started");
  AppendOutcome outcome;
  std::lock_guard appending(partition->append_mu);
  Intake intake{partition->open,          {},
                partition->next,          partition->last_create,
                partition->last_ingest,   partition->open_since,
                partition->nothing_open()};
  const auto freeze_now = [&] {
    publish(*partition, intake);
    freeze_locked(*partition);
    intake.open = nullptr;
    intake.empty = true;
    ++outcome.frozen;
  };
  const BlockOptions& options = shared_.options;
  const Require require = require_;
  for (const MessageView& message : messages) {
    if (message.offset < intake.next) {
      ++outcome.duplicates;
      continue;
    }
    if (const auto reason = refusal(message, require); !reason.empty()) {
      intake.dead_letters.push_back(letter_of(message, reason));
      intake.took(message);
      ++outcome.dead_letters;
      continue;
    }
    bool taken = intake.open && intake.open->append(message);
    if (!taken) {
      if (intake.open) freeze_now();
      intake.open = std::make_shared<OpenBlock>(id, options.max_messages, options.max_bytes);
      taken = intake.open->append(message);
    }
    assert(taken && "an empty block takes any message");
    intake.took(message);
    intake.last_create = message.create_time;
    intake.last_ingest = message.ingest_time;
    intake.messages += 1;
    intake.bytes += message.raw_bytes();
    ++outcome.appended;
    if (intake.open->size() >= options.max_messages) freeze_now();
  }
  publish(*partition, intake);
  return outcome;
}

void TopicStoreImpl::publish(Partition& partition, Intake& intake) {
  std::unique_lock lock(mu_);
  partition.open = intake.open;
  partition.open_messages = intake.open ? intake.open->size() : 0;
  for (auto& letter : intake.dead_letters) partition.open_dead_letters.push_back(std::move(letter));
  partition.next = intake.next;
  partition.last_create = intake.last_create;
  partition.last_ingest = intake.last_ingest;
  partition.open_since = intake.since;
  activity_.messages_taken += std::exchange(intake.messages, 0);
  activity_.bytes_taken += std::exchange(intake.bytes, 0);
  lock.unlock();
  shared_.clock->witness(intake.last_create);
  intake.dead_letters.clear();
}

void TopicStoreImpl::advance(PartitionId id, Offset position) {
  Partition* const partition = find_partition(id);
  assert(partition && "advance() of a partition that was not started");
  std::lock_guard appending(partition->append_mu);
  std::unique_lock lock(mu_);
  partition->next = std::max(partition->next, position);
}

void TopicStoreImpl::set_watermarks(PartitionId id, Offset low, std::optional<Offset> end) {
  std::unique_lock lock(mu_);
  const auto found = partitions_.find(id);
  if (found == partitions_.end()) return;
  found->second->low = std::max(found->second->low, low);
  found->second->end = end;
}

bool TopicStoreImpl::freeze_locked(Partition& partition) {
  std::unique_lock lock(mu_);
  if (partition.nothing_open()) return false;
  FrozenBlock frozen;
  frozen.block = std::move(partition.open);
  frozen.messages = partition.open_messages;
  frozen.dead_letters = std::move(partition.open_dead_letters);
  frozen.next = partition.next;
  frozen.last_create = partition.last_create;
  frozen.last_ingest = partition.last_ingest;
  frozen.sequence = ++frozen_sequence_;
  partition.open = nullptr;
  partition.open_messages = 0;
  partition.open_dead_letters.clear();
  partition.frozen.push_back(std::move(frozen));
  frozen_queue_.push_back(&partition);
  return true;
}

bool TopicStoreImpl::freeze(PartitionId id) {
  Partition* const partition = find_partition(id);
  if (!partition) return false;
  std::lock_guard appending(partition->append_mu);
  return freeze_locked(*partition);
}

size_t TopicStoreImpl::freeze_all() { return freeze_older_than(kMaxTimestamp); }

size_t TopicStoreImpl::freeze_older_than(Timestamp before) {
  size_t frozen = 0;
  for (Partition* partition : all_partitions()) {
    std::lock_guard appending(partition->append_mu);
    if (!partition->nothing_open() && partition->open_since < before) frozen += freeze_locked(*partition) ? 1 : 0;
  }
  return frozen;
}

uint64_t TopicStoreImpl::freeze_largest() {
  Partition* largest = nullptr;
  uint64_t largest_bytes = 0;
  {
    std::shared_lock lock(mu_);
    for (const auto& [id, partition] : partitions_) {
      const uint64_t bytes = partition->open ? partition->open->memory_bytes() : 0;
      if (bytes > largest_bytes) {
        largest = partition.get();
        largest_bytes = bytes;
      }
    }
  }
  if (!largest) return 0;
  std::lock_guard appending(largest->append_mu);
  const uint64_t bytes = largest->open ? largest->open->memory_bytes() : 0;  // it may have been frozen meanwhile
  return freeze_locked(*largest) ? bytes : 0;
}

}  // namespace kseek::store
