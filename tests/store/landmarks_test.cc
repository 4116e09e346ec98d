// Landmarks: where threads that go through a large segment's terms begin.
#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <iterator>

#include "store/segment.h"
#include "tests/store/random_messages.h"

namespace kseek::store {
namespace {

namespace fs = std::filesystem;

constexpr size_t kLongWord = 60;  // about 130 a page, so that few words make many pages

class LandmarksTest : public ::testing::Test {
 protected:
  std::shared_ptr<const BlockTerms> random_words(size_t words) {
    TermCollector collector;
    std::string word(kLongWord, ' ');
    for (; words > 0; --words) {
      for (char& letter : word) letter = static_cast<char>('a' + random_.below(26));
      collector.add(random_.one_in(10) ? Field::kKey : Field::kValue, word, {.ascii = true});
    }
    return collector.take();
  }
  std::shared_ptr<const Segment> write(uint64_t block, size_t words) {
    const fs::path path = next_path();
    return finish(path, write_segment(path, {paths_}, {{{block}, random_words(words)}}));
  }
  fs::path next_path() { return scratch_.path() / fmt::format("{}", ++paths_); }
  static std::shared_ptr<const Segment> finish(const fs::path& path, Result<SegmentMeta> meta) {
    EXPECT_TRUE(meta) << describe(meta.error());
    return std::make_shared<Segment>(path, *std::move(meta));
  }

  static std::vector<std::string> landmarks(const Segment& segment) {
    auto lease = segment.borrow();
    EXPECT_TRUE(lease) << describe(lease.error());
    auto found = (*lease)->landmarks();
    EXPECT_TRUE(found) << describe(found.error());
    return *std::move(found);
  }
  static std::vector<std::string> scan(const Segment& segment, const TermScan& what) {
    auto lease = segment.borrow();
    EXPECT_TRUE(lease) << describe(lease.error());
    std::vector<std::string> terms;
    const auto done = (*lease)->scan_terms(what, [&](std::string_view term) {
      terms.emplace_back(term);
      return true;
    });
    EXPECT_TRUE(done) << describe(done.error());
    EXPECT_TRUE(*done);
    return terms;
  }

  ScratchDirectory scratch_;
  RandomMessages random_{7};
  uint64_t paths_ = 0;
};

void expect_even(const std::vector<std::string>& landmarks, const std::vector<std::string>& terms) {
  std::vector<size_t> sizes;
  auto begin = terms.begin();
  for (const std::string& landmark : landmarks) {
    const auto at = std::lower_bound(begin, terms.end(), landmark);
    ASSERT_TRUE(at != terms.end() && *at == landmark) << "it is a term, and they rise";
    sizes.push_back(static_cast<size_t>(at - begin));
    begin = at;
  }
  const auto [least, most] = std::minmax_element(sizes.begin(), sizes.end());
  EXPECT_LT(*most, *least * 11 / 10);
  EXPECT_LT(static_cast<size_t>(terms.end() - begin), *most * 11 / 10) << "behind the last";
}

TEST_F(LandmarksTest, SmallSegmentsHaveNone) { EXPECT_EQ(landmarks(*write(1, 5'000)), std::vector<std::string>()); }

TEST_F(LandmarksTest, CutTheTermsIntoEvenParts) {
  for (const size_t words : {20'000, 100'000}) {
    const auto segment = write(1, words);
    const auto found = landmarks(*segment);
    EXPECT_GE(found.size(), words / 20'000);
    expect_even(found, scan(*segment, {}));
  }
}

TEST_F(LandmarksTest, OfAnyNumberOfTermsAreFewerThan64) {
  const auto segment = write(1, 650'000);
  const auto found = landmarks(*segment);
  EXPECT_GE(found.size(), 32U);
  EXPECT_LT(found.size(), 64U);
  expect_even(found, scan(*segment, {}));
}

TEST_F(LandmarksTest, ScansFromOneToTheNextFindWhatOneScanFinds) {
  std::vector<std::shared_ptr<const Segment>> inputs;
  for (const uint64_t block : {1, 2, 3}) inputs.push_back(write(block, 12'000));
  const fs::path path = next_path();
  const auto merged = finish(path, merge_segments(path, {paths_}, inputs));
  const auto cuts = landmarks(*merged);
  ASSERT_GE(cuts.size(), 3U);
  for (const std::string prefix : {"", "V", "Vm", "K"}) {
    for (const std::string literal : {"", "a", "bc"}) {
      std::vector<std::string> in_parts;
      for (size_t i = 0; i <= cuts.size(); ++i) {
        const TermScan part{.prefix = prefix,
                            .literal = literal,
                            .from = i == 0 ? std::string_view() : std::string_view(cuts[i - 1]),
                            .below = i == cuts.size() ? std::string_view() : std::string_view(cuts[i])};
        std::ranges::move(scan(*merged, part), std::back_inserter(in_parts));
      }
      EXPECT_EQ(in_parts, scan(*merged, {.prefix = prefix, .literal = literal})) << prefix << ' ' << literal;
    }
  }
}

TEST_F(LandmarksTest, ThatAreDamagedAreTold) {
  const auto segment = write(1, 50'000);
  const auto found = landmarks(*segment);
  ASSERT_GE(found.size(), 2U);
  const fs::path file = segment->path() / "postlist.glass";
  std::fstream stream(file, std::ios::in | std::ios::out | std::ios::binary);
  const std::string bytes(std::istreambuf_iterator<char>(stream), {});
  const size_t at = bytes.find(found[0] + static_cast<char>(found[1].size()) + found[1]);
  ASSERT_NE(at, std::string::npos);
  stream.clear();
  stream.seekp(static_cast<std::streamoff>(at + 5));
  stream.put('!');
  stream.close();
  const Segment reopened(segment->path(), segment->meta());
  auto lease = reopened.borrow();
  ASSERT_TRUE(lease) << describe(lease.error());
  const auto again = (*lease)->landmarks();
  ASSERT_FALSE(again);
  EXPECT_EQ(again.error().code, ErrorCode::kCorrupt);
}

}  // namespace
}  // namespace kseek::store
