// What storing and indexing cost, step by step, in CPU time of one core, on the synthetic messages of
// bench/data_generator.h (330 bytes on average: JSON events and logs, access-log lines, Chinese comments, with UUIDs).
// Throughputs are of raw bytes (keys, values and headers). Blocks are of 4096 messages.
//
//   encode, decode, collect terms     a block
//   write segment                     blocks of one fresh segment (the argument: how many)
//   merge                             8 neighbours of level 0 into one of level 1; 8 of level 1 into one of level 2
//   pipeline                          encode + terms + fresh segments + merges of a store of 256 blocks, and its sizes
//   lookup, scan                      a term's postings, the dictionary, in a segment of 256 blocks
//   seal, open block                  in a topic's store: a frozen block to disk; a block from disk (page cache),
//   decoded
#include <benchmark/benchmark.h>
#include <stdlib.h>

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include <fmt/format.h>

#include "bench/data_generator.h"
#include "store/block.h"
#include "store/segment.h"
#include "store/store.h"
#include "store/terms.h"

namespace kseek::store {
namespace {

namespace fs = std::filesystem;

constexpr size_t kBlockMessages = 4096;
constexpr size_t kMergeWidth = 8;

/// Messages of one partition, so many blocks of them; the same every time.
std::vector<std::shared_ptr<const OpenBlock>> make_blocks(size_t count, size_t messages = kBlockMessages) {
  bench::MessageGenerator generator(1, 1);
  std::vector<std::shared_ptr<const OpenBlock>> blocks;
  while (blocks.size() < count) {
    auto block = std::make_shared<OpenBlock>(PartitionId{0}, messages, kMaxBlockBytes);
    while (block->size() < messages) {
      if (!block->append(generator.next())) break;
    }
    blocks.push_back(std::move(block));
  }
  return blocks;
}

std::shared_ptr<const BlockTerms> terms_of(TermCollector& collector, const MessageBlock& block) {
  for (size_t i = 0; i < block.size(); ++i) collect_terms(collector, block.message(i));
  return collector.take();
}

/// Fails the benchmark loudly: a figure of something that did not work is none.
template <class T>
T must(Result<T> result) {
  if (!result) {
    fmt::print(stderr, "{}\n", describe(result.error()));
    std::abort();
  }
  if constexpr (!std::is_void_v<T>) return *std::move(result);
}

class Scratch {
 public:
  Scratch() {
    std::string name = (fs::temp_directory_path() / "kseek_bench_XXXXXX").string();
    if (::mkdtemp(name.data()) == nullptr) std::abort();
    path_ = name;
  }
  ~Scratch() {
    std::error_code error;
    fs::remove_all(path_, error);
  }
  Scratch(const Scratch&) = delete;
  Scratch& operator=(const Scratch&) = delete;
  fs::path next() { return path_ / std::to_string(++names_); }

