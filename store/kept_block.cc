#include "store/kept_block.h"

#include <algorithm>

namespace kseek::store {

bool is_removed(const RemovedBits& bits, size_t position) {
  return position / 8 < bits.size() && (static_cast<unsigned char>(bits[position / 8]) >> (position % 8) & 1) != 0;
}

void mark_removed(RemovedBits& bits, size_t position) {
  if (position / 8 >= bits.size()) bits.resize(position / 8 + 1, '\0');
  bits[position / 8] = static_cast<char>(static_cast<unsigned char>(bits[position / 8]) | 1U << (position % 8));
}

KeptBlock::KeptBlock(std::shared_ptr<const MessageBlock> block, const RemovedBits& removed) : block_(std::move(block)) {
  for (size_t i = 0; i < block_->size(); ++i) {
    if (!is_removed(removed, i)) kept_.push_back(static_cast<uint32_t>(i));
  }
}

size_t KeptBlock::slice_begin(size_t slice) const {
  const auto at = std::lower_bound(kept_.begin(), kept_.end(), block_->slice_begin(slice));
  return static_cast<size_t>(at - kept_.begin());
}

}  // namespace kseek::store
