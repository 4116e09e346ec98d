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

BlockList BlockList::of(const std::vector<BlockMeta>& metas) {
  BlockList list;
  for (size_t begin = 0; begin < metas.size(); begin += kChunkBlocks) {
    const size_t end = std::min(metas.size(), begin + kChunkBlocks);
    list.chunks_.push_back(std::make_shared<const Chunk>(std::vector<BlockMeta>(
        metas.begin() + static_cast<std::ptrdiff_t>(begin), metas.begin() + static_cast<std::ptrdiff_t>(end))));
  }
  list.size_ = metas.size();
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
  return result;
}

BlockList BlockList::replacing(const std::vector<BlockMeta>& metas) const {
  BlockList result = *this;
  auto next = metas.begin();
  for (auto& chunk : result.chunks_) {
    if (next == metas.end()) break;
    if (chunk->metas.back().id < next->id) continue;
    std::vector<BlockMeta> changed = chunk->metas;
    for (BlockMeta& meta : changed) {
      if (next != metas.end() && meta.id == next->id) meta = *next++;
    }
    chunk = std::make_shared<const Chunk>(std::move(changed));
  }
  assert(next == metas.end());
  return result;
}

BlockList BlockList::without(const std::vector<BlockId>& sorted_ids) const {
  BlockList result;
  auto gone = sorted_ids.begin();
  for (const auto& chunk : chunks_) {
    gone = std::lower_bound(gone, sorted_ids.end(), chunk->metas.front().id);
    if (gone == sorted_ids.end() || chunk->metas.back().id < *gone) {
      result.chunks_.push_back(chunk);
      result.size_ += chunk->metas.size();
      continue;
    }
    std::vector<BlockMeta> kept;
    for (const BlockMeta& meta : chunk->metas) {
      gone = std::lower_bound(gone, sorted_ids.end(), meta.id);
      if (gone == sorted_ids.end() || *gone != meta.id) kept.push_back(meta);
    }
    if (kept.empty()) continue;
    kept.shrink_to_fit();
    result.size_ += kept.size();
    result.chunks_.push_back(std::make_shared<const Chunk>(std::move(kept)));
  }
  return result;
}

}  // namespace kseek::store
