#include "query/candidates.h"

#include <algorithm>
#include <cassert>

#include "query/block_meta_filter.h"

namespace kseek::query {
CandidateQueue::CandidateQueue(const std::vector<TopicScope>& topics, const Window& window, const Condition* where,
                               IndexFilter* filter, Explain& explain)
    : topics_(topics), window_(window), where_(where), filter_(filter), explain_(explain) {
  for (uint32_t topic = 0; topic < topics.size(); ++topic) add_topic(topic);
}

std::optional<SortKey> CandidateQueue::best() const {
  return heap_.empty() ? std::nullopt : std::optional(heap_.front().best);
}

const store::BlockMeta* CandidateQueue::next_block() const { return heap_.empty() ? nullptr : heap_.front().block; }

Candidate CandidateQueue::pop() {
  assert(next_block() != nullptr);
  const Item item = take();
  return {item.topic, item.block};
}

void CandidateQueue::ask_index() {
  assert(!heap_.empty() && next_block() == nullptr);
  const size_t index = take().group;
  Group group = std::move(groups_[index]);
  groups_[index].blocks.clear();
  const Result<BlockSet> left = narrow(group);
  if (!left) {
    explain_.notes.push_back("an index segment was left out (its blocks were searched): " + describe(left.error()));
  }
  for (const auto& [position, meta] : group.blocks) {
    if (!left || left->contains(position)) add_block(group.topic, meta);
  }
}

uint64_t CandidateQueue::blocks_not_asked() const {
  uint64_t blocks = 0;
  for (const Group& group : groups_) blocks += group.blocks.size();
  return blocks;
}

void CandidateQueue::add_topic(uint32_t topic) {
  const TopicScope& scope = topics_[topic];
  std::vector<const store::BlockMeta*> left;  // ids rise
  scope.view.blocks->for_each([&](const store::BlockMeta& meta) {
    explain_.blocks_total += 1;
    explain_.full_scan_bytes += meta.raw_bytes;
    if (prunes(scope, topic, meta)) {
      explain_.pruned_by_metadata += 1;
    } else {
      left.push_back(&meta);
    }
  });
  if (filter_ != nullptr) return add_groups(topic, left);
  for (const store::BlockMeta* meta : left) add_block(topic, meta);
}

bool CandidateQueue::prunes(const TopicScope& scope, uint32_t topic, const store::BlockMeta& meta) const {
  const PartitionScope* partition = scope.find(meta.partition);
  if (partition == nullptr) return true;
  if (meta.last < partition->first || meta.first >= partition->limit) return true;
  if (meta.first >= partition->scanned_from) return true;
  const TimeKind kind = scope.time_kind();
  if (meta.max_time(kind) < scope.times.first || meta.min_time(kind) > scope.times.last) return true;
  if (where_ != nullptr && !may_match(*where_, meta, kind)) return true;
  const Order order = window_.order;
  const SortKey best = best_key(meta, kind, topic, order);
  if (window_.next_bound && precedes(best, *window_.next_bound, order)) return true;
  if (window_.up_to && precedes(*window_.up_to, best, order)) return true;
  return window_.after && !precedes(*window_.after, worst_key(meta, kind, topic, order), order);
}

void CandidateQueue::add_groups(uint32_t topic, const std::vector<const store::BlockMeta*>& left) {
  const store::IndexSnapshot& index = *topics_[topic].view.index;
  std::vector<bool> grouped(left.size());
  size_t at = 0;  // ids rise from segment to segment, so the next one is near: no search for each of many blocks
  const auto claim = [&](BlockId id) -> const store::BlockMeta* {
    if (at > 0 && id <= left[at - 1]->id) {
      const auto it = std::lower_bound(left.begin(), left.end(), id,
                                       [](const store::BlockMeta* meta, BlockId b) { return meta->id < b; });
      at = static_cast<size_t>(it - left.begin());
    }
    while (at < left.size() && left[at]->id < id) ++at;
    if (at == left.size() || left[at]->id != id || grouped[at]) return nullptr;
    grouped[at] = true;
    return left[at];
  };
  for (const auto& segment : index.segments) {
    Group group{topic, segment.get(), nullptr, {}};
    const auto& ids = segment->meta().blocks;
    for (uint32_t position = 0; position < ids.size(); ++position) {
      if (const store::BlockMeta* meta = claim(ids[position])) group.blocks.emplace_back(position, meta);
    }
    add_group(std::move(group));
  }
  for (const auto& pending : index.pending) {
    Group group{topic, nullptr, pending.terms.get(), {}};
    if (const store::BlockMeta* meta = claim(pending.block)) group.blocks.emplace_back(0, meta);
    add_group(std::move(group));
  }
  // What no index knows yet is searched as it is.
  for (size_t i = 0; i < left.size(); ++i) {
    if (!grouped[i]) add_block(topic, left[i]);
  }
}

void CandidateQueue::add_group(Group group) {
  if (group.blocks.empty()) return;
  const TimeKind kind = topics_[group.topic].time_kind();
  Item item{best_key(*group.blocks.front().second, kind, group.topic, window_.order), group.topic, nullptr,
            groups_.size()};
  for (const auto& [position, meta] : group.blocks) {
    const SortKey key = best_key(*meta, kind, group.topic, window_.order);
    if (precedes(key, item.best, window_.order)) item.best = key;
  }
  groups_.push_back(std::move(group));
  push(item);
}

void CandidateQueue::add_block(uint32_t topic, const store::BlockMeta* meta) {
  explain_.candidates += 1;
  push({best_key(*meta, topics_[topic].time_kind(), topic, window_.order), topic, meta, 0});
}

void CandidateQueue::push(Item item) {
  heap_.push_back(item);
  std::push_heap(heap_.begin(), heap_.end(),
                 [this](const Item& a, const Item& b) { return precedes(b.best, a.best, window_.order); });
}

CandidateQueue::Item CandidateQueue::take() {
  std::pop_heap(heap_.begin(), heap_.end(),
                [this](const Item& a, const Item& b) { return precedes(b.best, a.best, window_.order); });
  const Item item = heap_.back();
  heap_.pop_back();
  return item;
}

Result<BlockSet> CandidateQueue::narrow(const Group& group) {
  const size_t positions = group.segment != nullptr ? group.segment->meta().blocks.size() : 1;
  BlockSet among(positions);
  uint64_t raw_bytes = 0;
  for (const auto& [position, meta] : group.blocks) {
    among.add(position);
    raw_bytes += meta->raw_bytes;
  }
  const auto ask = [&](TermSource& source) {
    source.raw_bytes_per_block = static_cast<double>(raw_bytes) / static_cast<double>(group.blocks.size());
    source.metadata = group.blocks;
    source.time_kind = topics_[group.topic].time_kind();
    return filter_->narrow(source, among);
  };
  if (group.segment == nullptr) {
    PendingTerms source(*group.terms);
    return ask(source);
  }
  KSEEK_ASSIGN(store::Segment::Lease lease, group.segment->borrow());
  SegmentTerms source(std::move(lease), positions);
  return ask(source);
}

}  // namespace kseek::query
