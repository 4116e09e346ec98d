// The planner: which sealed blocks to open, best first. Blocks are pruned by what is known of them (partition, offsets,
// times, the cursor's place), then by their terms; a segment is asked only when one of its blocks comes up, so that an
// answer that the newest blocks give costs nothing in the older segments. Where nothing limits the search to some of
// the blocks, they are not looked at one by one: a segment stands for its blocks until it is asked, and what it leaves
// is pruned. So a search of a large topic costs what its segments cost, not its blocks. Where asking takes long (a
// whole dictionary is gone through), some of the first segment's blocks come up before it is asked about the others.
//
// One thread, which helpers work for. Borrows the scopes, whose views keep the blocks' metadata alive.
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "query/index_filter.h"
#include "query/scope.h"
#include "query/sort_key.h"

namespace kseek::query {

/// The part of the answer's order that a round looks at.
struct Window {
  Order order = Order::kNewest;
  std::optional<SortKey> after;       ///< hits stand behind it
  std::optional<SortKey> up_to;       ///< hits stand at or before it
  std::optional<SortKey> next_bound;  ///< blocks whose best key precedes it are done, …
  std::vector<BlockId> blocks_end;    ///< … of each topic those below this id; set with next_bound
  [[nodiscard]] bool contains(const SortKey& key) const {
    return (!after || precedes(*after, key, order)) && (!up_to || !precedes(*up_to, key, order));
  }
};

struct Candidate {
  uint32_t topic = 0;
  const store::BlockMeta* block = nullptr;
  store::SliceMask slices = store::kAllSlices;  ///< none of the others has a match
};

class CandidateQueue {
 public:
  /// `where` and its `filter`: nullptr when everything matches.
  CandidateQueue(const std::vector<TopicScope>& topics, const Window& window, const Condition* where,
                 IndexFilter* filter, Explain& explain);

  /// No block that is still to come has a message before this key. nullopt: there is none.
  [[nodiscard]] std::optional<SortKey> best() const;
  /// The block to open next; nullptr when a segment has to be asked first.
  [[nodiscard]] const store::BlockMeta* next_block() const;
  /// It, and what of it is a candidate / the same, and takes it off. REQUIRES, both: next_block().
  [[nodiscard]] Candidate next() const;
  Candidate pop();
  /// Asks the next segment, and puts its candidates in its place; where asking takes long, up to `most` small ones that
  /// come one after the other, at once, on this thread and on helpers, who share what a large one takes, too. How many.
  /// REQUIRES: best() and no next_block(). A segment that can't be read filters nothing, and is noted in explain.
  size_t ask_index(size_t most);

  /// Blocks of segments that were not asked, and are there.
  [[nodiscard]] uint64_t blocks_not_asked() const;

 private:
  /// Blocks that share an index: a segment, or one block's pending terms.
  struct Group {
    uint32_t topic = 0;
    const store::Segment* segment = nullptr;
    const store::BlockTerms* terms = nullptr;
    bool whole = false;  // all blocks of the segment: they are not in `blocks`
    std::vector<std::pair<uint32_t, const store::BlockMeta*>> blocks;  // by position
    bool put_off = false;  // better ones came up before, and were too few: these are asked about all the same
  };
  /// A group that is asked about: what may have a match of it, and of it alone where there are `later` blocks, which
  /// are asked about when they come up.
  struct Question {
    Group group, later;
    Result<SliceSet> left = SliceSet();
    uint64_t pruned = 0;  // by metadata
  };
  struct Item {
    SortKey best;
    uint32_t topic = 0;
    const store::BlockMeta* block = nullptr;  // nullptr: a group
    size_t group = 0;
    store::SliceMask slices = store::kAllSlices;  // of the block
  };

  void add_topic(uint32_t topic);
  [[nodiscard]] bool is_limited(const TopicScope& scope) const;
  void add_whole_segments(uint32_t topic);
  /// Blocks of the group's range of ids that are there. REQUIRES: a segment.
  [[nodiscard]] uint64_t live_blocks(const Group& group) const;
  /// Some of them have expired, or are put off: those that are left, one by one. How many it pruned.
  [[nodiscard]] uint64_t list_blocks(Group& group) const;
  Group take_group();
  void add_blocks_left(const Group& group, const SliceSet& left);
  void add_unless_pruned(uint32_t topic, const store::BlockMeta* meta, store::SliceMask slices = store::kAllSlices);
  [[nodiscard]] static SliceSet all_of(const Group& group);
  [[nodiscard]] bool prunes(const TopicScope& scope, uint32_t topic, const store::BlockMeta& meta) const;
  void add_groups(uint32_t topic, const std::vector<const store::BlockMeta*>& left);
  void add_group(Group group);
  void add_block(uint32_t topic, const store::BlockMeta* meta, store::SliceMask slices = store::kAllSlices);
  void push(Item item);
  Item take();
  /// Fills in what may have a match. Leaves in the group the blocks that are tried first, if so, and puts the others in
  /// `later`. Several threads at once, each with its question and its filter.
  void ask(Question& question, IndexFilter& filter) const;
  [[nodiscard]] Result<SliceSet> narrow(Question& question, IndexFilter& filter) const;
  [[nodiscard]] Result<SliceSet> narrow(Question& question, IndexFilter& filter, TermSource& source) const;
  /// Leaves the best `count` blocks in the group and returns the others. REQUIRES: not whole.
  [[nodiscard]] Group take_worse(Group& group, size_t count) const;

  const std::vector<TopicScope>& topics_;
  const Window window_;
  const Condition* const where_;
  IndexFilter* const filter_;
  Explain& explain_;
  std::vector<Group> groups_;
  std::vector<Item> heap_;
  bool dictionaries_ = false;  // blocks that were put off came up: they are gone through in other segments, too
};

}  // namespace kseek::query
