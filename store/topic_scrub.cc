// TopicStoreImpl: segments that are not what was written any more are found, dropped, and their blocks indexed again.
#include <algorithm>
#include <iterator>

#include "base/bytes.h"
#include "base/fault_point.h"
#include "store/segment_files.h"
#include "store/topic_store_impl.h"

namespace kseek::store {
namespace {

constexpr std::chrono::hours kVerifyEvery{24};
constexpr uint64_t kBytesASecond = 20_MiB;

}  // namespace

bool ScrubPace::begin() {
  const std::lock_guard lock(mu_);
  if (busy_ || Clock::now() < next_) return false;
  busy_ = true;
  return true;
}

void ScrubPace::done(uint64_t bytes) {
  const std::lock_guard lock(mu_);
  busy_ = false;
  next_ = Clock::now() + std::chrono::milliseconds(bytes * 1'000 / kBytesASecond);
}

/// One that a search or merge could not read, or else one that was not looked at for a day. Nobody merges it meanwhile.
TopicStoreImpl::SegmentPtr TopicStoreImpl::claim_for_scrub() {
  const auto old = std::chrono::steady_clock::now() - kVerifyEvery;
  std::unique_lock lock(mu_);
  SegmentPtr chosen;
  for (const auto& segment : index_->segments) {
    if (merging_.contains(segment->meta().id)) continue;
    if (take_suspicion(segment->path())) {
      chosen = segment;
      break;
    }
    const auto verified = verified_.find(segment->meta().id);
    if (!chosen && (verified == verified_.end() || verified->second < old)) chosen = segment;
  }
  std::erase_if(verified_, [&](const auto& entry) {
    return std::none_of(index_->segments.begin(), index_->segments.end(),
                        [&](const auto& segment) { return segment->meta().id == entry.first; });
  });
  if (!chosen) return nullptr;
  merging_.insert(chosen->meta().id);
  return chosen;
}

Result<void> TopicStoreImpl::scrub() {
  if (!shared_.scrub_pace->begin()) return {};
  const SegmentPtr segment = claim_for_scrub();
  if (!segment) {
    shared_.scrub_pace->done(0);
    return {};
  }
  auto dropped = drop_damaged_of({segment});
  shared_.scrub_pace->done(segment->meta().bytes);
  {
    std::unique_lock lock(mu_);
    merging_.erase(segment->meta().id);
    ++works_ended_;
  }
  done_.notify_all();
  if (!dropped) return std::move(dropped).error();
  if (!*dropped) verified_[segment->meta().id] = std::chrono::steady_clock::now();
  return {};
}

/// True if some were damaged, and are dropped. REQUIRES: the segments are claimed in merging_.
Result<bool> TopicStoreImpl::drop_damaged_of(const std::vector<SegmentPtr>& inputs) {
  std::vector<SegmentPtr> damaged;
  for (const auto& segment : inputs) {
    const auto verified = verify_segment(segment->path(), segment->meta());
    if (verified) continue;
    if (verified.error().code != ErrorCode::kCorrupt) return verified.error();
    damaged.push_back(segment);
  }
  if (damaged.empty()) return false;
  KSEEK_TRY(drop_damaged(damaged));
  return true;
}

/// Of the damaged segments: those of whose blocks none waits to be indexed again.
void TopicStoreImpl::count_restored() {
  const auto waits = [&](BlockId id) {
    return std::find(index_->unindexed.begin(), index_->unindexed.end(), id) != index_->unindexed.end();
  };
  activity_.segments_restored +=
      std::erase_if(restoring_, [&](const auto& blocks) { return std::none_of(blocks.begin(), blocks.end(), waits); });
}

/// The catalog forgets them, and their blocks are searched as they are until index_next() has indexed them again.
Result<void> TopicStoreImpl::drop_damaged(const std::vector<SegmentPtr>& damaged) {
  std::lock_guard commit(commit_mu_);
  KSEEK_TRY(check_writable());
  rocksdb::WriteBatch batch;
  for (const auto& segment : damaged) batch.Delete(segment_key(number_, segment->meta().id));
  KSEEK_TRY(fault_point("scrub.before_commit"));
  KSEEK_TRY(shared_.database->write(batch, true));
  crash_point("scrub.committed");
  std::unique_lock lock(mu_);
  auto index = std::make_shared<IndexSnapshot>(*index_);
  for (const auto& segment : damaged) {
    if (std::erase(index->segments, segment) == 0) continue;
    ++activity_.segments_damaged;
    restoring_.push_back(segment->meta().blocks);
    for (const BlockId id : segment->meta().blocks) {
      if (blocks_->find(id) != nullptr) index->unindexed.push_back(id);
    }
  }
  std::sort(index->unindexed.begin(), index->unindexed.end());
  const std::shared_ptr<const IndexSnapshot> old = std::exchange(index_, std::move(index));
  count_restored();
  lock.unlock();
  for (const auto& segment : damaged) segment->make_obsolete();
  return {};
}

}  // namespace kseek::store
