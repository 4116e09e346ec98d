// Segments whose files are not what was written: a wrong answer is never given, and the index mends itself.
#include <gtest/gtest.h>

#include <fstream>
#include <random>

#include "store/topic_store_impl.h"
#include "tests/store/topic_check.h"

namespace kseek::store {
namespace {

namespace fs = std::filesystem;

std::string content_of(const fs::path& path) {
  std::ifstream in(path, std::ios::binary);
  return std::string(std::istreambuf_iterator<char>(in), {});
}

void flip_bit(const fs::path& path, uint64_t bit) {
  std::string content = content_of(path);
  content[bit / 8] = static_cast<char>(content[bit / 8] ^ (1 << (bit % 8)));
  std::ofstream(path, std::ios::binary) << content;
}

/// Blocks with terms of several pages: each term stands in the blocks that its number is divisible by.
std::vector<SegmentInput> many_terms() {
  std::vector<SegmentInput> inputs;
  for (uint64_t block = 1; block <= 8; ++block) {
    TermCollector collector;
    for (uint64_t n = 0; n < 20'000; ++n) {
      if (n % block == 0)
        collector.add(Field::kValue, fmt::format("{:07x}", n * 2'654'435'761 % 0xFFFFFFF), {.ascii = true});
    }
    inputs.push_back({BlockId{block}, collector.take()});
  }
  return inputs;
}

TEST(DamageTest, AFlippedBitIsAnErrorOrChangesNothing) {
  const ScratchDirectory dir;
  const fs::path path = dir.path() / "segment";
  const auto inputs = many_terms();
  const auto meta = write_segment(path, {1}, inputs);
  ASSERT_TRUE(meta.has_value());
  const fs::path file = path / "postlist.glass";
  const std::string good = content_of(file);
  ASSERT_GT(good.size(), 40'000U) << "more than a few pages";
  const auto& terms = inputs[0].terms->sorted();
  const auto answers = [&](size_t step) {
    std::vector<std::vector<Posting>> all;
    const Segment segment(path, *meta);
    auto lease = segment.borrow();
    if (!lease) return all;
    for (size_t i = 0; i < terms.size(); i += step) {
      auto& postings = all.emplace_back();
      if (!(*lease)->postings(terms[i], postings)) postings = {{UINT32_MAX}};
    }
    return all;
  };
  constexpr size_t kStep = 37;
  const auto expected = answers(kStep);
  std::mt19937_64 random(7);
  size_t noticed = 0;
  for (int round = 0; round < 60; ++round) {
    // Half of them in the branches, which stand at the end.
    const uint64_t from = round % 2 == 0 ? 0 : (good.size() - 8'192) * 8;
    const uint64_t bit = from + random() % (good.size() * 8 - from);
    SCOPED_TRACE(fmt::format("bit {}", bit));
    flip_bit(file, bit);
    const auto found = answers(kStep);
    EXPECT_EQ(verify_segment(path, *meta).error().code, ErrorCode::kCorrupt);
    bool any_failed = found.empty();
    for (size_t i = 0; i < found.size(); ++i) {
      const bool failed = found[i] == std::vector<Posting>{{UINT32_MAX}};
      any_failed = any_failed || failed;
      if (!failed) {
        ASSERT_EQ(found[i], expected[i]) << "a wrong answer";
      }
    }
    noticed += any_failed ? 1 : 0;
    std::ofstream(file, std::ios::binary) << good;
  }
  EXPECT_GT(noticed, 20U);
}

class MendTest : public OrdersTest {
 protected:
  MendTest() {
    append_range(*topic_, 0, 0, 100);
    EXPECT_TRUE(topic_->flush().has_value());
    expected_ = read_all(*topic_, topic_->view());
  }

  [[nodiscard]] fs::path some_file() const { return topic_->view().index->segments.front()->path() / "postlist.glass"; }
  void expect_mended() {
    EXPECT_GT(topic_->stats().unindexed_blocks, 0U);
    EXPECT_EQ(read_all(*topic_, topic_->view()), expected_);
    check_index(*topic_, topic_->view(), 1);
    while (*topic_->index_next(true)) continue;
    EXPECT_EQ(topic_->stats().unindexed_blocks, 0U);
    check_index(*topic_, topic_->view(), 1);
    EXPECT_EQ(segments_on_disk(dir_.path()), segments_named(*store_));
    reopen();
    EXPECT_EQ(topic_->stats().unindexed_blocks, 0U);
    check_index(*topic_, topic_->view(), 1);
  }

  std::map<Place, std::string> expected_;
};

TEST_F(MendTest, ADamagedSegmentIsFoundInPassingAndBuiltAgain) {
  flip_bit(some_file(), 12'345);
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(60);
  while (topic_->stats().unindexed_blocks == 0 && std::chrono::steady_clock::now() < deadline) {
    ASSERT_TRUE(topic_->expire({0}).has_value());
  }
  expect_mended();
}

TEST_F(MendTest, ATruncatedSegmentIsFoundOnOpening) {
  const fs::path file = some_file();
  fs::resize_file(file, fs::file_size(file) - 1);
  reopen();
  expect_mended();
}

TEST_F(MendTest, AMissingSegmentIsBuiltAgain) {
  fs::remove_all(some_file().parent_path());
  reopen();
  EXPECT_GT(topic_->stats().unindexed_blocks, 0U);
  EXPECT_EQ(read_all(*topic_, topic_->view()), expected_);
  while (*topic_->index_next(true)) continue;
  check_index(*topic_, topic_->view(), 1);
}

TEST_F(MendTest, AMergeDropsWhatIsDamaged) {
  const fs::path file = some_file();
  append_range(*topic_, 0, 100, 400);
  while (*topic_->seal_next()) continue;
  while (*topic_->index_next(true)) continue;
  flip_bit(file, 9'999);
  while (*topic_->merge_next()) continue;
  expected_ = read_all(*topic_, topic_->view());
  EXPECT_EQ(expected_.size(), 400U);
  expect_mended();
}

}  // namespace
}  // namespace kseek::store
