// Which slices have a term that a pattern may match, against all terms one by one: a segment so large that threads go
// through parts of it.
#include "query/dictionary_scan.h"

#include <gtest/gtest.h>

#include <fstream>

#include "query/query_text.h"
#include "store/term_pages.h"
#include "tests/query/scratch_store.h"
#include "tests/store/random_messages.h"

namespace kseek::query {
namespace {

constexpr size_t kBlocks = store::kMaxBlocksOfSlicedSingles;  // slices are known of what one block has
constexpr size_t kWordsABlock = 1'500;
constexpr size_t kLongWord = 60;  // about 130 in a page of 8 KiB: 350 pages, five parts
constexpr double kAnyPrice = 1e3;

class DictionaryScans : public testing::Test {
 protected:
  DictionaryScans() {
    std::vector<store::SegmentInput> inputs;
    for (uint64_t block = 1; block <= kBlocks; ++block) {
      inputs.push_back({{block}, random_words()});
      terms_.push_back(inputs.back().terms);
    }
    const auto path = scratch_.path() / "segment";
    segment_ = std::make_unique<store::Segment>(path, need(store::write_segment(path, {1}, inputs)));
    source_ = need(SegmentTerms::open(*segment_));
  }
  std::shared_ptr<const store::BlockTerms> random_words() {
    store::TermCollector collector;
    collector.add(store::Field::kValue, "each", {.ascii = true});
    std::string word(kLongWord, ' ');
    for (size_t i = 0; i < kWordsABlock; ++i) {
      for (char& letter : word) letter = static_cast<char>('a' + random_.below(26));
      collector.set_slices(static_cast<store::SliceMask>(1U << random_.below(store::kBlockSlices)));
      collector.add(random_.one_in(9) ? store::Field::kKey : store::Field::kValue, word, {.ascii = true});
    }
    return collector.take();
  }
  SliceSet expected(const tokenizer::TokenPattern& pattern, char field, const SliceSet& among) const {
    SliceSet having(kBlocks);
    for (size_t block = 0; block < kBlocks; ++block) {
      for (const std::string_view term : terms_[block]->sorted()) {
        if (term[0] == field && pattern.matches(term.substr(1))) having.add(block, store::slices_of(term));
      }
    }
    return having &= among;
  }
  static tokenizer::TokenPattern pattern(const std::string& text) {
    return need(tokenizer::parse_phrase(text)).tokens.at(0);
  }
  static SliceSet all() {
    SliceSet all(kBlocks);
    all.add_all();
    return all;
  }

  store::ScratchDirectory scratch_;
  store::RandomMessages random_{11};
  std::vector<std::shared_ptr<const store::BlockTerms>> terms_;
  std::unique_ptr<store::Segment> segment_;
  std::unique_ptr<SegmentTerms> source_;
};

TEST_F(DictionaryScans, HaveSeveralParts) { EXPECT_GE(need(source_->landmarks()).size(), 5U); }

TEST_F(DictionaryScans, FindWhatEachTermSays) {
  size_t some = 0;
  for (int round = 0; round < 60; ++round) {
    const auto& of = terms_[random_.below(kBlocks)]->sorted();
    const std::string_view term = of[random_.below(of.size())];
    const size_t letters = 2 + random_.below(3);
    const auto asked = pattern(fmt::format("*{}*", term.substr(1 + random_.below(term.size() - letters), letters)));
    SliceSet among(kBlocks);
    for (size_t block = 0; block < kBlocks; ++block) {
      if (!random_.one_in(3)) among.add(block, static_cast<store::SliceMask>(random_.below(256)));
    }
    for (const char field : {'K', 'V'}) {
      const SliceSet left = need(scan_dictionary(asked, std::string(1, field), *source_, among, kAnyPrice));
      EXPECT_EQ(left, expected(asked, field, among)) << asked.to_string() << " in " << field;
      some += !left.empty() && left != among ? 1 : 0;
    }
  }
  EXPECT_GT(some, 50U) << "answers that are neither nothing nor all";
}

TEST_F(DictionaryScans, BelowAPrefixFindTheSame) {
  for (const char* text : {"q*", "qu*x*", "zz*"}) {
    const auto asked = pattern(text);
    const std::string prefix = "V" + std::string(asked.literal_prefix());
    EXPECT_EQ(need(scan_dictionary(asked, prefix, *source_, all(), kAnyPrice)), expected(asked, 'V', all())) << text;
  }
}

TEST_F(DictionaryScans, LeaveAllWhereTheyCostTooMuch) {
  const auto rare = pattern("*abcde*");
  const auto seldom = pattern("*qqq*");
  ASSERT_NE(expected(rare, 'V', all()), all());
  EXPECT_EQ(need(scan_dictionary(rare, "V", *source_, all(), 1e-6)), all()) << "70 terms";
  constexpr double kPriceOfPassing = kBlocks * kWordsABlock / 60e6;  // or of visiting a sixth of the terms
  const auto visits = pattern("*q?x?y");                             // nine of ten contain q, and few of them match
  ASSERT_NE(expected(visits, 'V', all()), all());
  EXPECT_EQ(need(scan_dictionary(visits, "V", *source_, all(), kPriceOfPassing)), all());
  EXPECT_EQ(need(scan_dictionary(seldom, "V", *source_, all(), kPriceOfPassing)), expected(seldom, 'V', all()));
}

TEST_F(DictionaryScans, LeaveAllWhereEachBlockHasTheWord) {
  EXPECT_EQ(need(scan_dictionary(pattern("*eac*"), "V", *source_, all(), kAnyPrice)), all());
}

TEST_F(DictionaryScans, TellOfADamagedPart) {
  source_.reset();
  const auto file = segment_->path() / "postlist.glass";
  const auto size = std::filesystem::file_size(file);
  std::fstream stream(file, std::ios::in | std::ios::out | std::ios::binary);
  stream.seekp(static_cast<std::streamoff>(size / 2 + 100));
  stream << "not what was written";
  stream.close();
  source_ = need(SegmentTerms::open(*segment_));
  const auto left = scan_dictionary(pattern("*qqq*"), "V", *source_, all(), kAnyPrice);
  ASSERT_FALSE(left);
  EXPECT_EQ(left.error().code, ErrorCode::kCorrupt);
}

}  // namespace
}  // namespace kseek::query
