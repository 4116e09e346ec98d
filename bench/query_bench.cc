// What deciding costs, and what a search of a store costs beyond it, in CPU time of one core, on the synthetic messages
// of bench/data_generator.h (330 bytes on average: JSON events and logs, access-log lines, Chinese comments, with
// UUIDs). Throughputs are of raw bytes (keys, values and headers): what a full scan would read.
//
//   verify    one condition decided on every message of a decoded block of 4096
//   search    the newest ten out of 64 blocks (262,144 messages), sealed, indexed and merged; blocks cached or not
#include <benchmark/benchmark.h>
#include <fmt/format.h>
#include <stdlib.h>

#include <chrono>
#include <filesystem>
#include <memory>
#include <string>

#include "base/time.h"
#include "bench/data_generator.h"
#include "query/matcher.h"
#include "query/query_text.h"
#include "query/request.h"
#include "store/block.h"
#include "store/store.h"

namespace kseek::query {
namespace {

namespace fs = std::filesystem;
constexpr size_t kBlockMessages = 4096;
constexpr size_t kBlocks = 64;
constexpr const char* kTopic = "bench";
constexpr const char* kRareWord = "zyx104729wvq";

/// Fails the benchmark loudly: a figure of something that did not work is none.
template <class T>
T must(Result<T> result) {
  if (!result) {
    fmt::print(stderr, "{}\n", describe(result.error()));
    std::abort();
  }
  if constexpr (!std::is_void_v<T>) return *std::move(result);
}

std::shared_ptr<const store::DecodedBlock> make_block(uint64_t& raw_bytes) {
  bench::MessageGenerator generator(1, 1);
  store::OpenBlock block(PartitionId{0}, kBlockMessages, store::kMaxBlockBytes);
  while (block.size() < kBlockMessages && block.append(generator.next())) continue;
  raw_bytes = block.raw_bytes();
  return must(store::DecodedBlock::decode(store::encode_block(block, block.size()).bytes, PartitionId{0}));
}

void BM_Verify(benchmark::State& state, const char* query) {
  uint64_t raw_bytes = 0;
  const auto block = make_block(raw_bytes);
  Matcher matcher(must(parse_query(query, now())));
  size_t hits = 0;
  for (auto _ : state) {
    hits = 0;
    for (size_t i = 0; i < block->size(); ++i) hits += matcher.matches(block->message(i), TimeKind::kCreate) ? 1 : 0;
  }
  state.SetBytesProcessed(static_cast<int64_t>(state.iterations() * raw_bytes));
  state.counters["hits"] = static_cast<double>(hits);
}
BENCHMARK_CAPTURE(BM_Verify, rare_word, kRareWord);
BENCHMARK_CAPTURE(BM_Verify, frequent_word, "request");
BENCHMARK_CAPTURE(BM_Verify, two_words, "request AND timeout");
BENCHMARK_CAPTURE(BM_Verify, phrase, R"("payment timeout")");
BENCHMARK_CAPTURE(BM_Verify, uuid, R"("4bf92f35-77b3-4da6-a3ce-929d0e0e4736")");
BENCHMARK_CAPTURE(BM_Verify, chinese_phrase, "\u652F\u4ED8\u8D85\u65F6");
BENCHMARK_CAPTURE(BM_Verify, prefix, "zyx104*");
BENCHMARK_CAPTURE(BM_Verify, infix, "*yx104729wv*");
BENCHMARK_CAPTURE(BM_Verify, key, "key:order-1042700");
BENCHMARK_CAPTURE(BM_Verify, header, "header.trace-id:4bf92f35*");
BENCHMARK_CAPTURE(BM_Verify, json_field, "value.order.amount:>=850");
BENCHMARK_CAPTURE(BM_Verify, regex, R"(value:/timeout after \d+ms/)");
BENCHMARK_CAPTURE(BM_Verify, time_range, "time:2025-11-20T00:53:21..2025-11-20T00:53:22");
BENCHMARK_CAPTURE(BM_Verify, not_frequent, "-request");

/// A store of kBlocks blocks in a temporary directory; `kRareWord` is in its oldest block.
class SearchedStore {
 public:
  explicit SearchedStore(uint64_t cache_bytes) {
    std::string name = (fs::temp_directory_path() / "kseek_bench_XXXXXX").string();
    if (::mkdtemp(name.data()) == nullptr) std::abort();
    path_ = name;
    store::StoreOptions options;
    options.block_cache_bytes = cache_bytes;
    store_ = must(store::Store::open(path_, store::OpenMode::kOwner, options));
    store::TopicConfig config;
    config.name = kTopic;
    config.source = store::Source::kImport;
    const auto topic = must(store_->create_topic(config));
    must(topic->start_partition(PartitionId{0}, kMinOffset));
    bench::MessageGenerator generator(1, 1);
    generator.plant(kBlockMessages / 2, kRareWord);
    for (size_t i = 0; i < kBlocks * kBlockMessages; ++i) {
      const MessageView message = generator.next();
      topic->append(PartitionId{0}, {&message, 1});
      if (i % kBlockMessages == 0) work(*topic);
    }
    must(topic->flush());
    work(*topic);
    raw_bytes_ = topic->stats().raw_bytes;
  }
  ~SearchedStore() {
    store_.reset();
    std::error_code error;
    fs::remove_all(path_, error);
  }
  SearchedStore(const SearchedStore&) = delete;
  SearchedStore& operator=(const SearchedStore&) = delete;
  [[nodiscard]] const store::Store& store() const { return *store_; }
  [[nodiscard]] uint64_t raw_bytes() const { return raw_bytes_; }

