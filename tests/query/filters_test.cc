// Conditions that few messages meet must leave few blocks to open: what explain says of each kind of condition.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include "query/query_text.h"
#include "query/request.h"
#include "tests/query/scratch_store.h"

namespace kseek::query {
namespace {

constexpr int kMessages = 80;
constexpr int kMessagesABlock = 4;
constexpr uint64_t kBlocks = kMessages / kMessagesABlock;

/// Eighty messages in twenty blocks, all indexed: message i has the key order-i, the time i, fields and a header with
/// the number i.
class Filters : public testing::Test {
 protected:
  Filters() : scratch_(options()) {
    store::TopicConfig config;
    config.name = "t";
    config.source = store::Source::kImport;
    topic_ = need(scratch_->create_topic(config));
    need(topic_->start_partition({0}, kMinOffset));
    for (int i = 0; i < kMessages; ++i) append(i);
    need(topic_->flush());
  }

  static store::StoreOptions options() {
    store::StoreOptions options;
    options.blocks.max_messages = kMessagesABlock;
    return options;
  }

  void append(int i) {
    const std::string key = fmt::format("order-{}", i);
    const std::string id = i == 77 ? "1.2e1" : fmt::format("{}", i);
    const std::string flag = i == 30 ? R"(,"flag":true)" : i == 31 ? R"(,"gone":null)" : "";
    const std::string value =
        fmt::format(R"({{"id":{},"user":{{"name":"n\u0061me{}"}},"note":" code=7{:03} done"{}}})", id, i, i, flag);
    std::string headers;
    append_header(headers, "trace", fmt::format("trace{}", i));
    MessageView message;
    message.partition = {0};
    message.offset = {i};
    message.create_time = message.ingest_time = {i};
    message.key = key;
    message.value = value;
    message.headers = HeaderList(headers);
    topic_->append({0}, {&message, 1});
  }

  SearchAnswer ask(const std::string& text) {
    SearchRequest request;
    request.topics = {"t"};
    request.where = need(parse_query(text, {0}));
    request.explain = true;
    return need(search(*scratch_, request));
  }

  ScratchStore scratch_;
  std::shared_ptr<store::TopicStore> topic_;
};

struct Case {
  const char* text;
  size_t hits;
  uint64_t candidates;
};

TEST_F(Filters, LeaveFewBlocks) {
  const std::vector<Case> cases = {
      {"key:order-12", 1, 1},
      {"order-12", 1, 1},
      {"key:order-12 OR offset:70", 2, 2},
      {"value.id:12", 2, 2},  // also the block with a number that the index can't tell by its digits
      {"value.id:13", 1, 2},
      {"value.id:12.0", 2, 2},
      {"value.user.name:name12", 1, 1},
      {"value.user.name:\"name12\"", 1, 1},
      {"value.user.name:(name12 OR name70)", 2, 2},
      {"value.flag:true", 1, 1},
      {"value.flag:*", 1, 1},
      {"value.gone:null", 1, 1},
      {"header:trace12", 1, 1},
      {"header.trace:trace12", 1, 1},
      {"header.other:trace12", 0, 1},
      {"value:trace12", 0, 0},
      {"header.trace:/^trace12$/ key:order-12", 1, 1},
      {"value:/ code=7012 \\w/", 1, 1},
      {"/ code=70(12|33) /", 2, 2},
      {"value.note:/ code=7012 /", 1, 1},
      {"value.id:>=0 key:order-12", 1, 1},
      {"offset:12", 1, 1},
      {"offset:12..15 OR offset:20", 5, 2},
      {"NOT offset:4..", 4, 1},
      {"time:..11 key:order", 10, 3},
      {"partition:1", 0, 0},
      {"order-12 -value.id:12", 0, 1},
  };
  for (const Case& c : cases) {
    const SearchAnswer answer = ask(c.text);
    EXPECT_EQ(answer.hits.size(), c.hits) << c.text;
    EXPECT_EQ(answer.explain->blocks_total, kBlocks) << c.text;
    EXPECT_EQ(answer.explain->candidates, c.candidates) << c.text;
    EXPECT_LE(answer.explain->blocks_opened, c.candidates) << c.text;
    EXPECT_LT(answer.explain->bytes_read, answer.explain->full_scan_bytes) << c.text;
  }
}

TEST_F(Filters, NotExcludesNoBlockByItsWords) {
  const SearchAnswer answer = ask("-key:order -value:/nothing/");
  EXPECT_TRUE(answer.hits.empty());
  EXPECT_EQ(answer.explain->candidates, kBlocks);
  EXPECT_TRUE(answer.explain->steps.empty()) << "what filters nothing is no step";
}

TEST_F(Filters, StepsSayWhatEachConditionLeft) {
  const SearchAnswer answer = ask("key:order-12 value:name12 -value:nothing offset:4..");
  ASSERT_TRUE(answer.explain);
  EXPECT_EQ(answer.explain->pruned_by_metadata, 1U);
  ASSERT_EQ(answer.explain->steps.size(), 2U);
  EXPECT_EQ(answer.explain->steps[0].condition, "key:\"order 12\"");
  EXPECT_EQ(answer.explain->steps[0].blocks_left, 1U);
  EXPECT_EQ(answer.explain->steps[1].condition, "value:\"name12\"");
  EXPECT_EQ(answer.explain->steps[1].blocks_left, 1U);
  EXPECT_EQ(answer.explain->candidates, 1U);
}

}  // namespace
}  // namespace kseek::query
