#include "indexer/known_offsets.h"

#include <algorithm>
#include <limits>
#include <memory>

namespace kseek::indexer {
namespace {

bool has_gaps(Offset first, Offset last, uint64_t messages) {
  return static_cast<uint64_t>(last.value - first.value) + 1 != messages;
}

std::vector<Offset> offsets_of(const store::MessageBlock& block, size_t count) {
  std::vector<Offset> offsets;
  offsets.reserve(count);
  for (size_t i = 0; i < count; ++i) offsets.push_back(block.head(i).offset);
  return offsets;
}

/// True where the topic's retention would not keep the message.
bool is_expired(const store::TopicView& view, PartitionId partition, Offset offset, Timestamp created) {
  const store::TopicConfig& config = view.config;
  if (config.retention.kind == store::Retention::Kind::kForever) return false;
  if (config.retention.kind == store::Retention::Kind::kDuration && config.time_kind == TimeKind::kCreate) {
    return created < view.time_floor;
  }
  return std::any_of(view.partitions.begin(), view.partitions.end(), [&](const store::PartitionView& known) {
    return known.partition == partition && known.start <= offset && offset < known.low;
  });
}

}  // namespace

bool KnownOffsets::Range::has(Offset offset) const {
  return covers(offset) && (existing.empty() || std::binary_search(existing.begin(), existing.end(), offset));
}

Result<KnownOffsets::Answer> KnownOffsets::ask(PartitionId partition, Offset offset, Timestamp created) {
  Range& range = ranges_[partition];
  if (range.has(offset)) return Answer::kStored;
  const store::TopicView view = topic_.view();
  if (!range.covers(offset)) {
    KSEEK_ASSIGN(range, find_range(view, partition, offset));
    if (range.has(offset)) return Answer::kStored;
  }
  if (is_dead_letter(view, partition, offset)) return Answer::kStored;
  return is_expired(view, partition, offset, created) ? Answer::kExpired : Answer::kMissing;
}

Result<KnownOffsets::Range> KnownOffsets::find_range(const store::TopicView& view, PartitionId partition,
                                                     Offset offset) const {
  for (const store::MemoryBlock& memory : view.memory) {
    if (memory.block->partition() != partition || memory.messages == 0) continue;
    Range range;
    range.first = memory.block->head(0).offset;
    range.last = memory.block->head(memory.messages - 1).offset;
    if (!range.covers(offset)) continue;
    if (has_gaps(range.first, range.last, memory.messages)) range.existing = offsets_of(*memory.block, memory.messages);
    return range;
  }
  const store::BlockMeta* const meta = view.blocks->find(partition, offset);
  if (meta == nullptr) return Range{};
  Range range{meta->first, meta->last, {}};
  if (!has_gaps(meta->first, meta->last, meta->messages)) return range;
  KSEEK_ASSIGN(const auto block, topic_.read_block(*meta, store::Columns::none()));
  if (block) range.existing = offsets_of(*block, block->size());
  return range.existing.empty() ? Range{} : range;  // it has expired since the view was taken
}

bool KnownOffsets::is_dead_letter(const store::TopicView& view, PartitionId partition, Offset offset) {
  uint64_t count = 0;
  for (const store::PartitionView& known : view.partitions) count += known.dead_letters;
  if (count != letters_counted_) {
    letters_.clear();
    for (const store::DeadLetter& letter : topic_.dead_letters(std::numeric_limits<size_t>::max())) {
      letters_.emplace(letter.partition, letter.offset);
    }
    letters_counted_ = count;
  }
  return letters_.contains({partition, offset});
}

}  // namespace kseek::indexer
