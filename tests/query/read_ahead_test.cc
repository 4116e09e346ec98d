// Blocks opened ahead by helpers: the same answer, whoever did the work; searches that are cut, cancelled, or many.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <atomic>
#include <thread>

#include "query/query_text.h"
#include "query/request.h"
#include "query/scan_pool.h"
#include "tests/query/scratch_store.h"

namespace kseek::query {
namespace {

constexpr int64_t kMessages = 4'000;
constexpr int32_t kPartitions = 2;

class ReadAheadTest : public testing::Test {
 protected:
  static store::StoreOptions options() {
    store::StoreOptions options;
    options.blocks.max_messages = 16;
    options.blocks.blocks_per_segment = 4;
    options.block_cache_bytes = 0;  // every block is decompressed by each search
    return options;
  }

  void SetUp() override {
    store::TopicConfig config;
    config.name = "t";
    config.source = store::Source::kImport;
    topic_ = need(scratch_->create_topic(config));
    for (int32_t p = 0; p < kPartitions; ++p) need(topic_->start_partition({p}, kMinOffset));
    for (int64_t n = 0; n < kMessages; ++n) {
      const std::string key = fmt::format("k-{}", n % 97);
      const std::string value =
          fmt::format(R"({{"n":{},"text":"alpha {} beta{}"}})", n, n % 11, n % 5 == 0 ? " 支付" : "");
      MessageView message;
      message.partition = {static_cast<int32_t>(n % kPartitions)};
      message.offset = {n / kPartitions};
      message.create_time = message.ingest_time = {n / 3};
      message.key = key;
      message.value = value;
      topic_->append(message.partition, {&message, 1});
    }
    need(topic_->flush());
  }

  static SearchRequest ask(const std::string& text, size_t read_ahead) {
    SearchRequest request;
    request.topics = {"t"};
    if (!text.empty()) request.where = need(parse_query(text, Timestamp{0}));
    request.read_ahead = read_ahead;
    request.explain = true;
    return request;
  }

  /// Every hit of the pages, as text.
  std::string all_pages(SearchRequest request, size_t max_pages) {
    std::string pages;
    for (size_t page = 0; page < max_pages; ++page) {
      const SearchAnswer answer = need(search(*scratch_, request));
      for (const Hit& hit : answer.hits) {
        pages += fmt::format("{}/{}={} ", hit.message().partition.value, hit.message().offset.value,
                             hit.message().value.value_or("-"));
      }
      if (!answer.more) break;  // "there may be more" is as exact as the order of the work allows
      request.cursor = answer.cursor;
    }
    return pages;
  }

