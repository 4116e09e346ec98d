// TopicStoreImpl: building the index anew from the stored messages, beside the one that serves.
#include <fmt/format.h>

#include <algorithm>

#include "base/fault_point.h"
#include "store/topic_store_impl.h"

namespace kseek::store {
namespace {

Error no_rebuild(const std::string& topic) {
  return {ErrorCode::kNotFound, fmt::format("the index of topic {} is not being rebuilt", topic), ""};
}

}  // namespace

/// Fresh segments are as large as what the first merge would make of them: one level less to write.
size_t TopicStoreImpl::rebuild_run_blocks() const {
  const BlockOptions& options = shared_.options;
  const size_t fresh = std::max<size_t>(1, options.blocks_per_segment);
  return options.max_level > 0 ? std::min<size_t>(fresh * options.merge_width, kMaxSegmentBlocks) : fresh;
}

Result<void> TopicStoreImpl::begin_rebuild() {
  std::lock_guard commit(commit_mu_);
  KSEEK_TRY(check_writable());
  {
    std::shared_lock lock(mu_);
    if (rebuild_) return {};
  }
  auto rebuild = std::make_shared<Rebuild>(next_block_);
  rocksdb::WriteBatch batch;
  batch.Put(topic_key(number_, RecordKind::kRebuild), encode_number(next_block_.value));
  KSEEK_TRY(fault_point("rebuild.before_begin"));
  KSEEK_TRY(shared_.database->write(batch, true));
  crash_point("rebuild.begun");
  std::unique_lock lock(mu_);
  rebuild->plan(*blocks_, rebuild_run_blocks());
  rebuild_ = std::move(rebuild);
  return {};
}

std::optional<RebuildProgress> TopicStoreImpl::rebuild() const {
  std::shared_lock lock(mu_);
  if (!rebuild_) return std::nullopt;
  RebuildProgress progress;
  blocks_->for_each([&](const BlockMeta& meta) {
    if (meta.id >= rebuild_->end) return;
    progress.messages += meta.messages;
    progress.bytes += meta.raw_bytes;
    const bool lost = rebuild_->unreadable.contains(meta.id);
    if (!lost && !rebuild_->has(meta.id)) return;
    progress.messages_done += meta.messages;
    progress.bytes_done += meta.raw_bytes;
    if (lost) progress.unreadable.push_back(meta);
  });
  for (const auto& segment : rebuild_->segments) progress.segments.push_back(segment->path().filename().string());
  return progress;
}

Result<RebuildStep> TopicStoreImpl::rebuild_next(const GoOn& go_on) {
  std::shared_ptr<Rebuild> rebuild;
  Rebuild::Run run;
  std::vector<Rebuild::SegmentPtr> inputs;
  SegmentId id;
  uint32_t level = 0;
  {
    std::unique_lock lock(mu_);
    rebuild = rebuild_;
    if (!rebuild || rebuild->cancelled) return no_rebuild(name_);
    inputs = rebuild->take_merge(shared_.options.merge_width, shared_.options.max_level, level);
    if (inputs.empty()) run = rebuild->take_run();
    if (inputs.empty() && run.empty()) {
      return RebuildStep{rebuild->finished() ? RebuildStep::State::kReady : RebuildStep::State::kWaiting, 0};
    }
    id = next_segment_;
    ++next_segment_.value;
  }
  if (run.empty()) return rebuild_merge(*rebuild, inputs, id, level);
  return rebuild_run(*rebuild, run, id, go_on);
}

Result<RebuildStep> TopicStoreImpl::rebuild_merge(Rebuild& rebuild, const std::vector<Rebuild::SegmentPtr>& inputs,
                                                  SegmentId id, uint32_t level) {
  auto meta = merge_segments(segment_path(id), id, inputs);
  Result<void> committed = meta ? Result<void>() : Result<void>(meta.error());
  if (meta) {
    meta->level = level;
    committed = commit_rebuilt(rebuild, *meta, inputs);
  }
  {
    std::unique_lock lock(mu_);
    rebuild.return_merge(inputs);
    ++works_ended_;
  }
  done_.notify_all();
  if (!committed && committed.error().code == ErrorCode::kCorrupt) return mend_rebuild(rebuild, inputs);
  if (!committed) return std::move(committed).error();
  return RebuildStep{};
}

/// One of its segments isn't what was written: the blocks of all of them are indexed again.
Result<RebuildStep> TopicStoreImpl::mend_rebuild(Rebuild& rebuild, const std::vector<Rebuild::SegmentPtr>& damaged) {
  std::lock_guard commit(commit_mu_);
  KSEEK_TRY(check_writable());
  rocksdb::WriteBatch batch;
  for (const auto& segment : damaged) batch.Delete(rebuilt_segment_key(number_, segment->meta().id));
  KSEEK_TRY(shared_.database->write(batch, true));
  for (const auto& segment : damaged) segment->make_obsolete();
  std::unique_lock lock(mu_);
  rebuild.remove(damaged);
  for (const auto& segment : damaged) {
    const auto& blocks = segment->meta().blocks;
    rebuild.in_work.insert(blocks.front());
    rebuild.return_run(blocks, 0);
  }
  return RebuildStep{};
}

Result<RebuildStep> TopicStoreImpl::rebuild_run(Rebuild& rebuild, const Rebuild::Run& run, SegmentId id,
                                                const GoOn& go_on) {
  RunTerms terms;
  auto committed = collect_run(run, terms, go_on);
  if (committed && !terms.stopped && !terms.inputs.empty()) {
    auto meta = write_segment(segment_path(id), id, terms.inputs);
    if (meta && meta->blocks.size() > shared_.options.blocks_per_segment) meta->level = 1;
    committed = meta ? commit_rebuilt(rebuild, *meta, {}) : Result<void>(meta.error());
  }
  {
    std::unique_lock lock(mu_);
    if (committed && terms.unreadable) rebuild.unreadable.insert(*terms.unreadable);
    rebuild.return_run(run, committed && !terms.stopped ? terms.looked_at : 0);
    ++works_ended_;
  }
  done_.notify_all();
  if (!committed) return std::move(committed).error();
  if (terms.stopped) return RebuildStep{RebuildStep::State::kStopped, 0};
  return RebuildStep{RebuildStep::State::kWorked, terms.raw_bytes};
}

/// The terms of a run's blocks, up to one that can't be read.
Result<void> TopicStoreImpl::collect_run(const Rebuild::Run& run, RunTerms& terms, const GoOn& go_on) {
  std::shared_ptr<const BlockList> blocks;
  {
    std::shared_lock lock(mu_);
    blocks = blocks_;
  }
  for (const BlockId id : run) {
    ++terms.looked_at;
    const BlockMeta* const meta = blocks->find(id);
    if (meta == nullptr) continue;  // it has expired
    KSEEK_TRY(check_rebuilding());
    terms.stopped = !go_on(meta->raw_bytes);
    if (terms.stopped) return {};
    const auto block = load_block(*meta, Columns::all());
    if (!block && block.error().code == ErrorCode::kCorrupt) {
      terms.unreadable = id;
      return {};
    }
    if (!block) return block.error();
    if (!*block) continue;
    terms.inputs.push_back({id, collect_terms(**block, (*block)->size())});
    terms.raw_bytes += meta->raw_bytes;
  }
  return {};
}

Result<void> TopicStoreImpl::check_rebuilding() const {
  std::shared_lock lock(mu_);
  if (!rebuild_ || rebuild_->cancelled) return no_rebuild(name_);
  return {};
}

Result<void> TopicStoreImpl::commit_rebuilt(Rebuild& rebuild, const SegmentMeta& added,
                                            const std::vector<Rebuild::SegmentPtr>& removed) {
  auto segment = make_segment(added);
  std::lock_guard commit(commit_mu_);
  auto written = check_writable();
  if (written) written = check_rebuilding();
  if (written) written = fault_point(removed.empty() ? "rebuild.before_commit" : "rebuild.before_merge");
  if (written) written = write_segment_records(rebuilt_segment_key, added, removed);
  if (!written) {
    segment->make_obsolete();
    return written;
  }
  crash_point(removed.empty() ? "rebuild.committed" : "rebuild.merged");
  {
    std::unique_lock lock(mu_);
    rebuild.remove(removed);
    rebuild.add(std::move(segment));
  }
  for (const auto& old : removed) old->make_obsolete();
  return {};
}

/// What the swap changes: the segments that go, those that come, those that came too late (all their blocks expired).
struct TopicStoreImpl::IndexSwap {
  std::vector<std::shared_ptr<const Segment>> old, fresh, dead;
};

TopicStoreImpl::IndexSwap TopicStoreImpl::plan_swap(const Rebuild& rebuild) const {
  IndexSwap swap;
  for (const auto& segment : index_->segments) {
    if (segment->meta().blocks.front() < rebuild.end) swap.old.push_back(segment);
  }
  for (const auto& segment : rebuild.segments) {
    const auto& blocks = segment->meta().blocks;
    const bool lives =
        std::any_of(blocks.begin(), blocks.end(), [&](BlockId id) { return blocks_->find(id) != nullptr; });
    (lives ? swap.fresh : swap.dead).push_back(segment);
  }
  return swap;
}

Result<void> TopicStoreImpl::finish_rebuild() {
  std::lock_guard no_expiry(reclaim_mu_);
  std::shared_ptr<Rebuild> rebuild;
  {
    std::unique_lock lock(mu_);
    rebuild = rebuild_;
    if (!rebuild || rebuild->cancelled) return no_rebuild(name_);
    if (!rebuild->finished()) {
      return Error{ErrorCode::kConflict, fmt::format("the new index of topic {} is not complete", name_), ""};
    }
    rebuild->finishing = true;  // nobody claims anything of the old index any more; who has, finishes it
    done_.wait(lock, [&] {
      return std::none_of(building_.begin(), building_.end(), [&](BlockId id) { return id < rebuild->end; }) &&
             std::none_of(index_->segments.begin(), index_->segments.end(), [&](const auto& segment) {
               return segment->meta().blocks.front() < rebuild->end && merging_.contains(segment->meta().id);
             });
    });
  }
  auto swapped = swap_index(*rebuild);
  {
    std::unique_lock lock(mu_);
    rebuild->finishing = false;
    ++works_ended_;
  }
  done_.notify_all();
  return swapped;
}

Result<void> TopicStoreImpl::swap_index(const Rebuild& rebuild) {
  std::lock_guard commit(commit_mu_);
  KSEEK_TRY(check_writable());
  KSEEK_TRY(check_rebuilding());
  IndexSwap swap;
  {
    std::shared_lock lock(mu_);
    swap = plan_swap(rebuild);
  }
  rocksdb::WriteBatch batch;
  for (const auto& segment : swap.old) batch.Delete(segment_key(number_, segment->meta().id));
  for (const auto& segment : swap.fresh) {
    batch.Put(segment_key(number_, segment->meta().id), encode_segment_meta(segment->meta()));
    batch.Delete(rebuilt_segment_key(number_, segment->meta().id));
  }
  for (const auto& segment : swap.dead) batch.Delete(rebuilt_segment_key(number_, segment->meta().id));
  batch.Delete(topic_key(number_, RecordKind::kRebuild));
  KSEEK_TRY(fault_point("rebuild.before_swap"));
  KSEEK_TRY(shared_.database->write(batch, true));
  crash_point("rebuild.swapped");

  auto index = std::make_shared<IndexSnapshot>();
  {
    std::unique_lock lock(mu_);
    index->segments = swap.fresh;
    std::copy_if(index_->segments.begin(), index_->segments.end(), std::back_inserter(index->segments),
                 [&](const auto& segment) { return segment->meta().blocks.front() >= rebuild.end; });
    std::copy_if(index_->pending.begin(), index_->pending.end(), std::back_inserter(index->pending),
                 [&](const auto& pending) { return !rebuild.has(pending.block); });
    // What the old index had and the new one has not: blocks that can't be read. They are candidates for everything.
    blocks_->for_each([&](const BlockMeta& meta) {
      if (meta.id >= rebuild.end || rebuild.has(meta.id)) return;
      const bool waits = std::any_of(index->pending.begin(), index->pending.end(),
                                     [&](const auto& pending) { return pending.block == meta.id; });
      if (!waits) index->unindexed.push_back(meta.id);
      unreadable_.insert(meta.id);
    });
    std::copy_if(index_->unindexed.begin(), index_->unindexed.end(), std::back_inserter(index->unindexed),
                 [&](BlockId id) { return id >= rebuild.end; });
    index_ = std::move(index);
    rebuild_.reset();
    count_restored();
  }
  for (const auto& segment : swap.old) segment->make_obsolete();
  for (const auto& segment : swap.dead) segment->make_obsolete();
  return {};
}

Result<void> TopicStoreImpl::cancel_rebuild() {
  std::shared_ptr<Rebuild> rebuild;
  {
    std::unique_lock lock(mu_);
    rebuild = rebuild_;
    if (!rebuild) return {};
    rebuild->cancelled = true;
    done_.wait(lock, [&] { return rebuild->idle() && !rebuild->finishing; });
    if (rebuild_ != rebuild) return {};  // it was finished meanwhile
  }
  std::lock_guard commit(commit_mu_);
  KSEEK_TRY(check_writable());
  rocksdb::WriteBatch batch;
  for (const auto& segment : rebuild->segments) batch.Delete(rebuilt_segment_key(number_, segment->meta().id));
  batch.Delete(topic_key(number_, RecordKind::kRebuild));
  KSEEK_TRY(fault_point("rebuild.before_cancel"));
  KSEEK_TRY(shared_.database->write(batch, true));
  crash_point("rebuild.cancelled");
  {
    std::unique_lock lock(mu_);
    if (rebuild_ == rebuild) rebuild_.reset();
  }
  for (const auto& segment : rebuild->segments) segment->make_obsolete();
  return {};
}

/// After a restart: goes on with what is there.
Result<void> TopicStoreImpl::adopt_rebuild(std::optional<BlockId> end, const std::vector<SegmentMeta>& segments) {
  auto rebuild = std::make_shared<Rebuild>(end.value_or(BlockId{0}));
  rocksdb::WriteBatch batch;
  for (const SegmentMeta& meta : segments) {
    next_segment_ = std::max(next_segment_, SegmentId{meta.id.value + 1});
    std::error_code error;
    const auto path = segment_path(meta.id);
    if (end && std::filesystem::exists(path, error)) {
      rebuild->add(make_segment(meta));
    } else {
      batch.Delete(rebuilt_segment_key(number_, meta.id));
    }
  }
  if (shared_.database->read_only()) return {};
  if (end) {
    rebuild->plan(*blocks_, rebuild_run_blocks());
    rebuild_ = std::move(rebuild);
  }
  if (batch.Count() == 0) return {};
  return shared_.database->write(batch, false);
}

std::vector<std::string> TopicStoreImpl::segment_names() const {
  std::shared_lock lock(mu_);
  std::vector<std::string> names;
  for (const auto& segment : index_->segments) names.push_back(segment->path().filename().string());
  if (!rebuild_) return names;
  for (const auto& segment : rebuild_->segments) names.push_back(segment->path().filename().string());
  return names;
}

}  // namespace kseek::store
