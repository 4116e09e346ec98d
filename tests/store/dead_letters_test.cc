// What can't be indexed: kept, listed a page at a time, sent on once, gone with the low watermark.
#include <gtest/gtest.h>

#include "base/bytes.h"
#include "tests/store/topic_check.h"

namespace kseek::store {
namespace {

class DeadLettersTest : public StoreTest {
 protected:
  void create(Require require) {
    auto config = config_of("orders");
    config.require = require;
    topic_ = create_topic(*store_, config);
    for (int32_t p = 0; p < 2; ++p) ASSERT_TRUE(topic_->start_partition({p}, {0}).has_value());
  }

  AppendOutcome append(int32_t partition, std::optional<std::string> value, int64_t time = 1'000) {
    OwnedMessage message = plain_message(partition, topic_->next_offset({partition})->value, "", time);
    message.value = std::move(value);
    return append_one(*topic_, message);
  }

  /// The offsets of what is listed, page by page.
  std::vector<int64_t> listed(size_t page) {
    std::vector<int64_t> offsets;
    std::optional<DeadLetterPlace> before;
    for (;;) {
      const auto letters = topic_->dead_letters(page, before);
      EXPECT_LE(letters.size(), page);
      for (const auto& letter : letters) offsets.push_back(letter.offset.value);
      if (letters.empty()) return offsets;
      before = place_of(letters.back());
    }
  }
};

TEST_F(DeadLettersTest, ValuesThatAreNotUtf8) {
  create(Require::kUtf8);
  EXPECT_EQ(append(0, "plain").appended, 1U);
  EXPECT_EQ(append(0, "你好 é").appended, 1U);
  EXPECT_EQ(append(0, "\xEF\xBF\xBD is U+FFFD itself").appended, 1U);
  EXPECT_EQ(append(0, std::nullopt).appended, 1U);
  EXPECT_EQ(append(0, "").appended, 1U);
  for (const char* bad : {"\xFF", "ab\xC3", "\xED\xA0\x80", "\xF4\x90\x80\x80", "\xC0\xAF"}) {
    EXPECT_EQ(append(0, bad).dead_letters, 1U);
  }
  const auto letters = topic_->dead_letters(100);
  ASSERT_EQ(letters.size(), 5U);
  EXPECT_EQ(letters.front().reason, "not_utf8");
  EXPECT_EQ(letters.front().head, "\xC0\xAF");
  EXPECT_EQ(topic_->view().partitions[0].dead_letters, 5U);
}

TEST_F(DeadLettersTest, ValuesThatAreNotJson) {
  create(Require::kJson);
  EXPECT_EQ(append(0, R"({"a":[1,"x"]})").appended, 1U);
  EXPECT_EQ(append(0, " [1] ").appended, 1U);
  EXPECT_EQ(append(0, std::nullopt).appended, 1U);
  for (const char* bad : {"", "text", "{\"a\":1", "{\"a\":\"\xFF\"}", "42"}) EXPECT_EQ(append(0, bad).dead_letters, 1U);
  EXPECT_EQ(topic_->dead_letters(1).front().reason, "not_json");
  auto config = topic_->config();
  config.require = Require::kAnything;
  EXPECT_FALSE(topic_->update_config(config).has_value()) << "what is there was taken under this rule";
  ASSERT_TRUE(topic_->flush().has_value());
  reopen();
  EXPECT_EQ(topic_->config().require, Require::kJson);
  EXPECT_EQ(append(0, "still not").dead_letters, 1U);
}

TEST_F(DeadLettersTest, PagesHoldEachOnceInMemoryAndOnDisk) {
  create(Require::kJson);
  std::vector<int64_t> expected;
  for (int64_t i = 0; i < 25; ++i) {
    append(0, "bad", 1'000 + i / 3);
    expected.insert(expected.begin(), i);
    if (i == 9) {
      ASSERT_TRUE(topic_->flush().has_value());
    }
    if (i == 17) topic_->freeze({0});
  }
  for (const size_t page : {1U, 4U, 100U}) EXPECT_EQ(listed(page), expected);
  ASSERT_TRUE(topic_->flush().has_value());
  reopen();
  EXPECT_EQ(listed(4), expected);
  EXPECT_EQ(topic_->view().partitions[0].dead_letters, 25U);
  topic_->set_watermarks({0}, {20}, std::nullopt);
  ASSERT_TRUE(topic_->expire({0}).has_value());
  EXPECT_EQ(listed(100), (std::vector<int64_t>{24, 23, 22, 21, 20}));
  EXPECT_EQ(topic_->view().partitions[0].dead_letters, 5U);
  reopen();
  EXPECT_EQ(listed(100).size(), 5U);
}

// A topic that doesn't follow Kafka's retention begins where the first of what it keeps is, a dead letter or not.
TEST_F(DeadLettersTest, OneIsFoundByItsPlaceWhereverItStands) {
  create(Require::kJson);
  const auto check = [this](int64_t end) {
    for (int64_t offset = -1; offset <= end; ++offset) {
      const auto letter = topic_->dead_letter({0}, {offset});
      const bool expected = offset >= 0 && offset < end && offset % 3 != 0;
      ASSERT_EQ(letter.has_value(), expected) << offset;
      if (letter) {
        EXPECT_EQ(letter->head, fmt::format("bad {}", offset));
      }
    }
    EXPECT_FALSE(topic_->dead_letter({1}, {1}));
    EXPECT_FALSE(topic_->dead_letter({7}, {1}));
  };
  int64_t next = 0;
  for (int round = 0; round < 3; ++round) {
    // Times that fall: on disk letters stand by time.
    for (int i = 0; i < 10; ++i, ++next) append(0, next % 3 == 0 ? "{}" : fmt::format("bad {}", next), 10'000 - next);
    check(next);
    ASSERT_TRUE(topic_->flush().has_value());
    check(next);
  }
  reopen();
  check(next);
}

TEST_F(DeadLettersTest, TheTopicBeginsWithTheFirstThatIsKept) {
  auto config = config_of("orders");
  config.require = Require::kJson;
  config.retention.kind = Retention::Kind::kDuration;
  config.retention.duration = std::chrono::milliseconds(1'000);
  topic_ = create_topic(*store_, config);
  for (int32_t p = 0; p < 2; ++p) ASSERT_TRUE(topic_->start_partition({p}, {0}).has_value());
  for (const int32_t p : {0, 1}) append(p, "bad", 1'000);
  append(0, "{}", 1'500);
  append(0, "bad", 3'000);
  const auto lows = [this] {
    std::vector<std::pair<int64_t, uint64_t>> found;
    for (const PartitionView& each : topic_->view().partitions) found.emplace_back(each.low.value, each.dead_letters);
    return found;
  };
  using Lows = std::vector<std::pair<int64_t, uint64_t>>;
  for (int i = 0; i < 2; ++i) {
    EXPECT_EQ(lows(), (Lows{{0, 2}, {0, 1}}));
    ASSERT_TRUE(topic_->flush().has_value());
    reopen();
  }
  EXPECT_EQ(lows(), (Lows{{0, 2}, {0, 1}}));
  ASSERT_TRUE(topic_->expire({2'100}).has_value());
  EXPECT_EQ(lows(), (Lows{{1, 1}, {1, 0}})) << "the first ones went";
  ASSERT_TRUE(topic_->expire({2'600}).has_value());
  EXPECT_EQ(lows(), (Lows{{2, 1}, {1, 0}})) << "and the message";
  reopen();
  EXPECT_EQ(lows(), (Lows{{2, 1}, {1, 0}}));
}

TEST_F(DeadLettersTest, SentOnIsRemembered) {
  create(Require::kJson);
  for (int i = 0; i < 6; ++i) append(i % 2, "bad");
  const auto unsent = [&] {
    std::vector<std::pair<int32_t, int64_t>> places;
    for (const auto& letter : topic_->unsent_dead_letters(100)) {
      places.emplace_back(letter.partition.value, letter.offset.value);
    }
    return places;
  };
  using Places = std::vector<std::pair<int32_t, int64_t>>;
  EXPECT_EQ(unsent(), (Places{{0, 0}, {0, 1}, {0, 2}, {1, 0}, {1, 1}, {1, 2}}));
  ASSERT_TRUE(topic_->note_dead_letters_sent({0}, {2}).has_value());
  EXPECT_EQ(unsent(), (Places{{0, 2}, {1, 0}, {1, 1}, {1, 2}}));
  ASSERT_TRUE(topic_->flush().has_value());
  ASSERT_TRUE(topic_->note_dead_letters_sent({1}, {1}).has_value());
  reopen();
  EXPECT_EQ(unsent(), (Places{{0, 2}, {1, 1}, {1, 2}}));
  EXPECT_EQ(topic_->dead_letters_sent({0}), Offset{2});
  EXPECT_EQ(topic_->unsent_dead_letters(1).size(), 1U);
}

}  // namespace
}  // namespace kseek::store