  ScratchStore scratch_{options()};
  std::shared_ptr<store::TopicStore> topic_;
};

TEST_F(ReadAheadTest, AnswersAreTheSame) {
  for (const std::string text : {"", "alpha", "nosuchword*", "*lph*", "-alpha", "NOT (alpha OR beta)", "支付 -alpha",
                                 "\"beta alpha\"", "key:k-13", "/alpha 7 [b]eta/", "value.n:>=3990", "/n.:1*2/"}) {
    for (const Order order : {Order::kNewest, Order::kOldest}) {
      SearchRequest request = ask(text, 0);
      request.order = order;
      const SearchAnswer alone = need(search(*scratch_, request));
      const std::string pages = all_pages(request, 5);
      for (const size_t read_ahead : {1, 3, 16}) {
        request.read_ahead = read_ahead;
        const SearchAnswer helped = need(search(*scratch_, request));
        EXPECT_EQ(helped.explain->blocks_opened, alone.explain->blocks_opened) << text;
        EXPECT_GE(helped.explain->candidates, alone.explain->candidates) << text << ": segments are asked ahead, too";
        EXPECT_GE(helped.explain->bytes_read, alone.explain->bytes_read) << text;
        EXPECT_EQ(all_pages(request, 5), pages) << text;
      }
    }
  }
}

TEST_F(ReadAheadTest, SegmentsAreAskedTogether) {
  ASSERT_GT(topic_->view().index->segments.size(), 20U);
  for (const std::string text :
       {"nosuchword", "value:17", "nosuch*", "*osuch*", "value:17 alpha", "\"17 text\" OR 3999"}) {
    SearchRequest request = ask(text, 0);
    const SearchAnswer alone = need(search(*scratch_, request));
    const std::string pages = all_pages(request, 5);
    EXPECT_EQ(alone.explain->blocks_not_asked, 0U) << text << ": no page is full before";
    for (int round = 0; round < 5; ++round) {
      request.read_ahead = 4;
      const SearchAnswer together = need(search(*scratch_, request));
      EXPECT_EQ(all_pages(request, 5), pages) << text;
      EXPECT_EQ(together.explain->candidates, alone.explain->candidates) << text;
      EXPECT_EQ(together.explain->pruned_by_metadata, alone.explain->pruned_by_metadata) << text;
      ASSERT_EQ(together.explain->steps.size(), alone.explain->steps.size());
      for (size_t i = 0; i < alone.explain->steps.size(); ++i) {
        EXPECT_EQ(together.explain->steps[i].blocks_left, alone.explain->steps[i].blocks_left) << text;
        EXPECT_EQ(together.explain->steps[i].without_pairs, alone.explain->steps[i].without_pairs) << text;
      }
    }
  }
}

TEST_F(ReadAheadTest, BudgetsCutAtTheSamePlace) {
  for (const uint64_t budget : {uint64_t{1}, uint64_t{3'000}, uint64_t{20'000}}) {
    SearchRequest request = ask("-alpha OR \"alpha 7\" /9.*9/", 0);
    request.byte_budget = budget;
    const std::string pages = all_pages(request, 1'000);
    for (const size_t read_ahead : {1, 16}) {
      request.read_ahead = read_ahead;
      EXPECT_EQ(all_pages(request, 1'000), pages) << budget;
    }
  }
}

TEST_F(ReadAheadTest, ACancelledSearchEnds) {
  for (int round = 0; round < 20; ++round) {
    std::atomic<bool> cancelled = false;
    SearchRequest request = ask("/no such thing .* at all/", 8);
    request.cancelled = &cancelled;
    std::thread canceller([&] { cancelled = true; });
    const auto answer = search(*scratch_, request);
    canceller.join();
    if (!answer) {
      EXPECT_EQ(answer.error().code, ErrorCode::kTimeout);
    }
  }
}

TEST_F(ReadAheadTest, ManySearchesShareTheHelpers) {
  const std::string expected = all_pages(ask("*lph* -支付", 0), 3);
  const std::string nothing = all_pages(ask("-alpha", 0), 3);
  std::vector<std::thread> searchers;
  for (int t = 0; t < 6; ++t) {
    searchers.emplace_back([&, t] {
      for (int round = 0; round < 4; ++round) {
        EXPECT_EQ(all_pages(ask("*lph* -支付", 4), 3), expected);
        EXPECT_EQ(all_pages(ask("-alpha", static_cast<size_t>(t)), 3), nothing);
      }
    });
  }
  for (std::thread& searcher : searchers) searcher.join();
}

TEST(ScanPoolTest, WorkDoneTogetherIsDoneOnce) {
  for (const size_t n : {size_t{0}, size_t{1}, size_t{2}, size_t{10}, size_t{1'000}}) {
    std::vector<std::thread> callers;
    for (int t = 0; t < 3; ++t) {
      callers.emplace_back([n] {
        std::vector<std::atomic<int>> runs(n);
        run_together(n, [&runs](size_t i) { ++runs[i]; });
        for (const auto& each : runs) EXPECT_EQ(each, 1);
      });
    }
    for (std::thread& caller : callers) caller.join();
  }
}

TEST(ScanPoolTest, RunsEveryJobBeforeItEnds) {
  std::atomic<int> runs = 0;
  {
    ScanPool pool(3);
    EXPECT_EQ(pool.threads(), 3U);
    for (int i = 0; i < 1'000; ++i) pool.submit([&runs] { ++runs; });
  }
  EXPECT_EQ(runs, 1'000);
}

}  // namespace
}  // namespace kseek::query
