// A search that was cut short goes on after blocks that it had done and blocks that it had not became one.
#include <gtest/gtest.h>

#include <algorithm>
#include <set>

#include "query/request.h"
#include "tests/query/scratch_store.h"

namespace kseek::query {
namespace {

store::StoreOptions blocks_of_eight() {
  store::StoreOptions options;
  options.blocks.max_messages = 8;
  return options;
}

/// Two blocks of which Kafka has compacted most away: times 100 and 10 are left of the one, 50 of the other.
std::shared_ptr<store::TopicStore> two_mostly_empty_blocks(store::Store& store) {
  store::TopicConfig config;
  config.name = "orders";
  config.source = store::Source::kImport;
  auto topic = need(store.create_topic(config));
  need(topic->start_partition({0}, kMinOffset));
  for (int64_t offset = 0; offset < 16; ++offset) {
    MessageView message;
    message.offset = {offset};
    message.value = "wanted";
    message.create_time = {offset == 0 ? 100 : offset == 1 ? 10 : 50};
    topic->append({0}, {&message, 1});
  }
  need(topic->flush());
  const std::vector<Offset> existing{{0}, {1}, {8}};
  EXPECT_EQ(need(topic->remove_compacted({0}, {0}, {16}, existing)), 13U);
  return topic;
}

std::vector<int64_t> follow(ScratchStore& scratch, Order order, bool rewrite) {
  const auto topic = two_mostly_empty_blocks(*scratch);
  SearchRequest request;
  request.topics = {"orders"};
  request.order = order;
  request.byte_budget = 1;  // a block a page
  std::vector<int64_t> times;
  for (bool more = true; more;) {
    const SearchAnswer answer = need(search(*scratch, request));
    for (const Hit& hit : answer.hits) times.push_back(hit.message().create_time.ms);
    more = answer.more;
    request.cursor = answer.cursor;
    if (!rewrite || topic->stats().blocks == 1) continue;
    EXPECT_EQ(times.size(), 1U) << "the first block alone was opened";
    EXPECT_TRUE(need(topic->rewrite_next()));
    EXPECT_EQ(topic->stats().blocks, 1U);
  }
  return times;
}

TEST(RewrittenBlocks, ACursorGoesOnInTheNewOne) {
  for (const bool rewrite : {false, true}) {
    ScratchStore newest(blocks_of_eight());
    EXPECT_EQ(follow(newest, Order::kNewest, rewrite), (std::vector<int64_t>{100, 50, 10})) << rewrite;
    ScratchStore oldest(blocks_of_eight());
    EXPECT_EQ(follow(oldest, Order::kOldest, rewrite), (std::vector<int64_t>{10, 50, 100})) << rewrite;
  }
}

class OldMessagesInNewBlocks : public testing::Test {
 protected:
  static constexpr int64_t kMessages = 64 * 8;

  OldMessagesInNewBlocks() : scratch_(options()) {
    store::TopicConfig config;
    config.name = "orders";
    config.source = store::Source::kImport;
    topic_ = need(scratch_->create_topic(config));
    need(topic_->start_partition({0}, kMinOffset));
    for (int64_t offset = 0; offset < kMessages; ++offset) {
      MessageView message;
      message.offset = {offset};
      message.value = offset % 3 == 0 ? "wanted" : "other";
      message.create_time = {offset};
      topic_->append({0}, {&message, 1});
      left_.insert(offset);
    }
    need(topic_->flush());
  }

  static store::StoreOptions options() {
    store::StoreOptions options = blocks_of_eight();
    options.blocks.blocks_per_segment = 4;
    options.blocks.merge_width = 4;
    return options;
  }

  void compact(int64_t first, int64_t end, int64_t keep) {
    std::vector<Offset> existing;
    for (int64_t offset = first; offset < end; ++offset) {
      if (left_.contains(offset) && offset % keep != 0) left_.erase(offset);
      if (left_.contains(offset)) existing.push_back({offset});
    }
    need(topic_->remove_compacted({0}, {first}, {end}, existing));
    while (need(topic_->rewrite_next())) continue;
  }

  /// What is found page by page is what is left, and the first page costs a few blocks.
  void check(Order order) {
    std::vector<int64_t> expected;
    for (const int64_t offset : left_) {
      if (offset % 3 == 0) expected.push_back(offset);
    }
    if (order == Order::kNewest) std::reverse(expected.begin(), expected.end());
    SearchRequest request;
    request.topics = {"orders"};
    request.order = order;
    request.limit = 3;
    request.where = need(parse_text_condition(Scope::kValue, "wanted"));
    request.explain = true;
    request.read_ahead = 0;
    std::vector<int64_t> found;
    for (bool more = true; more;) {
      const SearchAnswer page = need(search(*scratch_, request));
      EXPECT_TRUE(page.complete);
      EXPECT_EQ(page.explain->blocks_total, topic_->stats().blocks);
      if (found.empty()) {
        EXPECT_LE(page.explain->blocks_opened, 4U) << "of " << topic_->stats().blocks;
      }
      for (const Hit& hit : page.hits) found.push_back(hit.message().offset.value);
      more = page.more;
      request.cursor = page.cursor;
    }
    EXPECT_EQ(found, expected);
  }
  void check_both(const char* when) {
    SCOPED_TRACE(when);
    check(Order::kNewest);
    check(Order::kOldest);
  }

  ScratchStore scratch_;
  std::shared_ptr<store::TopicStore> topic_;
  std::set<int64_t> left_;
};

TEST_F(OldMessagesInNewBlocks, AreFoundInTheirPlace) {
  check_both("as it was");
  while (need(topic_->merge_next())) continue;
  compact(64, 192, 6);  // segments of which all, some, or no blocks were rewritten
  compact(208, 224, 4);
  check_both("the new ones are in memory");
  ASSERT_GT(topic_->stats().activity.blocks_rewritten, 16U);
  need(topic_->flush());
  check_both("the new ones have a segment");
  need(topic_->expire({0}));
  check_both("dead segments are dropped");
  while (need(topic_->merge_next())) continue;
  check_both("merged");
  compact(0, kMessages, 12);
  need(topic_->flush());
  check_both("rewritten once more");
  while (need(topic_->merge_next())) continue;
  need(topic_->expire({0}));
  check_both("with the last ones");
  topic_.reset();
  scratch_.reopen();
  topic_ = scratch_->topic("orders");
  check_both("read again");
}

}  // namespace
}  // namespace kseek::query
