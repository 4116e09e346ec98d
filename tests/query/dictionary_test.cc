// Wildcards that begin with one, and regular expressions: some blocks are tried before the segment's whole dictionary
// is gone through for the others.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include "query/query_text.h"
#include "query/request.h"
#include "tests/query/scratch_store.h"

namespace kseek::query {
namespace {

constexpr int kBlocks = 800;
constexpr int kWordsABlock = 250;
constexpr int kRareMessage = 3;

/// 800 blocks of a message each in one segment, 200,000 words that no two messages share: going through them costs as
/// much as verifying a sixth of the blocks, and a tenth of that is spent on the first blocks: twelve.
class Dictionaries : public testing::Test {
 protected:
  Dictionaries() : scratch_(options()) {
    store::TopicConfig config;
    config.name = "t";
    config.source = store::Source::kImport;
    const auto topic = need(scratch_->create_topic(config));
    need(topic->start_partition({0}, kMinOffset));
    for (int i = 0; i < kBlocks; ++i) {
      std::string value = fmt::format("payment{} order{}", i, i);
      if (i == kRareMessage) value += " xrefundy";
      for (int word = 0; word < kWordsABlock; ++word) value += fmt::format(" w{}z{}", i, word);
      MessageView message;
      message.partition = {0};
      message.offset = {i};
      message.create_time = message.ingest_time = {i};
      message.value = value;
      topic->append({0}, {&message, 1});
    }
    need(topic->flush());
    EXPECT_EQ(topic->view().index->segments.size(), 1U);
  }

  static store::StoreOptions options() {
    store::StoreOptions options;
    options.blocks.max_messages = 1;
    options.blocks.blocks_per_segment = kBlocks;
    return options;
  }

  SearchAnswer ask(const std::string& text, Order order = Order::kNewest, std::string cursor = "") {
    SearchRequest request;
    request.topics = {"t"};
    request.where = need(parse_query(text, {0}));
    request.order = order;
    request.cursor = std::move(cursor);
    request.read_ahead = 0;
    request.explain = true;
    return need(search(*scratch_, request));
  }

  ScratchStore scratch_;
};

TEST_F(Dictionaries, AreLeftAloneWhereTheFirstBlocksFillThePage) {
  for (const char* text :
       {"*yment*", "value:/ayment\\d/", "value:/(ayment|refundy)\\d/", "value:*ayment* offset:5..795"}) {
    for (const Order order : {Order::kNewest, Order::kOldest}) {
      const SearchAnswer answer = ask(text, order);
      EXPECT_EQ(answer.hits.size(), kMaxHits) << text;
      EXPECT_EQ(answer.explain->blocks_opened, kMaxHits) << text;
      EXPECT_GT(answer.explain->blocks_not_asked, kBlocks - 60U) << text;
    }
  }
}

TEST_F(Dictionaries, LeaveOfTheOtherBlocksThoseThatHaveTheWord) {
  for (const char* text : {"*refund*", "*refundy", "value:/.refundy/", "value:/(refundy|nothing) w3/"}) {
    const SearchAnswer answer = ask(text);
    ASSERT_EQ(answer.hits.size(), 1U) << text;
    EXPECT_EQ(answer.hits[0].message().offset.value, kRareMessage) << text;
    EXPECT_TRUE(answer.complete) << text;
    EXPECT_EQ(answer.explain->blocks_not_asked, 0U) << text;
    EXPECT_GT(answer.explain->blocks_opened, 10U) << text;
    EXPECT_LT(answer.explain->blocks_opened, 60U) << text;
    EXPECT_EQ(ask(text, Order::kOldest).explain->blocks_opened, answer.explain->blocks_opened - 1)
        << text << ": it stands in the first block";
  }
}

TEST_F(Dictionaries, AreNotNeededWhereOtherWordsLeaveFewBlocks) {
  for (const char* text : {"order77 *yment*", "value:/ order77 w77z0.*w77z199/", "*yment* offset:77"}) {
    const SearchAnswer answer = ask(text);
    ASSERT_EQ(answer.hits.size(), 1U) << text;
    EXPECT_EQ(answer.explain->candidates, 1U) << text;
  }
}

TEST_F(Dictionaries, GiveEachMessageOnceToTheOneWhoPages) {
  for (const char* text : {"*yment*", "value:/yment\\d/ OR *refund*"}) {
    for (const Order order : {Order::kNewest, Order::kOldest}) {
      std::vector<int64_t> offsets;
      SearchAnswer page = ask(text, order);
      while (true) {
        for (const Hit& hit : page.hits) offsets.push_back(hit.message().offset.value);
        if (!page.more) break;
        page = ask(text, order, page.cursor);
      }
      ASSERT_EQ(offsets.size(), kBlocks) << text;
      for (int i = 0; i < kBlocks; ++i) ASSERT_EQ(offsets[i], order == Order::kOldest ? i : kBlocks - 1 - i) << text;
    }
  }
}

}  // namespace
}  // namespace kseek::query
