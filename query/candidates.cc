#include "query/candidates.h"

#include <algorithm>
#include <cassert>

#include "query/block_meta_filter.h"
#include "query/scan_pool.h"

namespace kseek::query {
namespace {

/// Threads go through the dictionary of such a segment together: it has landmarks enough.
constexpr uint64_t kLargeSegmentBytes = 4 << 20;

bool is_small(const store::Segment* segment) {
  return segment != nullptr && segment->meta().bytes < kLargeSegmentBytes;
}

}  // namespace

CandidateQueue::CandidateQueue(const std::vector<TopicScope>& topics, const Window& window, const Condition* where,
                               IndexFilter* filter, Explain& explain)
    : topics_(topics), window_(window), where_(where), filter_(filter), explain_(explain) {
  for (uint32_t topic = 0; topic < topics.size(); ++topic) add_topic(topic);
}

std::optional<SortKey> CandidateQueue::best() const {
  return heap_.empty() ? std::nullopt : std::optional(heap_.front().best);
}

const store::BlockMeta* CandidateQueue::next_block() const { return heap_.empty() ? nullptr : heap_.front().block; }

Candidate CandidateQueue::next() const {
  assert(next_block() != nullptr);
  const Item& item = heap_.front();
  return {item.topic, item.block, item.slices};
}

Candidate CandidateQueue::pop() {
  const Candidate candidate = next();
  take();
  return candidate;
}

CandidateQueue::Group CandidateQueue::take_group() {
  const size_t index = take().group;
  Group group = std::move(groups_[index]);
  groups_[index].blocks.clear();
  groups_[index].whole = false;
  return group;
}

size_t CandidateQueue::ask_index(size_t most) {
  assert(!heap_.empty() && next_block() == nullptr);
  std::vector<Question> questions;
  const auto small_one_comes_next = [this] {
    return !heap_.empty() && next_block() == nullptr && is_small(groups_[heap_.front().group].segment);
  };
  do {
    Question& question = questions.emplace_back();
    question.group = take_group();
    if (!is_small(question.group.segment)) break;  // or in memory, and found at once
  } while (dictionaries_ && questions.size() < most && small_one_comes_next());

  dictionaries_ = dictionaries_ || std::any_of(questions.begin(), questions.end(),
                                               [](const Question& question) { return question.group.put_off; });
  std::vector<IndexFilter> others;  // one a question after the first
  while (others.size() + 1 < questions.size()) others.push_back(filter_->fresh());
  run_together(questions.size(), [&](size_t i) { ask(questions[i], i == 0 ? *filter_ : others[i - 1]); });
  for (const IndexFilter& other : others) filter_->add_steps(other);
  for (Question& question : questions) {
    if (!question.left) {
      explain_.notes.push_back("an index segment was left out (its blocks were searched): " +
                               describe(question.left.error()));
    }
    explain_.pruned_by_metadata += question.pruned;
    add_blocks_left(question.group, question.left ? *question.left : all_of(question.group));
    add_group(std::move(question.later));
  }
  return questions.size();
}

void CandidateQueue::ask(Question& question, IndexFilter& filter) const {
  Group& group = question.group;
  if (group.whole && live_blocks(group) < group.segment->meta().blocks.size()) question.pruned += list_blocks(group);
  question.left = group.whole || !group.blocks.empty() ? narrow(question, filter) : all_of(group);
}

uint64_t CandidateQueue::list_blocks(Group& group) const {
  const TopicScope& scope = topics_[group.topic];
  store::BlockList::Finder finder(*scope.view.blocks);
  const auto& ids = group.segment->meta().blocks;
  uint64_t pruned = 0;
  for (uint32_t position = 0; position < ids.size(); ++position) {
    const store::BlockMeta* const meta = finder.find(ids[position]);
    if (meta == nullptr) continue;
    if (prunes(scope, group.topic, *meta)) {
      ++pruned;
    } else {
      group.blocks.emplace_back(position, meta);
    }
  }
  group.whole = false;
  return pruned;
}

SliceSet CandidateQueue::all_of(const Group& group) {
  SliceSet all(group.segment != nullptr ? group.segment->meta().blocks.size() : 1);
  if (group.whole) all.add_all();
  for (const auto& [position, meta] : group.blocks) all.add(position);
  return all;
}

void CandidateQueue::add_blocks_left(const Group& group, const SliceSet& left) {
  for (const auto& [position, meta] : group.blocks) {
    if (left.contains(position)) add_block(group.topic, meta, left.slices(position));
  }
  if (!group.whole) return;
  store::BlockList::Finder finder(*topics_[group.topic].view.blocks);
  const auto& ids = group.segment->meta().blocks;
  left.for_each([&](size_t position, store::SliceMask slices) {
    const store::BlockMeta* const meta = finder.find(ids[position]);
    if (meta != nullptr) add_unless_pruned(group.topic, meta, slices);
  });
}

uint64_t CandidateQueue::blocks_not_asked() const {
  uint64_t blocks = 0;
  for (const Group& group : groups_) blocks += group.whole ? live_blocks(group) : group.blocks.size();
  return blocks;
}

uint64_t CandidateQueue::live_blocks(const Group& group) const {
  const auto& ids = group.segment->meta().blocks;
  return topics_[group.topic].view.blocks->count(ids.front(), ids.back());
}

bool CandidateQueue::is_limited(const TopicScope& scope) const {
  if (window_.after || window_.up_to || window_.next_bound) return true;
  if (where_ != nullptr && looks_at_metadata(*where_)) return true;
  if (scope.times.first > scope.view.time_floor || scope.times.last < kMaxTimestamp) return true;
  const auto& all = scope.view.partitions;
  return !std::equal(scope.partitions.begin(), scope.partitions.end(), all.begin(), all.end(),
                     [](const PartitionScope& asked, const store::PartitionView& partition) {
                       return asked.partition == partition.partition && asked.first <= partition.low &&
                              asked.limit >= partition.sealed_to && asked.scanned_from == kMaxOffset;
                     });
}

void CandidateQueue::add_whole_segments(uint32_t topic) {
  const TopicScope& scope = topics_[topic];
  const store::IndexSnapshot& index = *scope.view.index;
  explain_.blocks_total += scope.view.blocks->size();
  explain_.full_scan_bytes += scope.view.blocks->raw_bytes();
  for (const auto& segment : index.segments) {
    const SortKey best = best_key(segment->times(), scope.time_kind(), topic, window_.order);
    push({best, topic, nullptr, groups_.size()});
    groups_.push_back({topic, segment.get(), nullptr, true, {}});
  }
  store::BlockList::Finder finder(*scope.view.blocks);
  for (const auto& pending : index.pending) {
    const store::BlockMeta* const meta = finder.find(pending.block);
    if (meta == nullptr) continue;
    if (prunes(scope, topic, *meta)) {
      explain_.pruned_by_metadata += 1;
    } else {
      add_group({topic, nullptr, pending.terms.get(), false, {{0, meta}}});
    }
  }
  for (const BlockId id : index.unindexed) {
    const store::BlockMeta* const meta = finder.find(id);
    if (meta != nullptr) add_unless_pruned(topic, meta);
  }
}

void CandidateQueue::add_unless_pruned(uint32_t topic, const store::BlockMeta* meta, store::SliceMask slices) {
  if (prunes(topics_[topic], topic, *meta)) {
    explain_.pruned_by_metadata += 1;
  } else {
    add_block(topic, meta, slices);
  }
}

void CandidateQueue::add_topic(uint32_t topic) {
  const TopicScope& scope = topics_[topic];
  if (filter_ != nullptr && !is_limited(scope)) return add_whole_segments(topic);
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
  const bool was_there = window_.next_bound && meta.id < window_.blocks_end[topic];
  if (was_there && precedes(best, *window_.next_bound, order)) return true;
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
    Group group{topic, segment.get(), nullptr, false, {}};
    const auto& ids = segment->meta().blocks;
    for (uint32_t position = 0; position < ids.size(); ++position) {
      if (const store::BlockMeta* meta = claim(ids[position])) group.blocks.emplace_back(position, meta);
    }
    add_group(std::move(group));
  }
  for (const auto& pending : index.pending) {
    Group group{topic, nullptr, pending.terms.get(), false, {}};
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

void CandidateQueue::add_block(uint32_t topic, const store::BlockMeta* meta, store::SliceMask slices) {
  explain_.candidates += 1;
  push({best_key(*meta, topics_[topic].time_kind(), topic, window_.order), topic, meta, 0, slices});
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

Result<SliceSet> CandidateQueue::narrow(Question& question, IndexFilter& filter) const {
  const Group& group = question.group;
  if (group.segment == nullptr) {
    PendingTerms source(*group.terms);
    return narrow(question, filter, source);
  }
  KSEEK_ASSIGN(const auto source, SegmentTerms::open(*group.segment));
  return narrow(question, filter, *source);
}

Result<SliceSet> CandidateQueue::narrow(Question& question, IndexFilter& filter, TermSource& source) const {
  auto& [group, later, left, pruned] = question;
  const store::BlockList& blocks = *topics_[group.topic].view.blocks;
  uint64_t raw_bytes = group.whole ? blocks.raw_bytes() : 0;  // about as many a block there as elsewhere
  for (const auto& [position, meta] : group.blocks) raw_bytes += meta->raw_bytes;
  source.raw_bytes_per_block =
      static_cast<double>(raw_bytes) / static_cast<double>(group.whole ? blocks.size() : group.blocks.size());
  source.time_kind = topics_[group.topic].time_kind();
  if (!dictionaries_) {
    KSEEK_ASSIGN(const size_t first, filter.blocks_before_dictionaries(source));
    if (first > 0) {
      if (group.whole) pruned += list_blocks(group);
      if (first < group.blocks.size()) later = take_worse(group, first);
    }
  }
  source.metadata = group.blocks;
  return filter.narrow(source, all_of(group), later.blocks.empty());
}

CandidateQueue::Group CandidateQueue::take_worse(Group& group, size_t count) const {
  const TimeKind kind = topics_[group.topic].time_kind();
  const auto first = group.blocks.begin() + static_cast<std::ptrdiff_t>(count);
  std::nth_element(group.blocks.begin(), first, group.blocks.end(), [&](const auto& a, const auto& b) {
    return precedes(best_key(*a.second, kind, group.topic, window_.order),
                    best_key(*b.second, kind, group.topic, window_.order), window_.order);
  });
  Group later{group.topic, group.segment, group.terms, false, {first, group.blocks.end()}, true};
  group.blocks.erase(first, group.blocks.end());
  for (Group* each : {&group, &later}) std::sort(each->blocks.begin(), each->blocks.end());
  return later;
}

}  // namespace kseek::query
