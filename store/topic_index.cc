// TopicStoreImpl: from sealed blocks to index segments, and from small segments to large ones.
#include <fmt/format.h>

#include <algorithm>
#include <cassert>

#include "base/fault_point.h"
#include "store/merge_policy.h"
#include "store/topic_store_impl.h"

namespace kseek::store {
namespace {

/// The sealed blocks that are in no segment, by id; terms null where they are to be read back. Those of which a segment
/// is being built are among them, also when they have expired meanwhile: no other segment may reach across them.
std::vector<SegmentInput> blocks_without_segment(const IndexSnapshot& index, const std::set<BlockId>& building) {
  std::vector<SegmentInput> all;
  all.reserve(index.pending.size() + index.unindexed.size());
  for (const auto& pending : index.pending) all.push_back({pending.block, pending.terms});
  const auto by_id = [](const SegmentInput& a, const SegmentInput& b) { return a.block < b.block; };
  const auto middle = static_cast<std::ptrdiff_t>(all.size());
  for (const BlockId block : index.unindexed) all.push_back({block, nullptr});
  std::inplace_merge(all.begin(), all.begin() + middle, all.end(), by_id);
  for (const BlockId block : building) {
    const auto place = std::lower_bound(all.begin(), all.end(), SegmentInput{block, nullptr}, by_id);
    if (place == all.end() || place->block != block) all.insert(place, {block, nullptr});
  }
  return all;
}

/// True if a segment's blocks lie between the two.
bool segment_between(const IndexSnapshot& index, BlockId below, BlockId above) {
  const auto next = std::upper_bound(
      index.segments.begin(), index.segments.end(), below,
      [](BlockId id, const std::shared_ptr<const Segment>& segment) { return id < segment->meta().blocks.front(); });
  return next != index.segments.end() && (*next)->meta().blocks.front() < above;
}

/// Segments with blocks below `frozen_below` are to stay as they are.
std::vector<MergeCandidate> merge_candidates(const IndexSnapshot& index, const std::set<BlockId>& building,
                                             const std::set<SegmentId>& merging, BlockId frozen_below) {
  const auto loose = blocks_without_segment(index, building);
  std::vector<MergeCandidate> candidates;
  candidates.reserve(index.segments.size());
  auto next = loose.begin();
  for (const auto& segment : index.segments) {
    const auto before = next;
    while (next != loose.end() && next->block < segment->meta().blocks.front()) ++next;
    const SegmentMeta& meta = segment->meta();
    const bool busy = merging.contains(meta.id) || meta.blocks.front() < frozen_below;
    candidates.push_back({meta.level, busy, next != before, meta.blocks.size()});
  }
  return candidates;
}

}  // namespace

std::vector<SegmentInput> TopicStoreImpl::claim_blocks(bool flush, SegmentId& segment) {
  std::unique_lock lock(mu_);
  const auto loose = blocks_without_segment(*index_, building_);
  const size_t wanted = std::max<size_t>(1, shared_.options.blocks_per_segment);
  const BlockId rebuilt_below = rebuild_ ? rebuild_->end : BlockId{0};
  const auto is_free = [&](const SegmentInput& input) {
    if (input.block < rebuilt_below && rebuild_->finishing) return false;
    return !building_.contains(input.block) && !unreadable_.contains(input.block);
  };
  for (size_t begin = 0; begin < loose.size();) {
    if (!is_free(loose[begin])) {
      ++begin;
      continue;
    }
    size_t end = begin + 1;
    bool closed = false;  // no further block can join the run
    while (end < loose.size() && end - begin < wanted && is_free(loose[end])) {
      closed = segment_between(*index_, loose[end - 1].block, loose[end].block) ||
               (loose[end - 1].block < rebuilt_below && loose[end].block >= rebuilt_below);
      if (closed) break;
      ++end;
    }
    if (end < loose.size() && unreadable_.contains(loose[end].block)) closed = true;
    if (end == loose.size() && segment_between(*index_, loose.back().block, {UINT64_MAX})) closed = true;
    const bool read_back = std::any_of(&loose[begin], &loose[0] + end, [](const auto& input) { return !input.terms; });
    if (end - begin == wanted || flush || closed || read_back) {
      std::vector<SegmentInput> claimed(&loose[begin], &loose[0] + end);
      for (const auto& input : claimed) building_.insert(input.block);
      segment = next_segment_;
      ++next_segment_.value;
      return claimed;
    }
    begin = end;
  }
  return {};
}

void TopicStoreImpl::release_blocks(const std::vector<SegmentInput>& inputs) {
  {
    std::unique_lock lock(mu_);
    for (const auto& input : inputs) building_.erase(input.block);
    ++works_ended_;
  }
  done_.notify_all();
}

bool TopicStoreImpl::has_unindexed_below(BlockId end) const {
  const auto waits = [&](BlockId block) { return block < end && !unreadable_.contains(block); };
  return std::any_of(index_->pending.begin(), index_->pending.end(), [&](const auto& p) { return waits(p.block); }) ||
         std::any_of(index_->unindexed.begin(), index_->unindexed.end(), waits);
}

Result<bool> TopicStoreImpl::index_next(bool flush) {
  if (shared_.database->read_only()) return false;
  SegmentId id;
  const auto claimed = claim_blocks(flush, id);
  if (claimed.empty()) return false;
  auto inputs = claimed;
  auto built = build_segment(inputs, id);
  release_blocks(claimed);
  return built;
}

Result<bool> TopicStoreImpl::build_segment(std::vector<SegmentInput>& inputs, SegmentId id) {
  KSEEK_TRY(collect_missing_terms(inputs));
  if (inputs.empty()) return true;  // they expired, which is progress too
  KSEEK_ASSIGN(const auto meta, write_segment(segment_path(id), id, inputs));
  KSEEK_TRY(commit_segment(meta, {}));
  return true;
}

Result<void> TopicStoreImpl::collect_missing_terms(std::vector<SegmentInput>& inputs) {
  std::vector<SegmentInput> complete;
  for (auto& input : inputs) {
    if (!input.terms) {
      std::shared_ptr<const BlockList> blocks;
      {
        std::shared_lock lock(mu_);
        blocks = blocks_;
      }
      const BlockMeta* const meta = blocks->find(input.block);
      if (!meta) continue;
      auto block = read_block(*meta, Columns::all());
      if (!block) {
        std::unique_lock lock(mu_);
        if (block.error().code == ErrorCode::kCorrupt) unreadable_.insert(input.block);
        return std::move(block).error();
      }
      if (!*block) continue;
      input.terms = collect_terms(**block, (*block)->size());
    }
    complete.push_back(std::move(input));
  }
  inputs = std::move(complete);
  return {};
}

std::vector<std::shared_ptr<const Segment>> TopicStoreImpl::claim_segments(SegmentId& segment, uint32_t& level) {
  std::unique_lock lock(mu_);
  const auto choice =
      choose_merge(merge_candidates(*index_, building_, merging_, rebuild_ ? rebuild_->end : BlockId{0}),
                   shared_.options.merge_width, shared_.options.max_level, kMaxSegmentBlocks);
  if (!choice) return {};
  const auto begin = index_->segments.begin() + static_cast<std::ptrdiff_t>(choice->begin);
  std::vector<std::shared_ptr<const Segment>> claimed(begin, begin + static_cast<std::ptrdiff_t>(choice->count));
  for (const auto& input : claimed) merging_.insert(input->meta().id);
  segment = next_segment_;
  ++next_segment_.value;
  level = choice->level;
  return claimed;
}

Result<bool> TopicStoreImpl::merge_next() {
  if (shared_.database->read_only()) return false;
  SegmentId id;
  uint32_t level = 0;
  const auto claimed = claim_segments(id, level);
  if (claimed.empty()) return false;
  auto merged = merge_claimed(claimed, id, level);
  if (!merged && merged.error().code == ErrorCode::kCorrupt) {
    auto dropped = drop_damaged_of(claimed);
    if (!dropped) {
      merged = std::move(dropped).error();
    } else if (*dropped) {
      merged = {};
    }
  }
  {
    std::unique_lock lock(mu_);
    for (const auto& input : claimed) merging_.erase(input->meta().id);
    ++works_ended_;
  }
  done_.notify_all();
  if (!merged) return std::move(merged).error();
  return true;
}

Result<void> TopicStoreImpl::merge_claimed(const std::vector<std::shared_ptr<const Segment>>& inputs, SegmentId id,
                                           uint32_t level) {
  KSEEK_ASSIGN(auto meta, merge_segments(segment_path(id), id, inputs));
  meta.level = level;
  return commit_segment(meta, inputs);
}

TopicStoreImpl::SegmentPtr TopicStoreImpl::make_segment(const SegmentMeta& meta) const {
  std::shared_ptr<const BlockList> blocks;  // no later list has blocks of the segment that this one has not
  {
    std::shared_lock lock(mu_);
    blocks = blocks_;
  }
  return std::make_shared<const Segment>(segment_path(meta.id), meta, blocks->times_of(meta.blocks));
}

/// In one catalog write: `added` is named, `removed` are no longer. REQUIRES: commit_mu_ held.
Result<void> TopicStoreImpl::write_segment_records(SegmentKey& key, const SegmentMeta& added,
                                                   const std::vector<SegmentPtr>& removed) {
  rocksdb::WriteBatch batch;
  batch.Put(key(number_, added.id), encode_segment_meta(added));
  for (const auto& old : removed) batch.Delete(key(number_, old->meta().id));
  {
    std::shared_lock lock(mu_);
    batch.Put(topic_key(number_, RecordKind::kNextSegment), encode_number(next_segment_.value));
  }
  // The files of the old ones go next: that the catalog no longer names them must survive power loss first.
  return shared_.database->write(batch, !removed.empty());
}

Result<void> TopicStoreImpl::commit_segment(const SegmentMeta& added,
                                            const std::vector<std::shared_ptr<const Segment>>& removed) {
  const auto segment = make_segment(added);
  std::lock_guard commit(commit_mu_);
  auto written = check_writable();
  if (written) written = fault_point(removed.empty() ? "index.before_commit" : "merge.before_commit");
  if (written) written = write_segment_records(segment_key, added, removed);
  if (!written) {
    segment->make_obsolete();
    return written;
  }
  crash_point(removed.empty() ? "index.committed" : "merge.committed");
  auto index = std::make_shared<IndexSnapshot>();
  std::unique_lock lock(mu_);
  const auto goes = [&](const std::shared_ptr<const Segment>& old) {
    return std::find(removed.begin(), removed.end(), old) != removed.end();
  };
  std::copy_if(index_->segments.begin(), index_->segments.end(), std::back_inserter(index->segments),
               [&](const auto& old) { return !goes(old); });
  const auto place = std::upper_bound(index->segments.begin(), index->segments.end(), added.blocks.front(),
                                      [](BlockId id, const auto& other) { return id < other->meta().blocks.front(); });
  index->segments.insert(place, segment);
  const auto has = [&](BlockId id) { return std::binary_search(added.blocks.begin(), added.blocks.end(), id); };
  std::copy_if(index_->pending.begin(), index_->pending.end(), std::back_inserter(index->pending),
               [&](const auto& pending) { return !has(pending.block); });
  std::copy_if(index_->unindexed.begin(), index_->unindexed.end(), std::back_inserter(index->unindexed),
               [&](BlockId id) { return !has(id); });
  const std::shared_ptr<const IndexSnapshot> old_index = std::exchange(index_, std::move(index));
  (removed.empty() ? activity_.segments_built : activity_.merges) += 1;
  count_restored();
  lock.unlock();
  for (const auto& old : removed) old->make_obsolete();
  return {};
}

}  // namespace kseek::store
