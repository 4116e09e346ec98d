// Pairs of adjacent words: what a block's collector knows, what a segment says of it, fresh, merged and damaged.
#include "store/pairs.h"

#include <gtest/gtest.h>

#include <fstream>
#include <set>

#include "store/segment.h"
#include "tests/store/random_messages.h"
#include "tokenizer/tokenizer.h"

namespace kseek::store {
namespace {

namespace fs = std::filesystem;

constexpr tokenizer::TextTraits kAscii{.ascii = true};

std::shared_ptr<const BlockTerms> terms_of(const std::vector<std::string>& values) {
  TermCollector collector;
  for (const std::string& value : values) collector.add(Field::kValue, value, tokenizer::classify(value));
  return collector.take();
}

bool may_have(const BlockTerms& terms, std::string_view first, std::string_view second, Field field = Field::kValue) {
  return terms.pairs().may_have(pair_hash(field, first, second).value());
}

TEST(PairsTest, AreNeighboursWithinOneText) {
  TermCollector collector;
  collector.add(Field::kKey, "payment Timeout", kAscii);
  collector.add(Field::kValue, R"({"state": "payment-failed"})", kAscii);
  collector.add(Field::kValue, "你好", {});
  const auto terms = collector.take();
  EXPECT_TRUE(may_have(*terms, "payment", "timeout", Field::kKey));
  EXPECT_TRUE(may_have(*terms, "state", "payment"));
  EXPECT_TRUE(may_have(*terms, "payment", "failed"));
  EXPECT_TRUE(may_have(*terms, "你", "好"));
  EXPECT_FALSE(may_have(*terms, "payment", "timeout")) << "another field";
  EXPECT_FALSE(may_have(*terms, "timeout", "payment", Field::kKey)) << "the other way round";
  EXPECT_FALSE(may_have(*terms, "state", "failed")) << "a word stands between";
  EXPECT_FALSE(may_have(*terms, "failed", "你")) << "in two texts";
}

TEST(PairsTest, OnlyPlainWordsHaveThem) {
  for (const char* plain : {"a", "200", "x1y", "word", "eighteen", "internationalization", "你", "привет"}) {
    EXPECT_TRUE(pair_hash(Field::kValue, "a", plain).has_value()) << plain;
    EXPECT_TRUE(pair_hash(Field::kValue, plain, "a").has_value()) << plain;
  }
  for (const char* other :
       {"1042", "1abc", "abc1", "4bf92f35", "abcdefg9", "9abcdefgh", "abcdefgh9", "abcdefghi0jkl"}) {
    EXPECT_FALSE(pair_hash(Field::kValue, "a", other).has_value()) << other;
    EXPECT_FALSE(pair_hash(Field::kValue, other, "a").has_value()) << other;
  }
  EXPECT_TRUE(pair_hash(Field::kValue, "a", std::string(64, 'w')).has_value());
  EXPECT_FALSE(pair_hash(Field::kValue, "a", std::string(65, 'w')).has_value()) << "as a term it is cut";
}

/// They are on disk: another value would lose messages.
TEST(PairsTest, HashesStayWhatTheyAre) {
  EXPECT_EQ(pair_hash(Field::kValue, "payment", "timeout")->value, 2'287'887'487U);
  EXPECT_EQ(pair_hash(Field::kKey, "payment", "timeout")->value, 1'616'783'601U);
  EXPECT_EQ(pair_hash(Field::kHeader, "你", "好")->value, 2'124'673'802U);
  const PairShape shape{1'000, 4};
  EXPECT_EQ((std::vector{shape.row({7}, 0), shape.row({7}, 1), shape.row({7}, 2), shape.row({7}, 3)}),
            (std::vector<uint32_t>{326, 806, 287, 768}));
}

TEST(PairsTest, ShapesAreSteps) {
  EXPECT_EQ(pair_shape(0, 0), (PairShape{256, 4}));
  EXPECT_EQ(pair_shape(1'000, 1'000'000), (PairShape{5'792, 4})) << "six bits each, to the nearest power";
  EXPECT_EQ(pair_shape(1'000, 9'000), (PairShape{4'096, 3})) << "four bits each";
  EXPECT_EQ(pair_shape(1'000, 4'000).rows, 0U) << "less than two bits each";
  EXPECT_EQ(pair_shape(100'000'000, UINT32_MAX).rows, kMaxPairRows);
}

TEST(PairsTest, OfTooManyPairsNothingIsKnown) {
  TermCollector collector;
  std::string text;
  for (int i = 0; i < 300'000; ++i) {
    for (int n = i, k = 0; k < 4; ++k, n /= 26) text += static_cast<char>('a' + n % 26);
    text += ' ';
  }
  collector.add(Field::kValue, text, kAscii);
  EXPECT_TRUE(may_have(*collector.take(), "never", "there"));
  collector.add(Field::kValue, "one two", kAscii);
  const auto next = collector.take();
  EXPECT_TRUE(may_have(*next, "one", "two"));
  EXPECT_FALSE(may_have(*next, "never", "there")) << "the next block is another matter";
}

/// Blocks of random words, and which of them have which pair.
struct Blocks {
  std::vector<SegmentInput> inputs;
  std::vector<std::set<std::pair<std::string, std::string>>> pairs;

  void add(RandomMessages& random, size_t words) {
    std::set<std::pair<std::string, std::string>>& have = pairs.emplace_back();
    std::vector<std::string> values;
    for (size_t left = words; left > 0;) {
      std::string value, before;
      for (size_t n = std::min<size_t>(left, 1 + random.below(10)); n > 0; --n, --left) {
        std::string word = word_of(random.below(60));
        if (!before.empty()) have.emplace(before, word);
        value += word + " ";
        before = word;
      }
      values.push_back(value);
    }
    inputs.push_back({{inputs.size() + 1}, terms_of(values)});
  }
  void add_all(const Blocks& others) {
    for (size_t i = 0; i < others.inputs.size(); ++i) {
      inputs.push_back({{inputs.size() + 1}, others.inputs[i].terms});
      pairs.push_back(others.pairs[i]);
    }
  }
  /// Long enough that there is room for all pairs.
  static std::string word_of(size_t n) {
    return std::string(14, 'w') + static_cast<char>('a' + n / 26) + static_cast<char>('a' + n % 26);
  }
};

class PairRowsTest : public ::testing::Test {
 protected:
  fs::path next_path() { return scratch_.path() / std::to_string(++paths_); }
  std::shared_ptr<const Segment> write(const Blocks& blocks) {
    const fs::path path = next_path();
    auto meta = write_segment(path, {paths_}, blocks.inputs);
    EXPECT_TRUE(meta) << describe(meta.error());
    return std::make_shared<Segment>(path, *meta);
  }
  std::shared_ptr<const Segment> merge(const std::vector<std::shared_ptr<const Segment>>& inputs) {
    const fs::path path = next_path();
    auto meta = merge_segments(path, {paths_}, inputs);
    EXPECT_TRUE(meta) << describe(meta.error());
    return std::make_shared<Segment>(path, *meta);
  }

  /// Each block that has a pair is kept; of those that have not, most are left out.
  static void expect_pairs(const Segment& segment, const Blocks& blocks, RandomMessages& random) {
    auto lease = segment.borrow();
    ASSERT_TRUE(lease) << describe(lease.error());
    size_t kept_wrongly = 0, without = 0;
    for (int question = 0; question < 100; ++question) {
      const std::string first = Blocks::word_of(random.below(60)), second = Blocks::word_of(random.below(60));
      std::vector<uint32_t> asked, having;
      for (uint32_t position = 0; position < blocks.pairs.size(); ++position) {
        if (!random.one_in(5)) asked.push_back(position);
      }
      having = asked;
      ASSERT_TRUE((*lease)->keep_having(pair_hash(Field::kValue, first, second).value(), having));
      const std::set<uint32_t> kept(having.begin(), having.end());
      EXPECT_TRUE(std::includes(asked.begin(), asked.end(), having.begin(), having.end()));
      for (const uint32_t position : asked) {
        const bool has = blocks.pairs[position].contains({first, second});
        ASSERT_TRUE(!has || kept.contains(position)) << first << " " << second << " in block " << position;
        without += has ? 0 : 1;
        kept_wrongly += !has && kept.contains(position) ? 1 : 0;
      }
    }
    EXPECT_LT(kept_wrongly * 7, without) << "6 % are expected, up to 10 % by rounding";
  }

  ScratchDirectory scratch_;
  uint64_t paths_ = 0;
};

TEST_F(PairRowsTest, FreshAndMergedSegmentsKnowTheirBlocksPairs) {
  for (uint64_t seed = 1; seed <= 8; ++seed) {
    SCOPED_TRACE(fmt::format("seed {}", seed));
    RandomMessages random(seed);
    Blocks all;
    std::vector<std::shared_ptr<const Segment>> level_1;
    for (int merged = 0; merged < 3; ++merged) {
      std::vector<std::shared_ptr<const Segment>> level_0;
      for (size_t left = 1 + random.below(4); left > 0; --left) {
        Blocks blocks;
        for (size_t n = 1 + random.below(30); n > 0; --n)
          blocks.add(random, random.below(random.one_in(4) ? 2'000 : 300));
        level_0.push_back(write(blocks));
        expect_pairs(*level_0.back(), blocks, random);
        all.add_all(blocks);
      }
      level_1.push_back(merge(level_0));
    }
    expect_pairs(*merge(level_1), all, random);
  }
}

TEST_F(PairRowsTest, ManyBlocksAreSeveralGroups) {
  RandomMessages random(5);
  Blocks some;
  for (int i = 0; i < 700; ++i) some.add(random, 60);
  const auto segment = write(some);
  Blocks all;
  for (int i = 0; i < 5; ++i) all.add_all(some);
  const auto merged = merge({segment, segment, segment, segment, segment});
  expect_pairs(*merged, all, random);
  const auto rows = (*merged->borrow())->pair_rows();
  ASSERT_TRUE(rows);
  EXPECT_GE(*rows, 2 * kMaxPairHashes);
}

TEST_F(PairRowsTest, ABlockOfWhichNothingIsKnownStays) {
  TermCollector few;  // distinct pairs of nearly all the bytes
  few.add(Field::kValue, "a b c d e f g h i j k l m n o p q r s t u v w x y z", kAscii);
  Blocks blocks;
  blocks.inputs = {{{1}, terms_of({"one two three one two three one two three one two three one two three one two"})},
                   {{2}, few.take()}};
  ASSERT_EQ(blocks.inputs[1].terms->pairs().shape.rows, 0U);
  const auto segment = merge({write(blocks), write(blocks)});
  auto lease = segment->borrow();
  ASSERT_TRUE(lease);
  std::vector<uint32_t> positions = {0, 1, 2, 3};
  ASSERT_TRUE((*lease)->keep_having(*pair_hash(Field::kValue, "two", "one"), positions));
  EXPECT_EQ(positions, (std::vector<uint32_t>{1, 3}));
  positions = {0, 1, 2, 3};
  ASSERT_TRUE((*lease)->keep_having(*pair_hash(Field::kValue, "one", "two"), positions));
  EXPECT_EQ(positions, (std::vector<uint32_t>{0, 1, 2, 3}));
}

TEST_F(PairRowsTest, AFlippedBitIsAnErrorOrChangesNothing) {
  RandomMessages random(9);
  Blocks blocks;
  for (int i = 0; i < 40; ++i) blocks.add(random, 400);
  const auto segment = write(blocks);
  const fs::path file = segment->path() / "postlist.glass";
  std::ifstream in(file, std::ios::binary);
  const std::string good(std::istreambuf_iterator<char>(in), {});
  std::vector<PairHash> questions;
  for (size_t i = 0; i < 60; ++i) {
    questions.push_back(*pair_hash(Field::kValue, Blocks::word_of(i), Blocks::word_of(random.below(60))));
  }
  const auto answers = [&] {
    std::vector<std::optional<std::vector<uint32_t>>> all;
    const Segment again(segment->path(), segment->meta());
    auto lease = again.borrow();
    for (const PairHash question : questions) {
      std::vector<uint32_t> positions(blocks.inputs.size());
      for (uint32_t i = 0; i < positions.size(); ++i) positions[i] = i;
      const bool answered = lease && (*lease)->keep_having(question, positions);
      all.push_back(answered ? std::optional(positions) : std::nullopt);
    }
    return all;
  };
  const auto expected = answers();
  size_t noticed = 0;
  for (int round = 0; round < 100; ++round) {
    std::string bad = good;
    const size_t bit = random.below(good.size() * 8);
    bad[bit / 8] = static_cast<char>(bad[bit / 8] ^ 1 << (bit % 8));
    std::ofstream(file, std::ios::binary) << bad;
    const auto found = answers();
    for (size_t i = 0; i < found.size(); ++i) {
      if (found[i]) {
        ASSERT_EQ(found[i], expected[i]) << "a wrong answer, bit " << bit;
      }
    }
    noticed += found == expected ? 0 : 1;
  }
  EXPECT_GT(noticed, 20U);
}

}  // namespace
}  // namespace kseek::store
