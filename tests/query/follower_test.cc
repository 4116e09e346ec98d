// A follower finds each new match once, whatever the store does with its blocks meanwhile, and counts what it leaves
// out.
#include "query/follower.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <random>
#include <set>

#include "query/query_text.h"
#include "tests/query/scratch_store.h"

namespace kseek::query {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;

constexpr int kPartitions = 3;

/// A topic of three partitions whose messages say "even" or "odd".
class Numbers {
 public:
  explicit Numbers(const store::BlockOptions& blocks) : store_({.blocks = blocks}) {
    store::TopicConfig config;
    config.name = "numbers";
    config.opened_at = {1};
    topic_ = need(store_->create_topic(config));
    for (int32_t p = 0; p < kPartitions; ++p) need(topic_->start_partition({p}, kMinOffset));
  }

  void append(int32_t partition) {
    const int64_t offset = next_[static_cast<size_t>(partition)]++;
    MessageView message;
    message.partition = {partition};
    message.offset = {offset};
    message.create_time = {offset};
    message.ingest_time = {offset};
    message.value = offset % 2 == 0 ? "even" : "odd";
    topic_->append({partition}, {&message, 1});
  }

  [[nodiscard]] SearchRequest request(std::string_view text) const {
    SearchRequest request;
    request.topics = {"numbers"};
    request.where = need(parse_query(text, Timestamp{0}));
    return request;
  }
  [[nodiscard]] Follower follow(std::string_view text) {
    const SearchRequest asked = request(text);
    return {*store_, asked, {"numbers"}, need(search(*store_, asked)).coverage};
  }
  [[nodiscard]] store::TopicStore& topic() { return *topic_; }
  [[nodiscard]] store::Store& store() { return *store_; }
  [[nodiscard]] int64_t next(int32_t partition) const { return next_[static_cast<size_t>(partition)]; }

 private:
  ScratchStore store_;
  std::shared_ptr<store::TopicStore> topic_;
  std::vector<int64_t> next_ = std::vector<int64_t>(kPartitions, 0);
};

using Place = std::pair<int32_t, int64_t>;

/// Takes all that is new. Fails where a message comes twice or does not match.
void take_all(Follower& follower, std::set<Place>& found, uint64_t* skipped = nullptr) {
  for (bool more = true; more;) {
    const auto news = follower.next();
    ASSERT_TRUE(news) << describe(news.error());
    EXPECT_LE(news->hits.size(), Follower::kMaxNews);
    for (const Hit& hit : news->hits) {
      EXPECT_EQ(hit.message().value, "even");
      EXPECT_EQ(hit.matched.size(), 1U);
      EXPECT_TRUE(found.insert({hit.message().partition.value, hit.message().offset.value}).second) << "twice";
    }
    if (skipped != nullptr) *skipped += news->skipped;
    more = news->more;
  }
  EXPECT_FALSE(follower.has_new());
}

TEST(Follower, FindsEachNewMatchOnceWhileBlocksAreSealedAndIndexed) {
  const char* given = std::getenv("KSEEK_SEED");
  const uint64_t seed = given != nullptr ? std::strtoull(given, nullptr, 10) : std::random_device{}();
  SCOPED_TRACE(fmt::format("KSEEK_SEED={}", seed));
  std::mt19937_64 random(seed);
  Numbers numbers({.max_messages = 16, .blocks_per_segment = 2});
  for (int i = 0; i < 100; ++i) numbers.append(static_cast<int32_t>(random() % kPartitions));
  Follower follower = numbers.follow("even");
  EXPECT_FALSE(follower.has_new());
  std::set<Place> expected;
  std::set<Place> found;
  for (int round = 0; round < 200; ++round) {
    for (uint64_t n = random() % 40; n > 0; --n) {
      const auto partition = static_cast<int32_t>(random() % kPartitions);
      if (numbers.next(partition) % 2 == 0) expected.insert({partition, numbers.next(partition)});
      numbers.append(partition);
    }
    if (random() % 3 == 0) need(numbers.topic().seal_next());
    if (random() % 10 == 0) need(numbers.topic().flush());
    if (random() % 2 == 0) take_all(follower, found);
  }
  take_all(follower, found);
  EXPECT_EQ(found, expected);
}

TEST(Follower, SaysHowManyItLeftOutWhenMuchMoreCame) {
  Numbers numbers({});
  Follower follower = numbers.follow("even");
  const int64_t count = Follower::kMaxBehind + 1'001;
  for (int64_t i = 0; i < count; ++i) numbers.append(0);
  const auto news = follower.next();
  ASSERT_TRUE(news);
  EXPECT_EQ(news->skipped, static_cast<uint64_t>(count - Follower::kKept));
  ASSERT_EQ(news->because.size(), 1U);
  EXPECT_THAT(news->because[0], HasSubstr("numbers, partition 0"));
  std::set<Place> found;
  for (const Hit& hit : news->hits) found.insert({0, hit.message().offset.value});
  take_all(follower, found);
  EXPECT_EQ(found.size(), static_cast<size_t>(Follower::kKept / 2));
}

TEST(Follower, CountsWhatExpiredUnseen) {
  Numbers numbers({});
  Follower follower = numbers.follow("even");
  for (int i = 0; i < 100; ++i) numbers.append(1);
  numbers.topic().set_watermarks(PartitionId{1}, Offset{60}, Offset{100});
  std::set<Place> found;
  uint64_t skipped = 0;
  take_all(follower, found, &skipped);
  EXPECT_EQ(skipped, 60U);
  EXPECT_EQ(found.size(), 20U);
}

TEST(Follower, EndsWithItsTopic) {
  Numbers numbers({});
  Follower follower = numbers.follow("even");
  EXPECT_THAT(need(follower.next()).hits, IsEmpty());
  need(numbers.store().drop_topic("numbers"));
  EXPECT_TRUE(follower.has_new());
  const auto news = follower.next();
  ASSERT_FALSE(news);
  EXPECT_EQ(news.error().code, ErrorCode::kNotFound);
}

}  // namespace
}  // namespace kseek::query
