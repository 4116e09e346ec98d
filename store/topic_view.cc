#include "store/topic_view.h"

#include <algorithm>
#include <cassert>
#include <numeric>
#include <tuple>
#include <utility>

namespace kseek::store {
namespace {

bool id_below(const BlockMeta& meta, BlockId id) { return meta.id < id; }

}  // namespace

BlockList::Chunk::Chunk(std::vector<BlockMeta> blocks) : metas(std::move(blocks)), by_place(metas.size()) {
  static_assert(kChunkBlocks <= UINT16_MAX);
  std::iota(by_place.begin(), by_place.end(), uint16_t{0});
  std::sort(by_place.begin(), by_place.end(), [this](uint16_t a, uint16_t b) {
    return std::tie(metas[a].partition, metas[a].first) < std::tie(metas[b].partition, metas[b].first);
  });
  for (const BlockMeta& meta : metas) raw_bytes += meta.raw_bytes;
}

const BlockMeta* BlockList::find(BlockId id) const {
  const auto chunk = std::lower_bound(chunks_.begin(), chunks_.end(), id,
                                      [](const std::shared_ptr<const Chunk>& candidate, BlockId wanted) {
                                        return candidate->metas.back().id < wanted;
                                      });
  if (chunk == chunks_.end()) return nullptr;
  const auto meta = std::lower_bound((*chunk)->metas.begin(), (*chunk)->metas.end(), id, id_below);
  return meta->id == id ? &*meta : nullptr;
}

const BlockMeta* BlockList::find(PartitionId partition, Offset offset) const {
  for (const auto& chunk : chunks_) {
    const auto& metas = chunk->metas;
    const auto behind = std::partition_point(chunk->by_place.begin(), chunk->by_place.end(), [&](uint16_t i) {
      return std::tie(metas[i].partition, metas[i].first) <= std::tie(partition, offset);
    });
    if (behind == chunk->by_place.begin()) continue;
    const BlockMeta& meta = metas[*(behind - 1)];
    if (meta.partition == partition && offset <= meta.last) return &meta;
  }
  return nullptr;
}

size_t BlockList::rank(BlockId id) const {
  size_t below = 0;
  for (const auto& chunk : chunks_) {
    const auto& metas = chunk->metas;
    if (metas.back().id >= id) {
      return below + static_cast<size_t>(std::lower_bound(metas.begin(), metas.end(), id, id_below) - metas.begin());
    }
    below += metas.size();
  }
  return below;
}

size_t BlockList::count(BlockId first, BlockId last) const { return rank({last.value + 1}) - rank(first); }

TimeBounds BlockList::times_of(const std::vector<BlockId>& sorted_ids) const {
  std::optional<TimeBounds> times;
  Finder finder(*this);
  for (const BlockId id : sorted_ids) {
    const BlockMeta* const meta = finder.find(id);
    if (meta == nullptr) continue;
    if (!times) times = {meta->min_create, meta->max_create, meta->min_ingest, meta->max_ingest};
    times->min_create = std::min(times->min_create, meta->min_create);
    times->max_create = std::max(times->max_create, meta->max_create);
    times->min_ingest = std::min(times->min_ingest, meta->min_ingest);
    times->max_ingest = std::max(times->max_ingest, meta->max_ingest);
  }
  return times.value_or(TimeBounds());
}

const BlockMeta* BlockList::Finder::find(BlockId id) {
  const auto& chunks = list_.chunks_;
  const auto may_hold = [&](size_t chunk) {
    return chunk < chunks.size() && chunks[chunk]->metas.front().id <= id && id <= chunks[chunk]->metas.back().id;
  };
  if (!may_hold(chunk_)) {
    const auto found = std::lower_bound(
        chunks.begin(), chunks.end(), id,
        [](const std::shared_ptr<const Chunk>& chunk, BlockId wanted) { return chunk->metas.back().id < wanted; });
    chunk_ = static_cast<size_t>(found - chunks.begin());
    at_ = 0;
    if (!may_hold(chunk_)) return nullptr;
  }
  const auto& metas = chunks[chunk_]->metas;
  if (metas[at_].id < id && at_ + 1 < metas.size() && metas[at_ + 1].id >= id) {
    ++at_;  // the usual case: the next one
  } else if (metas[at_].id != id) {
    at_ = static_cast<size_t>(std::lower_bound(metas.begin(), metas.end(), id, id_below) - metas.begin());
  }
  return metas[at_].id == id ? &metas[at_] : nullptr;
}

void BlockList::add(std::shared_ptr<const Chunk> chunk) {
  size_ += chunk->metas.size();
  raw_bytes_ += chunk->raw_bytes;
  chunks_.push_back(std::move(chunk));
}

BlockList BlockList::of(const std::vector<BlockMeta>& metas) {
  BlockList list;
  for (size_t begin = 0; begin < metas.size(); begin += kChunkBlocks) {
    const size_t end = std::min(metas.size(), begin + kChunkBlocks);
    list.add(std::make_shared<const Chunk>(std::vector<BlockMeta>(metas.begin() + static_cast<std::ptrdiff_t>(begin),
                                                                  metas.begin() + static_cast<std::ptrdiff_t>(end))));
  }
  return list;
}

BlockList BlockList::with(const BlockMeta& added) const {
  assert(chunks_.empty() || chunks_.back()->metas.back().id < added.id);
  BlockList result = *this;
  std::vector<BlockMeta> last;
  if (chunks_.empty() || chunks_.back()->metas.size() >= kChunkBlocks) {
    result.chunks_.emplace_back();
  } else {
    last = chunks_.back()->metas;
  }
  last.push_back(added);
  result.chunks_.back() = std::make_shared<const Chunk>(std::move(last));
  ++result.size_;
  result.raw_bytes_ += added.raw_bytes;
  return result;
}

BlockList BlockList::replacing(const std::vector<BlockMeta>& metas) const {
  BlockList result;
  result.era_ = era_;
  auto next = metas.begin();
  for (const auto& chunk : chunks_) {
    if (next == metas.end() || chunk->metas.back().id < next->id) {
      result.add(chunk);
      continue;
    }
    std::vector<BlockMeta> changed = chunk->metas;
    for (BlockMeta& meta : changed) {
      if (next != metas.end() && meta.id == next->id) meta = *next++;
    }
    result.add(std::make_shared<const Chunk>(std::move(changed)));
  }
  assert(next == metas.end());
  return result;
}

BlockList BlockList::without(const std::vector<BlockId>& sorted_ids) const {
  BlockList result;
  result.era_ = era_;
  auto gone = sorted_ids.begin();
  for (const auto& chunk : chunks_) {
    gone = std::lower_bound(gone, sorted_ids.end(), chunk->metas.front().id);
    if (gone == sorted_ids.end() || chunk->metas.back().id < *gone) {
      result.add(chunk);
      continue;
    }
    std::vector<BlockMeta> kept;
    for (const BlockMeta& meta : chunk->metas) {
      gone = std::lower_bound(gone, sorted_ids.end(), meta.id);
      if (gone == sorted_ids.end() || *gone != meta.id) kept.push_back(meta);
    }
    if (kept.empty()) continue;
    kept.shrink_to_fit();
    result.add(std::make_shared<const Chunk>(std::move(kept)));
  }
  return result;
}

BlockList BlockList::rewritten(const std::vector<BlockId>& sorted_ids, const std::vector<BlockMeta>& by) const {
  BlockList result = without(sorted_ids);
  for (const BlockMeta& meta : by) result = result.with(meta);
  return result.apart();
}

BlockList BlockList::apart() const {
  BlockList result = *this;
  result.era_ = BlockList().era_;
  return result;
}

}  // namespace kseek::store
