#include "store/topic_view.h"

#include <algorithm>
#include <cassert>

namespace kseek::store {
namespace {

bool id_below(const BlockMeta& meta, BlockId id) { return meta.id < id; }

}  // namespace

const BlockMeta* BlockList::find(BlockId id) const {
  const auto chunk = std::lower_bound(
      chunks_.begin(), chunks_.end(), id,
      [](const std::shared_ptr<const Chunk>& candidate, BlockId wanted) { return candidate->back().id < wanted; });
  if (chunk == chunks_.end()) return nullptr;
  const auto meta = std::lower_bound((*chunk)->begin(), (*chunk)->end(), id, id_below);
  return meta->id == id ? &*meta : nullptr;
}

BlockList BlockList::of(const std::vector<BlockMeta>& metas) {
  BlockList list;
  for (size_t begin = 0; begin < metas.size(); begin += kChunkBlocks) {
    const size_t end = std::min(metas.size(), begin + kChunkBlocks);
    list.chunks_.push_back(std::make_shared<const Chunk>(metas.begin() + static_cast<std::ptrdiff_t>(begin),
                                                         metas.begin() + static_cast<std::ptrdiff_t>(end)));
  }
  list.size_ = metas.size();
  return list;
}

BlockList BlockList::with(const BlockMeta& added) const {
  assert(chunks_.empty() || chunks_.back()->back().id < added.id);
  BlockList result = *this;
  if (chunks_.empty() || chunks_.back()->size() >= kChunkBlocks) {
    result.chunks_.push_back(std::make_shared<const Chunk>(1, added));
  } else {
    auto last = std::make_shared<Chunk>();
    last->reserve(chunks_.back()->size() + 1);
    *last = *chunks_.back();
    last->push_back(added);
    result.chunks_.back() = std::move(last);
  }
  ++result.size_;
  return result;
}

BlockList BlockList::replacing(const std::vector<BlockMeta>& metas) const {
  BlockList result = *this;
  auto next = metas.begin();
  for (auto& chunk : result.chunks_) {
    if (next == metas.end()) break;
    if (chunk->back().id < next->id) continue;
    auto changed = std::make_shared<Chunk>(*chunk);
    for (BlockMeta& meta : *changed) {
      if (next != metas.end() && meta.id == next->id) meta = *next++;
    }
    chunk = std::move(changed);
  }
  assert(next == metas.end());
  return result;
}

BlockList BlockList::without(const std::vector<BlockId>& sorted_ids) const {
  BlockList result;
  auto gone = sorted_ids.begin();
  for (const auto& chunk : chunks_) {
    gone = std::lower_bound(gone, sorted_ids.end(), chunk->front().id);
    if (gone == sorted_ids.end() || chunk->back().id < *gone) {
      result.chunks_.push_back(chunk);
      result.size_ += chunk->size();
      continue;
    }
    auto kept = std::make_shared<Chunk>();
    for (const BlockMeta& meta : *chunk) {
      gone = std::lower_bound(gone, sorted_ids.end(), meta.id);
      if (gone == sorted_ids.end() || *gone != meta.id) kept->push_back(meta);
    }
    if (kept->empty()) continue;
    kept->shrink_to_fit();
    result.size_ += kept->size();
    result.chunks_.push_back(std::move(kept));
  }
  return result;
}

}  // namespace kseek::store
