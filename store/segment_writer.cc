// Fresh segments and merged ones: terms that come in order from several inputs, each with postings of its own.
#include <algorithm>
#include <cassert>
#include <cstring>

#include <fmt/format.h>

#include "store/pair_rows.h"
#include "store/segment.h"
#include "store/segment_database.h"
#include "store/segment_files.h"

namespace kseek::store {
namespace {

namespace fs = std::filesystem;

/// One block's terms as an input of a merge.
class BlockInput {
 public:
  BlockInput(const BlockTerms& terms, uint32_t position) : terms_(&terms), position_(position) {}
  bool next() { return next_++ < terms_->sorted().size(); }
  [[nodiscard]] std::string_view term() const { return terms_->sorted()[next_ - 1]; }
  void append_postings(std::vector<Posting>& postings) const { postings.push_back({position_, slices_of(term())}); }

 private:
  const BlockTerms* terms_;
  uint32_t position_;
  size_t next_ = 0;
};

/// A segment as an input: its positions follow those of the segments before it.
class CursorInput {
 public:
  CursorInput(SegmentCursor& cursor, uint32_t shift) : cursor_(&cursor), shift_(shift) {}
  bool next() { return cursor_->next(); }
  [[nodiscard]] std::string_view term() const { return cursor_->term(); }
  void append_postings(std::vector<Posting>& postings) { cursor_->append_postings(postings, shift_); }
  [[nodiscard]] uint32_t shift() const { return shift_; }

 private:
  SegmentCursor* cursor_;
  uint32_t shift_;
};

/// An input's next term, in a heap whose top is the least: by term, then by input.
struct Head {
  uint64_t prefix = 0;  // the term's first eight bytes, big-endian: settles nearly all comparisons
  std::string_view term;
  uint32_t input = 0;

  void set_term(std::string_view next) {
    term = next;
    uint64_t bytes = 0;
    std::memcpy(&bytes, term.data(), std::min(term.size(), sizeof(bytes)));
    prefix = __builtin_bswap64(bytes);
  }
  [[nodiscard]] bool comes_before(const Head& other) const {
    if (prefix != other.prefix) return prefix < other.prefix;
    const int order = term.compare(other.term);
    return order != 0 ? order < 0 : input < other.input;
  }
};

/// Lets the heap's top sink to its place.
void sink(std::vector<Head>& heap) {
  const Head head = heap.front();
  size_t at = 0;
  for (;;) {
    size_t child = 2 * at + 1;
    if (child >= heap.size()) break;
    if (child + 1 < heap.size() && heap[child + 1].comes_before(heap[child])) ++child;
    if (!heap[child].comes_before(head)) break;
    heap[at] = heap[child];
    at = child;
  }
  heap[at] = head;
}

/// Merges the inputs' terms and joins their postings. Input: next(), term(), append_postings(vector&).
template <class Input>
void merge_terms(std::vector<Input>& inputs, SegmentOutput& output) {
  std::vector<Head> heap;
  for (uint32_t i = 0; i < inputs.size(); ++i) {
    if (!inputs[i].next()) continue;
    heap.emplace_back();
    heap.back().set_term(inputs[i].term());
    heap.back().input = i;
  }
  std::sort(heap.begin(), heap.end(), [](const Head& a, const Head& b) { return a.comes_before(b); });
  std::string term;
  std::vector<Posting> postings;
  while (!heap.empty()) {
    term.assign(heap.front().term);
    postings.clear();
    do {
      Head& head = heap.front();
      inputs[head.input].append_postings(postings);
      if (inputs[head.input].next()) {
        head.set_term(inputs[head.input].term());
      } else {
        head = heap.back();
        heap.pop_back();
      }
      if (!heap.empty()) sink(heap);
    } while (!heap.empty() && heap.front().term == term);
    if (!postings.empty()) output.add(term, postings);  // empty: of a damaged input, whose status tells
  }
}

Result<void> check_blocks(const fs::path& path, size_t blocks) {
  if (blocks <= kMaxSegmentBlocks) return {};
  return Error{ErrorCode::kTooLarge,
               fmt::format("index segment {} would have {} blocks, over {}", path.string(), blocks, kMaxSegmentBlocks),
               "choose fewer blocks for a segment"};
}

}  // namespace

Result<SegmentMeta> write_segment(const fs::path& path, SegmentId id, const std::vector<SegmentInput>& inputs) {
  assert(!inputs.empty());
  KSEEK_TRY(check_blocks(path, inputs.size()));
  SegmentMeta meta;
  meta.id = id;
  std::vector<BlockInput> blocks;
  std::vector<const BlockPairs*> pairs;
  for (const SegmentInput& input : inputs) {
    blocks.emplace_back(*input.terms, static_cast<uint32_t>(blocks.size()));
    pairs.push_back(&input.terms->pairs());
    meta.blocks.push_back(input.block);
  }
  KSEEK_ASSIGN(const FilesDigest published, publish_directory(path, [&](const fs::path& building) -> Result<void> {
                 KSEEK_ASSIGN(const auto output, SegmentOutput::create(building, static_cast<uint32_t>(blocks.size())));
                 write_pairs(pairs, *output);
                 merge_terms(blocks, *output);
                 return output->finish();
               }));
  meta.bytes = published.bytes;
  meta.checksum = published.checksum;
  return meta;
}

Result<SegmentMeta> merge_segments(const fs::path& path, SegmentId id,
                                   const std::vector<std::shared_ptr<const Segment>>& inputs) {
  assert(!inputs.empty());
  SegmentMeta meta;
  meta.id = id;
  std::vector<std::unique_ptr<SegmentCursor>> cursors;
  std::vector<CursorInput> terms;
  std::vector<PairsInput> pairs;
  for (const auto& input : inputs) {
    const SegmentMeta& other = input->meta();
    KSEEK_TRY(verify_segment(input->path(), other));
    KSEEK_ASSIGN(auto cursor, SegmentCursor::open(input->path(), other.blocks.size()));
    terms.emplace_back(*cursor, static_cast<uint32_t>(meta.blocks.size()));
    pairs.push_back({&cursor->database(), terms.back().shift()});
    cursors.push_back(std::move(cursor));
    meta.blocks.insert(meta.blocks.end(), other.blocks.begin(), other.blocks.end());
    meta.level = std::max(meta.level, other.level + 1);
  }
  KSEEK_TRY(check_blocks(path, meta.blocks.size()));
  const auto build = [&](const fs::path& building) -> Result<void> {
    KSEEK_ASSIGN(const auto output, SegmentOutput::create(building, static_cast<uint32_t>(meta.blocks.size())));
    KSEEK_TRY(translate_exceptions(path, [&]() -> Result<void> {
      merge_pairs(pairs, *output);
      return {};
    }));
    merge_terms(terms, *output);
    for (const auto& cursor : cursors) KSEEK_TRY(cursor->status());
    return output->finish();
  };
  KSEEK_ASSIGN(const FilesDigest published, publish_directory(path, build));
  meta.bytes = published.bytes;
  meta.checksum = published.checksum;
  return meta;
}

Result<void> verify_segment(const fs::path& path, const SegmentMeta& meta) {
  KSEEK_ASSIGN(const FilesDigest digest, digest_files(path));
  if (digest.bytes == meta.bytes && digest.checksum == meta.checksum) return {};
  return Error{ErrorCode::kCorrupt,
               fmt::format("the files of index segment {} are not what was written", path.string()),
               "rebuild the index with `kseek reindex TOPIC`"};
}

}  // namespace kseek::store