 private:
  fs::path path_;
  uint64_t names_ = 0;
};

std::shared_ptr<const Segment> write(Scratch& scratch, const std::vector<SegmentInput>& inputs) {
  const fs::path path = scratch.next();
  auto segment = std::make_shared<Segment>(path, must(write_segment(path, {1}, inputs)));
  segment->make_obsolete();
  return segment;
}

std::shared_ptr<const Segment> merge(Scratch& scratch, const std::vector<std::shared_ptr<const Segment>>& inputs) {
  const fs::path path = scratch.next();
  auto segment = std::make_shared<Segment>(path, must(merge_segments(path, {1}, inputs)));
  segment->make_obsolete();
  return segment;
}

void set_raw_bytes(benchmark::State& state, uint64_t raw_bytes_each) {
  state.SetBytesProcessed(static_cast<int64_t>(state.iterations() * raw_bytes_each));
}

void BM_Append(benchmark::State& state) {
  const auto block = make_blocks(1).front();
  for (auto _ : state) {
    OpenBlock copy({0}, kBlockMessages, kMaxBlockBytes);
    for (size_t i = 0; i < block->size(); ++i) benchmark::DoNotOptimize(copy.append(block->message(i)));
  }
  set_raw_bytes(state, block->raw_bytes());
}
BENCHMARK(BM_Append)->Unit(benchmark::kMillisecond);

void BM_Encode(benchmark::State& state) {
  const auto block = make_blocks(1).front();
  uint64_t stored = 0;
  for (auto _ : state) stored = encode_block(*block, block->size()).meta.stored_bytes;
  set_raw_bytes(state, block->raw_bytes());
  state.counters["stored/raw"] = static_cast<double>(stored) / static_cast<double>(block->raw_bytes());
}
BENCHMARK(BM_Encode)->Unit(benchmark::kMillisecond);

void BM_Decode(benchmark::State& state) {
  const auto block = make_blocks(1).front();
  const EncodedBlock encoded = encode_block(*block, block->size());
  for (auto _ : state) benchmark::DoNotOptimize(must(DecodedBlock::decode(encoded.bytes, {0})));
  set_raw_bytes(state, block->raw_bytes());
}
BENCHMARK(BM_Decode)->Unit(benchmark::kMillisecond);

void BM_CollectTerms(benchmark::State& state) {
  const auto block = make_blocks(1).front();
  TermCollector collector;
  size_t terms = 0;
  for (auto _ : state) terms = terms_of(collector, *block)->sorted().size();
  set_raw_bytes(state, block->raw_bytes());
  state.counters["terms"] = static_cast<double>(terms);
}
BENCHMARK(BM_CollectTerms)->Unit(benchmark::kMillisecond);

/// Sorting and handing over alone: the difference to BM_CollectTerms is folding, finding tokens and hashing.
void BM_TakeTerms(benchmark::State& state) {
  const auto block = make_blocks(1).front();
  TermCollector collector;
  for (auto _ : state) {
    state.PauseTiming();
    for (size_t i = 0; i < block->size(); ++i) collect_terms(collector, block->message(i));
    state.ResumeTiming();
    benchmark::DoNotOptimize(collector.take());
  }
  set_raw_bytes(state, block->raw_bytes());
}
BENCHMARK(BM_TakeTerms)->Unit(benchmark::kMillisecond);

struct Terms {
  std::vector<SegmentInput> inputs;
  uint64_t raw_bytes = 0;
  uint64_t terms = 0;
};

Terms make_terms(size_t count, size_t messages = kBlockMessages) {
  Terms made;
  TermCollector collector;
  for (const auto& block : make_blocks(count, messages)) {
    made.inputs.push_back({{made.inputs.size()}, terms_of(collector, *block)});
    made.raw_bytes += block->raw_bytes();
    made.terms += made.inputs.back().terms->sorted().size();
  }
  return made;
}

void BM_WriteSegment(benchmark::State& state) {
  const Terms terms = make_terms(static_cast<size_t>(state.range(0)));
  Scratch scratch;
  uint64_t bytes = 0;
  for (auto _ : state) bytes = write(scratch, terms.inputs)->meta().bytes;
  set_raw_bytes(state, terms.raw_bytes);
  state.counters["index/raw"] = static_cast<double>(bytes) / static_cast<double>(terms.raw_bytes);
  state.counters["us/term"] =
      benchmark::Counter(static_cast<double>(terms.terms) * 1e-6 * static_cast<double>(state.iterations()),
                         benchmark::Counter::kIsRate | benchmark::Counter::kInvert);
}
BENCHMARK(BM_WriteSegment)->Arg(1)->Arg(4)->Arg(16)->Arg(32)->Unit(benchmark::kMillisecond);

/// Fresh segments of `blocks_each` blocks.
std::vector<std::shared_ptr<const Segment>> fresh_segments(Scratch& scratch, const Terms& terms, size_t blocks_each) {
  std::vector<std::shared_ptr<const Segment>> segments;
  for (size_t begin = 0; begin < terms.inputs.size(); begin += blocks_each) {
    const auto first = terms.inputs.begin() + static_cast<std::ptrdiff_t>(begin);
    const size_t count = std::min(blocks_each, terms.inputs.size() - begin);
    segments.push_back(write(scratch, {first, first + static_cast<std::ptrdiff_t>(count)}));
  }
  return segments;
}

/// Groups of `width` neighbours become one each.
std::vector<std::shared_ptr<const Segment>> merge_level(Scratch& scratch,
                                                        const std::vector<std::shared_ptr<const Segment>>& segments,
                                                        size_t width) {
  std::vector<std::shared_ptr<const Segment>> merged;
  for (size_t begin = 0; begin < segments.size(); begin += width) {
    const auto first = segments.begin() + static_cast<std::ptrdiff_t>(begin);
    const size_t count = std::min(width, segments.size() - begin);
    merged.push_back(merge(scratch, {first, first + static_cast<std::ptrdiff_t>(count)}));
  }
  return merged;
}

uint64_t bytes_of(const std::vector<std::shared_ptr<const Segment>>& segments) {
  uint64_t bytes = 0;
  for (const auto& segment : segments) bytes += segment->meta().bytes;
  return bytes;
}

void BM_Merge(benchmark::State& state) {
  const bool second_level = state.range(0) == 2;
  const Terms terms = make_terms(second_level ? 256 : 32);
  Scratch scratch;
  auto segments = fresh_segments(scratch, terms, 4);
  if (second_level) segments = merge_level(scratch, segments, kMergeWidth);
  uint64_t bytes = 0;
  for (auto _ : state) bytes = merge(scratch, segments)->meta().bytes;
  set_raw_bytes(state, terms.raw_bytes);
  state.counters["index/raw"] = static_cast<double>(bytes) / static_cast<double>(terms.raw_bytes);
}
BENCHMARK(BM_Merge)->Arg(1)->Arg(2)->Unit(benchmark::kMillisecond);

/// Arguments: messages of a block, blocks of a fresh segment.
void BM_Pipeline(benchmark::State& state) {
  const auto blocks =
      make_blocks(256 * kBlockMessages / static_cast<size_t>(state.range(0)), static_cast<size_t>(state.range(0)));
  uint64_t raw = 0;
  for (const auto& block : blocks) raw += block->raw_bytes();
  uint64_t stored = 0;
  uint64_t index = 0;
  uint64_t written = 0;
  for (auto _ : state) {
    Scratch scratch;
    TermCollector collector;
    Terms terms;
    std::vector<std::shared_ptr<const Segment>> segments;
    stored = 0;
    for (const auto& block : blocks) {
      stored += encode_block(*block, block->size()).meta.stored_bytes;
      terms.inputs.push_back({{terms.inputs.size()}, terms_of(collector, *block)});
      if (terms.inputs.size() < static_cast<size_t>(state.range(1))) continue;
      segments.push_back(write(scratch, terms.inputs));
      terms.inputs.clear();
    }
    index = bytes_of(segments);
    written = index;
    while (segments.size() > 1) {
      segments = merge_level(scratch, segments, kMergeWidth);
      index = bytes_of(segments);
      written += index;
    }
  }
  set_raw_bytes(state, raw);
  state.counters["stored/raw"] = static_cast<double>(stored) / static_cast<double>(raw);
  state.counters["index/raw"] = static_cast<double>(index) / static_cast<double>(raw);
  state.counters["index written/raw"] = static_cast<double>(written) / static_cast<double>(raw);
}
BENCHMARK(BM_Pipeline)
    ->Args({4096, 4})
    ->Args({4096, 16})
    ->Args({2048, 8})
    ->Args({8192, 4})
    ->Iterations(1)
    ->Unit(benchmark::kMillisecond);

std::shared_ptr<const Segment> large_segment(Scratch& scratch, Terms& terms) {
  terms = make_terms(256);
  auto segments = fresh_segments(scratch, terms, 4);
  while (segments.size() > 1) segments = merge_level(scratch, segments, kMergeWidth);
  return segments.front();
}

void BM_LookUp(benchmark::State& state) {
  Scratch scratch;
  Terms terms;
  const auto segment = large_segment(scratch, terms);
  auto reader = must(segment->borrow());
  std::vector<Posting> postings;
  size_t at = 0;
  uint64_t found = 0;
  for (auto _ : state) {
    const auto& sorted = terms.inputs[at % terms.inputs.size()].terms->sorted();
    const std::string_view term = sorted[(at * 7919) % sorted.size()];
    ++at;
    postings.clear();
    if (!reader->postings(term, postings)) std::abort();
    found += postings.size();
  }
  state.counters["postings"] = static_cast<double>(found) / static_cast<double>(state.iterations());
}
BENCHMARK(BM_LookUp)->Unit(benchmark::kMicrosecond);

/// A dictionary scan: of all terms, or for a literal that none has (of letters; of hexadecimal digits).
void BM_ScanTerms(benchmark::State& state, std::string_view literal) {
  Scratch scratch;
  Terms terms;
  const auto segment = large_segment(scratch, terms);
  auto reader = must(segment->borrow());
  uint64_t visited = 0;
  for (auto _ : state) {
    const auto visit = [&visited](std::string_view) { return ++visited, true; };
    if (!must(reader->scan_terms({.prefix = "V", .literal = literal}, visit))) std::abort();
  }
  const uint64_t in_segment = reader->terms(Field::kValue).value_or(0);
  state.SetItemsProcessed(static_cast<int64_t>(in_segment) * static_cast<int64_t>(state.iterations()));
  state.counters["visited"] = static_cast<double>(visited) / static_cast<double>(state.iterations());
}
BENCHMARK_CAPTURE(BM_ScanTerms, all, "")->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(BM_ScanTerms, letters, "yxqwv")->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(BM_ScanTerms, digits, "4bf92f35")->Unit(benchmark::kMillisecond);

std::unique_ptr<Store> make_store(const fs::path& path) {
  StoreOptions options;
  options.block_cache_bytes = 1;  // every read goes to RocksDB and is decoded
  return must(Store::open(path, OpenMode::kOwner, options));
}

std::shared_ptr<TopicStore> make_topic(Store& store) {
  TopicConfig config;
  config.name = "bench";
  config.source = Source::kImport;
  auto topic = must(store.create_topic(config));
  must(topic->start_partition(PartitionId{0}, kMinOffset));
  return topic;
}

/// Appends a block's messages, from `offset` on.
void append_block(TopicStore& topic, const OpenBlock& block, int64_t offset) {
  for (size_t i = 0; i < block.size(); ++i) {
    const StoredMessage stored = block.message(i);
    MessageView message = static_cast<const MessageView&>(stored);
    message.offset = Offset{offset + static_cast<int64_t>(i)};
    topic.append(PartitionId{0}, {&message, 1});
  }
  topic.freeze_all();
}

void BM_Seal(benchmark::State& state) {
  Scratch scratch;
  const auto store = make_store(scratch.next());
  const auto topic = make_topic(*store);
  const auto block = make_blocks(1).front();
  int64_t offset = 0;
  for (auto _ : state) {
    state.PauseTiming();
    append_block(*topic, *block, offset);
    offset += static_cast<int64_t>(block->size());
    state.ResumeTiming();
    while (must(topic->seal_next())) continue;
    state.PauseTiming();
    while (must(topic->index_next(true))) continue;
    state.ResumeTiming();
  }
  set_raw_bytes(state, block->raw_bytes());
}
BENCHMARK(BM_Seal)->Unit(benchmark::kMillisecond);

void BM_OpenBlock(benchmark::State& state) {
  Scratch scratch;
  const auto store = make_store(scratch.next());
  const auto topic = make_topic(*store);
  const auto blocks = make_blocks(16);
  uint64_t raw_bytes = 0;
  int64_t offset = 0;
  for (const auto& block : blocks) {
    append_block(*topic, *block, offset);
    offset += static_cast<int64_t>(block->size());
    raw_bytes += block->raw_bytes();
  }
  must(topic->flush());
  std::vector<BlockMeta> metas;
  topic->view().blocks->for_each([&](const BlockMeta& meta) { metas.push_back(meta); });
  size_t at = 0;
  for (auto _ : state) benchmark::DoNotOptimize(must(topic->read_block(metas[at++ % metas.size()])));
  set_raw_bytes(state, raw_bytes / blocks.size());
}
BENCHMARK(BM_OpenBlock)->Unit(benchmark::kMicrosecond);

}  // namespace
}  // namespace kseek::store

BENCHMARK_MAIN();
