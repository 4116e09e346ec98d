// A block without the messages that Kafka has compacted away. Internal to store/.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "store/block.h"

namespace kseek::store {

/// Which messages of a block are gone: a bit a message, by its position, the lowest bit of a byte first. May be short.
using RemovedBits = std::string;

[[nodiscard]] bool is_removed(const RemovedBits& bits, size_t position);
void mark_removed(RemovedBits& bits, size_t position);  ///< makes it longer as needed

/// Immutable; any thread.
class KeptBlock final : public MessageBlock {
 public:
  KeptBlock(std::shared_ptr<const MessageBlock> block, const RemovedBits& removed);

  [[nodiscard]] size_t size() const override { return kept_.size(); }
  [[nodiscard]] MessageHead head(size_t i) const override { return block_->head(kept_[i]); }
  [[nodiscard]] StoredMessage message(size_t i) const override { return block_->message(kept_[i]); }
  [[nodiscard]] size_t slice_begin(size_t slice) const override;  ///< the block's own slices
  [[nodiscard]] Result<void> load(Columns columns) const override { return block_->load(columns); }
  [[nodiscard]] Result<void> load(Columns columns, size_t begin, size_t end) const override {
    return block_->load(columns, kept_[begin], kept_[end - 1] + 1);
  }
  [[nodiscard]] Result<void> load_message(size_t i) const override { return block_->load_message(kept_[i]); }

 private:
  const std::shared_ptr<const MessageBlock> block_;
  std::vector<uint32_t> kept_;  // constant after construction: positions in block_
};

}  // namespace kseek::store
