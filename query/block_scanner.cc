#include "query/block_scanner.h"

#include <bit>

namespace kseek::query {
namespace {

/// Fewer messages are verified without a look at whole columns.
constexpr size_t kFewMessages = 4;

/// More slices than this are loaded with all others: their frames are decompressed in one go.
constexpr int kFewSlices = store::kBlockSlices / 2;

/// Visits the messages of the slices, those that stand together at once: visit(begin, end).
template <class Visit>
void for_each_run(const store::MessageBlock& block, store::SliceMask slices, Visit&& visit) {
  for (unsigned left = slices; left != 0;) {
    const auto first = static_cast<unsigned>(std::countr_zero(left));
    const auto end = first + static_cast<unsigned>(std::countr_one(left >> first));
    const size_t begin_message = block.slice_begin(first);
    const size_t end_message = block.slice_begin(end);
    if (begin_message < end_message) visit(begin_message, end_message);
    left &= ~0U << end;
  }
}

}  // namespace

bool ScanLimits::contain_all(const store::BlockMeta& bounds) const {
  const SortKey best_there = best_key(bounds, time_kind, topic, window.order);
  const SortKey worst_there = worst_key(bounds, time_kind, topic, window.order);
  const bool have_place = !worst || !precedes(*worst, worst_there, window.order);
  return have_place && contains(best_there) && contains(worst_there);  // and so what stands between them
}

BlockScanner::BlockScanner(const std::optional<Condition>& where, const Prefilter* prefilter)
    : prefilter_(prefilter),
      columns_(where ? columns_of(*where) : store::Columns::none()),
      all_match_(!where),
      matcher_(where) {}

Result<BlockScanner::Found> BlockScanner::scan(const std::shared_ptr<const store::MessageBlock>& block, size_t count,
                                               const store::BlockMeta& bounds, const ScanLimits& limits) {
  Found found;
  const auto key_of = [&](size_t i) {
    const store::MessageHead head = block->head(i);
    return SortKey{head.time(limits.time_kind), limits.partition.partition, head.offset, limits.topic};
  };
  const Order order = limits.window.order;
  MessageSet counting(count);
  const bool all_count = limits.contain_all(bounds);
  const auto add_counting = [&](size_t begin, size_t end) {
    if (all_count) return counting.add(begin, end);
    for (size_t i = begin; i < end; ++i) {
      const SortKey key = key_of(i);
      if (!limits.contains(key)) continue;
      if (limits.worst && precedes(*limits.worst, key, order)) {
        found.left_out = true;
        continue;
      }
      counting.add(i);
    }
  };
  if (limits.slices == store::kAllSlices) {
    add_counting(0, count);
  } else {
    for_each_run(*block, limits.slices, add_counting);
  }
  const size_t many = counting.count();
  if (many == 0) return found;
  found.read_texts = true;
  if (many > kFewMessages) {
    KSEEK_TRY(load(*block, limits.slices));
    if (prefilter_ != nullptr) {
      KSEEK_ASSIGN(counting, prefilter_->messages(*block, counting));
    }
  }

  // From the end where better keys are likely, so that the page is soon full of good ones and most are rejected
  // cheaply.
  TopHits top(order, limits.capacity);
  const bool backwards = order == Order::kNewest;
  for (size_t n = 0; n < count; ++n) {
    const size_t i = backwards ? count - 1 - n : n;
    if (!counting.contains(i)) continue;
    const SortKey key = key_of(i);
    if (top.rejects(key)) continue;
    KSEEK_TRY(block->load(columns_, i, i + 1));
    const store::StoredMessage message = block->message(i);
    found.verified += 1;
    if (all_match_ || matcher_.matches(message, limits.time_kind)) top.add({key, {block, message, i}});
  }
  found.left_out = found.left_out || top.overflowed();
  found.hits = std::move(top.hits());
  return found;
}

Result<void> BlockScanner::load(const store::MessageBlock& block, store::SliceMask slices) const {
  if (std::popcount(slices) > kFewSlices) slices = store::kAllSlices;
  // What few slices have to have, the index says that they have: looking for it before they are spelled out saves
  // nothing, and would have to be done again by the next search of the block.
  const bool look_first = prefilter_ != nullptr && slices == store::kAllSlices;
  Result<void> loaded;
  for_each_run(block, slices, [&](size_t begin, size_t end) {
    if (!loaded) return;
    loaded = look_first ? prefilter_->load(block, begin, end) : block.load(columns_, begin, end);
  });
  return loaded;
}

}  // namespace kseek::query
