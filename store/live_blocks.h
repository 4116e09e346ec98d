// Which blocks of a topic live, as compactions ask. Internal to store/; any thread.
#pragma once

#include <memory>
#include <mutex>
#include <utility>

#include "base/ids.h"
#include "store/topic_view.h"

namespace kseek::store {

class LiveBlocks {
 public:
  struct Snapshot {
    std::shared_ptr<const BlockList> blocks;  ///< nullptr: nothing known, everything lives
    BlockId end;                              ///< ids from here on live, whatever `blocks` says
    [[nodiscard]] bool contains(BlockId id) const { return !blocks || id >= end || blocks->find(id) != nullptr; }
  };

  void set(Snapshot snapshot) {
    std::lock_guard lock(mu_);
    snapshot_ = std::move(snapshot);
  }
  [[nodiscard]] Snapshot get() const {
    std::lock_guard lock(mu_);
    return snapshot_;
  }

 private:
  mutable std::mutex mu_;
  Snapshot snapshot_;  // guarded by mu_
};

}  // namespace kseek::store
