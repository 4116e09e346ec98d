// What an answer says besides its hits: errors, coverage, reasons, cursors, marks, explain.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <atomic>

#include "query/query_text.h"
#include "query/request.h"
#include "tests/query/scratch_store.h"

namespace kseek::query {
namespace {

class Search : public testing::Test {
 protected:
  Search() : scratch_(options()) {}

  static store::StoreOptions options() {
    store::StoreOptions options;
    options.blocks.max_messages = 4;
    return options;
  }
  std::shared_ptr<store::TopicStore> create(const std::string& name, store::Source source = store::Source::kImport,
                                            int32_t partitions = 1) {
    store::TopicConfig config;
    config.name = name;
    config.source = source;
    config.opened_at = {++opened_};
    auto topic = need(scratch_->create_topic(config));
    for (int32_t p = 0; p < partitions; ++p) need(topic->start_partition({p}, kMinOffset));
    return topic;
  }
  static void append(store::TopicStore& topic, int32_t partition, int64_t time, std::string_view value,
                     std::optional<std::string_view> key = std::nullopt) {
    MessageView message;
    message.partition = {partition};
    message.offset = topic.next_offset({partition}).value();
    message.create_time = message.ingest_time = {time};
    message.key = key;
    message.value = value;
    topic.append({partition}, {&message, 1});
  }
  SearchRequest ask(std::vector<std::string> topics, const std::string& text = "") {
    SearchRequest request;
    request.topics = std::move(topics);
    if (!text.empty()) request.where = need(parse_text_condition(Scope::kKeyOrValue, text));
    return request;
  }
  SearchAnswer answer(const SearchRequest& request) { return need(search(*scratch_, request)); }
  static std::string values(const SearchAnswer& answer) {
    std::string text;
    for (const Hit& hit : answer.hits) text += std::string(hit.message().value.value_or("null")) + " ";
    return text;
  }
  ErrorCode error_code(const SearchRequest& request) {
    const auto result = search(*scratch_, request);
    return result ? ErrorCode::kInternal : result.error().code;
  }
  static std::string reasons(const SearchAnswer& answer) {
    EXPECT_EQ(answer.complete, answer.incomplete_because.empty());
    return fmt::format("{}", fmt::join(answer.incomplete_because, "; "));
  }