 private:
  static void work(store::TopicStore& topic) {
    while (must(topic.seal_next()) || must(topic.index_next(false)) || must(topic.merge_next())) continue;
  }
  fs::path path_;
  std::unique_ptr<store::Store> store_;
  uint64_t raw_bytes_ = 0;
};

void BM_Search(benchmark::State& state, const char* query, uint64_t cache_bytes) {
  const SearchedStore searched(cache_bytes);
  SearchRequest request;
  request.topics = {kTopic};
  request.where = must(parse_query(query, now()));
  request.explain = true;
  request.deadline = std::chrono::minutes(1);
  uint64_t opened = 0;
  size_t hits = 0;
  for (auto _ : state) {
    const SearchAnswer answer = must(search(searched.store(), request));
    opened = answer.explain->blocks_opened;
    hits = answer.hits.size();
  }
  state.SetBytesProcessed(static_cast<int64_t>(state.iterations() * searched.raw_bytes()));
  state.counters["blocks"] = static_cast<double>(opened);
  state.counters["hits"] = static_cast<double>(hits);
}
constexpr uint64_t kCache = 256_MiB;  // all blocks
constexpr uint64_t kNoCache = 1;
BENCHMARK_CAPTURE(BM_Search, rare_word, kRareWord, kNoCache)->Unit(benchmark::kMicrosecond);
BENCHMARK_CAPTURE(BM_Search, rare_word_cached, kRareWord, kCache)->Unit(benchmark::kMicrosecond);
BENCHMARK_CAPTURE(BM_Search, frequent_word, "request", kNoCache)->Unit(benchmark::kMicrosecond);
BENCHMARK_CAPTURE(BM_Search, nothing, "nosuchword", kNoCache)->Unit(benchmark::kMicrosecond);
BENCHMARK_CAPTURE(BM_Search, prefix, "zyx104*", kNoCache)->Unit(benchmark::kMicrosecond);
BENCHMARK_CAPTURE(BM_Search, infix, "*yx104729wv*", kNoCache)->Unit(benchmark::kMicrosecond);
BENCHMARK_CAPTURE(BM_Search, regex_that_nothing_filters, R"(value:/[x-z]{9}/)", kNoCache)
    ->Unit(benchmark::kMicrosecond);

}  // namespace
}  // namespace kseek::query

BENCHMARK_MAIN();
