// A topic's index being built anew beside the one that serves: which blocks are still to be indexed, which segments are
// there. Plain data and choices, held and locked by TopicStoreImpl; internal to store/.
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <set>
#include <vector>

#include "base/ids.h"
#include "store/merge_policy.h"
#include "store/segment.h"
#include "store/topic_view.h"

namespace kseek::store {

struct Rebuild {
  using SegmentPtr = std::shared_ptr<const Segment>;
  using Run = std::vector<BlockId>;  ///< neighbours, rising

  explicit Rebuild(BlockId first_not_in_it) : end(first_not_in_it) {}

  /// Cuts the live blocks below `end` that no segment has into runs of at most `run_blocks`.
  void plan(const BlockList& blocks, size_t run_blocks);
  /// The segment joins the others in its place.
  void add(SegmentPtr segment);
  void remove(const std::vector<SegmentPtr>& segments_to_remove);
  /// A run for a thread to index; empty: none is left.
  [[nodiscard]] Run take_run();
  /// The run was indexed up to `indexed` blocks of it; the rest is to be taken again.
  void return_run(const Run& run, size_t indexed);
  /// Neighbours for a thread to merge, marked as being merged, and the level of what comes out; empty: none.
  [[nodiscard]] std::vector<SegmentPtr> take_merge(size_t width, uint32_t max_level, uint32_t& level);
  void return_merge(const std::vector<SegmentPtr>& inputs);

  [[nodiscard]] bool idle() const { return in_work.empty() && merging.empty(); }
  [[nodiscard]] bool finished() const { return runs.empty() && idle(); }
  /// True if one of its segments has the block.
  [[nodiscard]] bool has(BlockId block) const;

  const BlockId end;                 ///< blocks from here on are indexed as ever
  std::vector<SegmentPtr> segments;  ///< each one's blocks lie below the next one's
  std::deque<Run> runs;              ///< to be indexed, rising
  std::set<BlockId> in_work;         ///< first blocks of the runs that threads have
  std::set<SegmentId> merging;
  std::set<BlockId> unreadable;  ///< blocks that can't be read back: in no segment
  bool finishing = false;        ///< the old index must not change any more
  bool cancelled = false;        ///< no more work is given out

 private:
  [[nodiscard]] bool gap_between(BlockId below, BlockId above) const;
};

}  // namespace kseek::store