  ScratchStore scratch_;
  int64_t opened_ = 0;
};

TEST_F(Search, RefusesWhatMakesNoSense) {
  create("a");
  EXPECT_EQ(error_code(ask({"b"})), ErrorCode::kNotFound);
  EXPECT_EQ(error_code(ask({"a", "b"})), ErrorCode::kNotFound);
  EXPECT_EQ(error_code(ask({})), ErrorCode::kInvalid);
  SearchRequest request = ask({"a"});
  for (const size_t limit : {size_t{0}, kMaxHits + 1}) {
    request.limit = limit;
    EXPECT_EQ(error_code(request), ErrorCode::kInvalid);
  }
  request.limit = 1;
  request.cursor = "nonsense";
  EXPECT_EQ(error_code(request), ErrorCode::kInvalid);
}

TEST_F(Search, EndsWhenCancelled) {
  const auto topic = create("a");
  append(*topic, 0, 1, "x");
  const std::atomic<bool> cancelled = true;
  SearchRequest request = ask({"a"});
  request.cancelled = &cancelled;
  EXPECT_EQ(error_code(request), ErrorCode::kTimeout);
}

TEST_F(Search, MergesTopicsIntoOneTimeline) {
  const auto a = create("a"), b = create("b");
  append(*a, 0, 0, "a0");
  append(*a, 0, 1, "a1");
  append(*b, 0, 2, "b2");
  append(*a, 0, 3, "a3");
  append(*b, 0, 3, "b3");
  EXPECT_EQ(values(answer(ask({"b", "a", "a"}))), "a3 b3 b2 a1 a0 ") << "same time and partition: the offset decides";
  SearchRequest oldest = ask({"a", "b"});
  oldest.order = Order::kOldest;
  EXPECT_EQ(values(answer(oldest)), "a0 a1 b2 b3 a3 ");
  append(*b, 0, 8, "b8");
  append(*a, 0, 9, "a9");
  append(*b, 0, 9, "b9");
  EXPECT_EQ(values(answer(ask({"a", "b"}))).substr(0, 6), "b9 a9 ") << "all the same: the name decides";
}

TEST_F(Search, CursorGoesOnlyWithItsSearch) {
  const auto topic = create("a");
  create("b");
  for (int i = 0; i < 12; ++i) append(*topic, 0, i, "x y");
  const SearchRequest first = ask({"a"}, "x");
  const SearchAnswer page = answer(first);
  ASSERT_TRUE(page.more);
  const auto with_cursor = [&](SearchRequest request) {
    request.cursor = page.cursor;
    return request;
  };
  EXPECT_EQ(answer(with_cursor(first)).hits.size(), 2U);
  SearchRequest fewer = first;
  fewer.limit = 1;
  EXPECT_EQ(answer(with_cursor(fewer)).hits.size(), 1U) << "the limit may change";
  EXPECT_EQ(error_code(with_cursor(ask({"a"}, "y"))), ErrorCode::kInvalid);
  EXPECT_EQ(error_code(with_cursor(ask({"a"}))), ErrorCode::kInvalid);
  EXPECT_EQ(error_code(with_cursor(ask({"a", "b"}, "x"))), ErrorCode::kInvalid);
  SearchRequest oldest = first;
  oldest.order = Order::kOldest;
  EXPECT_EQ(error_code(with_cursor(oldest)), ErrorCode::kInvalid);
  need(scratch_->drop_topic("a"));
  create("a");
  EXPECT_EQ(error_code(with_cursor(first)), ErrorCode::kInvalid) << "another topic of the same name";
}

TEST_F(Search, RelativeTimesStayWhereTheyWere) {
  const auto topic = create("a");
  for (int i = 0; i < 12; ++i) append(*topic, 0, 100 + i, std::to_string(i));
  SearchRequest request = ask({"a"});
  request.asked_at = {4711};
  request.times.first = {100};
  request.cursor = answer(request).cursor;
  EXPECT_EQ(need(first_asked_at(request.cursor)), Timestamp{4711});
  EXPECT_EQ(values(answer(request)), "1 0 ");
  request.times.first = {101};
  EXPECT_EQ(error_code(request), ErrorCode::kInvalid) << "counted from another time: not the same request";
}

TEST_F(Search, WhatCameLaterIsNotPartOfIt) {
  const auto topic = create("a");
  for (int i = 0; i < 14; ++i) append(*topic, 0, i, std::to_string(i));
  SearchRequest request = ask({"a"});
  request.byte_budget = 0;
  std::string all;
  for (int pages = 0; pages < 100; ++pages) {
    const SearchAnswer page = answer(request);
    all += values(page);
    if (!page.more) break;
    request.cursor = page.cursor;
    append(*topic, 0, pages % 20, "late");
    if (pages == 1) need(topic->flush());
    while (need(topic->seal_next())) continue;
  }
  EXPECT_EQ(all, "13 12 11 10 9 8 7 6 5 4 3 2 1 0 ");
}

TEST_F(Search, SaysWhatIsMissingOfKafkasLog) {
  const auto topic = create("a", store::Source::kKafka, 2);
  for (int i = 0; i < 10; ++i) append(*topic, i % 2, i, "x");
  EXPECT_EQ(reasons(answer(ask({"a"}))),
            "partitions 0, 1: the end of the log is not known, no broker is asked or answers");
  topic->set_watermarks({0}, {0}, Offset{5});
  topic->set_watermarks({1}, {0}, Offset{8});
  EXPECT_EQ(reasons(answer(ask({"a"}))), "partition 1: 3 messages are not indexed yet");
  SearchRequest request = ask({"a"});
  request.partitions = {{{0}}};
  EXPECT_TRUE(answer(request).complete);
  request.partitions = {{{0}, {7}}};
  EXPECT_NE(reasons(answer(request)).find("partition 7: nothing is known of it"), std::string::npos);
  request = ask({"a"});
  request.offsets.last = {4};
  EXPECT_TRUE(answer(request).complete) << "what lags is not asked for";
  const SearchAnswer all = answer(ask({"a"}));
  ASSERT_EQ(all.coverage.size(), 2U);
  EXPECT_EQ(all.coverage[1].lag, 3U);
  EXPECT_EQ(all.coverage[1].indexed_to, Offset{5});
  EXPECT_EQ(all.coverage[1].end, Offset{8});
}

TEST_F(Search, SaysThatNoPartitionIsKnown) {
  create("a", store::Source::kKafka, 0);
  create("b", store::Source::kImport, 0);
  EXPECT_NE(reasons(answer(ask({"a"}))).find("partitions are not known yet"), std::string::npos);
  EXPECT_TRUE(answer(ask({"b"})).complete);
}

TEST_F(Search, SaysThatMessagesCouldNotBeIndexed) {
  const auto topic = create("a");
  append(*topic, 0, 1, "x");
  append(*topic, 0, 2, std::string(kMaxMessageBytes + 1, 'x'));
  append(*topic, 0, 3, "x");
  const SearchAnswer all = answer(ask({"a"}));
  EXPECT_EQ(values(all), "x x ");
  EXPECT_EQ(reasons(all), "partition 0: 1 message could not be indexed (see the dead letters)");
  EXPECT_EQ(reasons(answer(ask({"*"}))), "a, partition 0: 1 message could not be indexed (see the dead letters)");
  EXPECT_EQ(all.coverage.at(0).dead_letters, 1U);
  SearchRequest before = ask({"a"});
  before.offsets.last = {0};
  EXPECT_TRUE(answer(before).complete);
}

TEST_F(Search, MarksWhatMatched) {
  const auto topic = create("a");
  append(*topic, 0, 1, R"({"t":"Zahlung \u00fcberf\u00e4llig"})", "Order-12");
  SearchRequest request = ask({"a"});
  request.where = Condition::all_of({need(parse_text_condition(Scope::kKey, "order 12")),
                                     need(parse_text_condition(Scope::kKeyOrValue, "überfäll*")),
                                     Condition::none_of(need(parse_text_condition(Scope::kValue, "nothing")))});
  const SearchAnswer found = answer(request);
  ASSERT_EQ(found.hits.size(), 1U);
  const std::vector<MatchedPart>& matched = found.hits[0].matched;
  ASSERT_EQ(matched.size(), 2U);
  EXPECT_EQ(matched[0].in, MatchedPart::In::kKey);
  EXPECT_EQ(matched[0].begin, 0U);
  EXPECT_EQ(matched[0].end, 8U);
  EXPECT_EQ(matched[1].in, MatchedPart::In::kValue);
  EXPECT_EQ(found.hits[0].message().value->substr(matched[1].begin, matched[1].end - matched[1].begin),
            R"(\u00fcberf\u00e4llig)");
}

TEST_F(Search, ExplainsThePlan) {
  const auto topic = create("a");
  for (int i = 0; i < 40; ++i) append(*topic, 0, i, i == 5 ? "rare word" : "frequent word");
  need(topic->flush());
  SearchRequest request = ask({"a"}, "rare word");
  request.explain = true;
  request.times.last = {35};
  const SearchAnswer found = answer(request);
  ASSERT_TRUE(found.explain.has_value());
  const Explain& explain = *found.explain;
  EXPECT_EQ(explain.blocks_total, 10U);
  EXPECT_EQ(explain.pruned_by_metadata, 1U);
  EXPECT_EQ(explain.candidates, 1U);
  EXPECT_EQ(explain.blocks_opened, 1U);
  ASSERT_EQ(explain.steps.size(), 1U);
  EXPECT_EQ(explain.steps[0].condition, "\"rare word\"");
  EXPECT_EQ(explain.steps[0].blocks_left, 1U);
  EXPECT_LT(explain.bytes_read, explain.full_scan_bytes);
  EXPECT_FALSE(answer(ask({"a"})).explain.has_value());
}

TEST_F(Search, LeavesOutBlocksWhereWordsStandApart) {
  const auto topic = create("a");
  for (int i = 0; i < 40; ++i) append(*topic, 0, i, i == 5 ? "one word before another" : "another word before one");
  SearchRequest request = ask({"a"}, "before another");
  request.explain = true;
  for (const bool in_segments : {false, true}) {
    SCOPED_TRACE(in_segments ? "segments" : "pending");
    if (in_segments) {
      need(topic->flush());
    } else {
      topic->freeze({0});
      while (need(topic->seal_next())) continue;
    }
    const SearchAnswer found = answer(request);
    EXPECT_EQ(found.hits.size(), 1U);
    EXPECT_EQ(found.explain->candidates, 1U);
    EXPECT_EQ(found.explain->blocks_opened, 1U);
    EXPECT_EQ(found.explain->steps.at(0).blocks_left, 1U);
    EXPECT_EQ(found.explain->steps.at(0).without_pairs, 9U);
  }
}

TEST_F(Search, ReadsTheSlicesThatHaveAllWords) {
  store::StoreOptions options;
  options.blocks.max_bytes = 512 * 1024;  // one block has them all
  ScratchStore large(options);
  store::TopicConfig config;
  config.name = "large";
  config.source = store::Source::kImport;
  const auto topic = need(large->create_topic(config));
  need(topic->start_partition({0}, kMinOffset));
  constexpr int kMessages = 160;  // of 2 KB, 20 a slice
  for (int i = 0; i < kMessages; ++i) {
    const std::string value = std::string(i % 20 == 3 ? "one " : "") + (i % 40 == 4 || i == 43 ? "two " : "");
    append(*topic, 0, i, value + std::string(2'000, static_cast<char>('a' + i % 26)));
  }
  need(topic->flush());
  SearchRequest request = ask({"large"});
  request.where = need(parse_query("one AND two", {0}));
  request.explain = true;
  const SearchAnswer found = need(search(*large, request));
  ASSERT_EQ(found.hits.size(), 1U);
  EXPECT_EQ(found.hits[0].message().offset.value, 43);
  EXPECT_EQ(found.explain->blocks_opened, 1U);
  EXPECT_EQ(found.explain->bytes_read, found.explain->full_scan_bytes / 2) << "four of eight slices have both words";
}

TEST_F(Search, AnswersExactlyWithoutAReadableIndex) {
  const auto topic = create("a");
  for (int i = 0; i < 40; ++i) append(*topic, 0, i, i % 9 == 5 ? "rare word" : "frequent word");
  need(topic->flush());
  for (const auto& segment : topic->view().index->segments) {
    for (const auto& file : std::filesystem::directory_iterator(segment->path())) {
      std::filesystem::resize_file(file.path(), 0);
    }
  }
  SearchRequest request = ask({"a"}, "rare");
  request.explain = true;
  const SearchAnswer found = answer(request);
  EXPECT_EQ(found.hits.size(), 4U);
  EXPECT_TRUE(found.complete) << "all was searched, only slower";
  EXPECT_FALSE(found.explain->notes.empty());
}

}  // namespace
}  // namespace kseek::query
