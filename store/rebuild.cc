#include "store/rebuild.h"

#include <algorithm>

namespace kseek::store {
namespace {

BlockId first_of(const Rebuild::SegmentPtr& segment) { return segment->meta().blocks.front(); }

}  // namespace

bool Rebuild::has(BlockId block) const {
  auto next = std::upper_bound(segments.begin(), segments.end(), block,
                               [](BlockId id, const SegmentPtr& segment) { return id < first_of(segment); });
  if (next == segments.begin()) return false;
  const auto& blocks = (*--next)->meta().blocks;
  return std::binary_search(blocks.begin(), blocks.end(), block);
}

void Rebuild::plan(const BlockList& blocks, size_t run_blocks) {
  runs.clear();
  bool joins = false;  // the last run may still grow: no segment lies behind it
  blocks.for_each([&](const BlockMeta& meta) {
    if (meta.id >= end) return;
    if (has(meta.id)) {
      joins = false;
      return;
    }
    if (!joins || runs.back().size() >= run_blocks) runs.emplace_back();
    runs.back().push_back(meta.id);
    joins = true;
  });
}

void Rebuild::add(SegmentPtr segment) {
  const auto place = std::upper_bound(segments.begin(), segments.end(), first_of(segment),
                                      [](BlockId id, const SegmentPtr& other) { return id < first_of(other); });
  segments.insert(place, std::move(segment));
}

void Rebuild::remove(const std::vector<SegmentPtr>& segments_to_remove) {
  std::erase_if(segments, [&](const SegmentPtr& segment) {
    return std::find(segments_to_remove.begin(), segments_to_remove.end(), segment) != segments_to_remove.end();
  });
}

Rebuild::Run Rebuild::take_run() {
  if (runs.empty() || cancelled) return {};
  Run run = std::move(runs.front());
  runs.pop_front();
  in_work.insert(run.front());
  return run;
}

void Rebuild::return_run(const Run& run, size_t indexed) {
  in_work.erase(run.front());
  if (indexed >= run.size()) return;
  Run rest(run.begin() + static_cast<std::ptrdiff_t>(indexed), run.end());
  const auto place = std::upper_bound(runs.begin(), runs.end(), rest.front(),
                                      [](BlockId id, const Run& other) { return id < other.front(); });
  runs.insert(place, std::move(rest));
}

bool Rebuild::gap_between(BlockId below, BlockId above) const {
  const auto within = [&](const std::set<BlockId>& ids) {
    const auto next = ids.lower_bound(below);
    return next != ids.end() && *next < above;
  };
  const auto run = std::lower_bound(runs.begin(), runs.end(), below,
                                    [](const Run& other, BlockId id) { return other.front() < id; });
  return within(in_work) || within(unreadable) || (run != runs.end() && run->front() < above);
}

std::vector<Rebuild::SegmentPtr> Rebuild::take_merge(size_t width, uint32_t max_level, uint32_t& level) {
  if (cancelled) return {};
  std::vector<MergeCandidate> candidates;
  candidates.reserve(segments.size());
  for (size_t i = 0; i < segments.size(); ++i) {
    const SegmentMeta& meta = segments[i]->meta();
    const bool gap = i > 0 && gap_between(segments[i - 1]->meta().blocks.back(), meta.blocks.front());
    candidates.push_back({meta.level, merging.contains(meta.id), gap, meta.blocks.size()});
  }
  const auto choice = choose_merge(candidates, width, max_level, kMaxSegmentBlocks);
  if (!choice) return {};
  const auto begin = segments.begin() + static_cast<std::ptrdiff_t>(choice->begin);
  std::vector<SegmentPtr> inputs(begin, begin + static_cast<std::ptrdiff_t>(choice->count));
  for (const auto& input : inputs) merging.insert(input->meta().id);
  level = choice->level;
  return inputs;
}

void Rebuild::return_merge(const std::vector<SegmentPtr>& inputs) {
  for (const auto& input : inputs) merging.erase(input->meta().id);
}

}  // namespace kseek::store
