#include "query/block_scanner.h"

namespace kseek::query {
namespace {

/// Fewer messages are verified without a look at whole columns.
constexpr size_t kFewMessages = 4;

}  // namespace

BlockScanner::BlockScanner(const std::optional<Condition>& where, const Prefilter* prefilter)
    : prefilter_(prefilter),
      columns_(where ? columns_of(*where) : store::Columns::none()),
      all_match_(!where),
      matcher_(where) {}

Result<BlockScanner::Found> BlockScanner::scan(const std::shared_ptr<const store::MessageBlock>& block, size_t count,
                                               const ScanLimits& limits) {
  Found found;
  const auto key_of = [&](size_t i) {
    const store::MessageHead head = block->head(i);
    return SortKey{head.time(limits.time_kind), limits.partition.partition, head.offset, limits.topic};
  };
  const Order order = limits.window.order;
  BlockSet counting(count);
  size_t few = 0;
  for (size_t i = 0; i < count; ++i) {
    const SortKey key = key_of(i);
    if (!limits.contains(key)) continue;
    if (limits.worst && precedes(*limits.worst, key, order)) {
      found.left_out = true;
      continue;
    }
    counting.add(i);
    ++few;
  }
  if (few == 0) return found;
  KSEEK_TRY(block->load(columns_));
  found.read_texts = true;
  if (prefilter_ != nullptr && few > kFewMessages) counting &= prefilter_->messages(*block, count);

  // From the end where better keys are likely, so that the page is soon full of good ones and most are rejected
  // cheaply.
  TopHits top(order, limits.capacity);
  const bool backwards = order == Order::kNewest;
  for (size_t n = 0; n < count; ++n) {
    const size_t i = backwards ? count - 1 - n : n;
    if (!counting.contains(i)) continue;
    const SortKey key = key_of(i);
    if (top.rejects(key)) continue;
    const store::StoredMessage message = block->message(i);
    found.verified += 1;
    if (all_match_ || matcher_.matches(message, limits.time_kind)) top.add({key, {block, message, i}});
  }
  found.left_out = found.left_out || top.overflowed();
  found.hits = std::move(top.hits());
  return found;
}

}  // namespace kseek::query
