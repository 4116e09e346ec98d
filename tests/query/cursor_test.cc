// Cursors read back what was written; any other text is refused.
#include <gtest/gtest.h>

#include <random>

#include "query/cursor.h"

namespace kseek::query {
namespace {

class RandomCursor {
 public:
  explicit RandomCursor(uint64_t seed) : random_(seed) {}
  uint64_t below(uint64_t n) { return random_() % n; }

  Cursor make() {
    Cursor cursor;
    cursor.fingerprint = random_();
    if (below(2) == 0) cursor.asked_at = {static_cast<int64_t>(random_())};
    if (below(2) == 0) cursor.generations = random_();
    const bool round = below(2) == 0;
    cursor.topics.resize(1 + below(4));
    for (auto& partitions : cursor.topics) {
      int32_t id = 0;
      for (uint64_t left = below(5); left > 0; --left) {
        PartitionSnapshot partition;
        partition.partition = {id += 1 + static_cast<int32_t>(below(1000))};
        partition.upper = {static_cast<int64_t>(below(uint64_t{1} << 60))};
        if (below(3) > 0) partition.end = Offset{static_cast<int64_t>(below(uint64_t{1} << 60))};
        if (round) partition.scanned_from = {static_cast<int64_t>(random_() >> 1)};
        partitions.push_back(partition);
      }
    }
    const auto topics = static_cast<uint32_t>(cursor.topics.size());
    if (below(2) == 0) cursor.after = key(topics);
    if (!round) return cursor;
    cursor.round.emplace();
    cursor.round->next_bound = key(topics);
    for (uint32_t t = 0; t < topics; ++t) cursor.round->blocks_end.push_back({random_()});
    if (below(2) == 0) cursor.round->up_to = key(topics);
    for (uint64_t left = below(kMaxHits + 1); left > 0; --left) {
      const SortKey at = key(topics);
      cursor.round->tentative.push_back({at.topic, at.partition, at.offset});
    }
    return cursor;
  }

 private:
  SortKey key(uint32_t topics) {
    return {{static_cast<int64_t>(random_())},
            {static_cast<int32_t>(below(INT32_MAX))},
            {static_cast<int64_t>(random_() >> 1)},
            static_cast<uint32_t>(below(topics))};
  }
  std::mt19937_64 random_;
};

TEST(Cursor, ReadsBackWhatWasWritten) {
  RandomCursor random(1);
  for (int i = 0; i < 2000; ++i) {
    const Cursor cursor = random.make();
    const auto back = decode_cursor(encode_cursor(cursor));
    ASSERT_TRUE(back.has_value()) << describe(back.error());
    ASSERT_EQ(*back, cursor);
  }
}

TEST(Cursor, RefusesEveryOtherText) {
  RandomCursor random(2);
  for (int i = 0; i < 3000; ++i) {
    const std::string text = encode_cursor(random.make());
    std::string changed = text;
    switch (random.below(4)) {
      case 0: changed.resize(random.below(text.size())); break;
      case 1: changed += "A"; break;
      case 2: changed[random.below(changed.size())] = static_cast<char>(random.below(256)); break;
      default: changed.erase(random.below(changed.size()), 1);
    }
    if (changed == text) continue;
    const auto result = decode_cursor(changed);
    ASSERT_FALSE(result.has_value()) << text << "\n" << changed;
    ASSERT_EQ(result.error().code, ErrorCode::kInvalid);
  }
  for (const char* bad : {"", "A", "!!!!", "AAAAAAAAAAAAAAAA", "last page"})
    EXPECT_FALSE(decode_cursor(bad).has_value());
}

}  // namespace
}  // namespace kseek::query
