// Pages of terms against a map, and bytes that no builder wrote.
#include "store/term_pages.h"

#include <gtest/gtest.h>

#include <map>

#include "tests/store/random_messages.h"
#include "tokenizer/tokenizer.h"

namespace kseek::store {
namespace {

using Model = std::map<std::string, std::vector<Posting>>;

std::string random_term(RandomMessages& random) {
  const bool digits = random.one_in(2);
  std::string term = random.one_in(2) ? "V" : "";
  const size_t bytes = random.one_in(20) ? kMaxPageTermBytes : 1 + term.size() + random.below(30);
  while (term.size() < bytes) {
    term.push_back(digits ? "0123456789abcdef"[random.below(random.one_in(3) ? 16 : 2)]
                          : static_cast<char>(random.one_in(2) ? 'a' : random.below(256)));
  }
  return term;
}

/// One of: a single block, all, few, many, a run.
std::vector<uint32_t> random_positions(RandomMessages& random, uint32_t blocks) {
  std::vector<uint32_t> positions;
  const uint64_t kind = random.below(6);
  const uint64_t sparse = kind == 1 ? 1 : kind == 2 ? 2 : kind == 3 ? 20 : 400;
  if (kind == 4) {
    const auto begin = static_cast<uint32_t>(random.below(blocks));
    const uint64_t end = begin + random.below(blocks - begin) + 1;
    for (uint32_t position = begin; position < end; ++position) positions.push_back(position);
  } else if (kind != 0) {
    for (uint32_t position = 0; position < blocks; ++position) {
      if (random.one_in(sparse)) positions.push_back(position);
    }
  }
  if (positions.empty()) positions.push_back(static_cast<uint32_t>(random.below(blocks)));
  return positions;
}

/// In all slices, in any, or seldom in all of them.
std::vector<Posting> random_postings(RandomMessages& random, uint32_t blocks) {
  const uint64_t kind = random.below(3);
  std::vector<Posting> postings;
  for (const uint32_t position : random_positions(random, blocks)) {
    const bool all = kind == 0 || (kind == 1 && !random.one_in(100));
    postings.push_back({position, all ? kAllSlices : static_cast<SliceMask>(1 + random.below(255))});
  }
  return postings;
}

/// As it is stored without slices.
std::vector<Posting> in_all_slices(std::vector<Posting> postings) {
  for (Posting& posting : postings) posting.slices = kAllSlices;
  return postings;
}

/// What is kept of it in a segment of so many blocks.
std::vector<Posting> as_stored(const std::vector<Posting>& postings, uint32_t blocks) {
  const bool sliced = postings.size() > 1 || blocks <= kMaxBlocksOfSlicedSingles;
  return sliced ? postings : in_all_slices(postings);
}

void expect_pages(const std::vector<std::string>& pages, uint32_t blocks, const Model& model) {
  Model found;
  for (const std::string& page : pages) {
    TermPageReader reader(page, blocks);
    while (reader.next()) {
      std::vector<Posting>& postings = found[std::string(reader.term())];
      ASSERT_TRUE(postings.empty()) << "twice";
      ASSERT_TRUE(reader.append_postings(postings, 7));
      EXPECT_EQ(reader.count(), postings.size());
      for (Posting& posting : postings) posting.position -= 7;
    }
    EXPECT_FALSE(reader.damaged());
  }
  EXPECT_EQ(found, model);
}

TEST(TermPages, GiveBackWhatWentIn) {
  for (uint64_t seed = 1; seed <= 60; ++seed) {
    SCOPED_TRACE(fmt::format("seed {}", seed));
    RandomMessages random(seed);
    const uint32_t kBlocks[] = {1, 2, 7, 8, 9, 256, 300, 5000};
    const uint32_t blocks = kBlocks[random.below(std::size(kBlocks))];
    Model model;
    for (size_t terms = random.below(500); terms > 0; --terms)
      model[random_term(random)] = as_stored(random_postings(random, blocks), blocks);
    const size_t limit = 900 + kMaxSlicedListBytes + random.below(8000);
    TermPageBuilder builder(blocks);
    std::vector<std::string> pages;
    for (const auto& [term, postings] : model) {
      if (builder.append(term, postings, limit)) continue;
      pages.push_back(builder.bytes());
      EXPECT_LE(pages.back().size(), limit);
      builder.clear();
      ASSERT_TRUE(builder.append(term, postings, limit));
    }
    pages.push_back(builder.bytes());
    expect_pages(pages, blocks, model);
  }
}

TEST(TermPages, SeekFindsTheFirstThatIsNotBelow) {
  for (uint64_t seed = 1; seed <= 40; ++seed) {
    SCOPED_TRACE(fmt::format("seed {}", seed));
    RandomMessages random(seed);
    Model model;
    for (size_t terms = 1 + random.below(300); terms > 0; --terms) model[random_term(random)] = {{0}};
    TermPageBuilder builder(9);
    for (const auto& [term, postings] : model) ASSERT_TRUE(builder.append(term, postings, 1'000'000));
    TermPageReader ahead(builder.bytes(), 9);
    std::string before;
    for (int i = 0; i < 400; ++i) {
      std::string wanted = random_term(random);
      if (random.one_in(2)) wanted = std::next(model.begin(), static_cast<int>(random.below(model.size())))->first;
      if (random.one_in(4)) wanted.resize(random.below(wanted.size() + 1));
      if (wanted < before || i % 10 == 0) ahead = TermPageReader(builder.bytes(), 9);
      before = wanted;
      const auto expected = model.lower_bound(wanted);
      ASSERT_EQ(ahead.seek(wanted), expected != model.end());
      if (expected == model.end()) continue;
      ASSERT_EQ(ahead.term(), expected->first) << wanted;
      if (random.one_in(2) && std::next(expected) != model.end()) {
        ASSERT_TRUE(ahead.next());
        ASSERT_EQ(ahead.term(), std::next(expected)->first);
        before = ahead.term();
      }
    }
  }
}

TEST(TermPages, TermsWithALiteralAreFound) {
  size_t all_found = 0;
  for (uint64_t seed = 1; seed <= 60; ++seed) {
    SCOPED_TRACE(fmt::format("seed {}", seed));
    RandomMessages random(seed);
    Model model;
    for (size_t terms = 1 + random.below(400); terms > 0; --terms) {
      std::string term = random_term(random);
      if (random.one_in(20)) term.back() = tokenizer::kCutMark;
      model[std::move(term)] = {{0}};
    }
    TermPageBuilder builder(9);
    for (const auto& [term, postings] : model) ASSERT_TRUE(builder.append(term, postings, 1'000'000));
    for (int i = 0; i < 50; ++i) {
      std::string literal = random_term(random);
      if (!random.one_in(4)) literal = std::next(model.begin(), static_cast<int>(random.below(model.size())))->first;
      const size_t at = random.below(literal.size());
      literal = literal.substr(at, 1 + random.below(random.one_in(2) ? 4 : literal.size()));
      std::vector<std::string> expected;
      for (const auto& [term, postings] : model) {
        const bool wanted = term.find(literal) != std::string::npos || term.back() == tokenizer::kCutMark;
        if (wanted) expected.push_back(term);
      }
      std::vector<std::string> found;
      TermPageReader reader(builder.bytes(), 9);
      while (reader.next_containing(literal)) found.emplace_back(reader.term());
      ASSERT_EQ(found, expected) << literal;
      ASSERT_EQ(reader.terms_read(), model.size());
      all_found += found.size();
    }
  }
  EXPECT_GT(all_found, 10'000U);
}

TEST(TermPages, AreSmall) {
  TermPageBuilder builder(32);
  std::vector<Posting> all(32);
  for (uint32_t i = 0; i < 32; ++i) all[i] = {i};
  ASSERT_TRUE(builder.append("Vdeadbeef", {{{3, 0x10}}}, 100));
  EXPECT_EQ(builder.bytes(), "\x49Vdeadbeef\x0C\x10") << "the first term is whole";
  ASSERT_TRUE(builder.append("Vdeadc0de", {{{3, 0x80}}}, 100));
  EXPECT_EQ(builder.bytes().substr(12), "\x84\x05\xC0\xDE\x0C\x80") << "its digits are two a byte";
  ASSERT_TRUE(builder.append("Ve", all, 100));
  EXPECT_EQ(builder.bytes().substr(18), std::string_view("\x01\x01"
                                                         "e\x03\0",
                                                         5))
      << "all slices of all blocks cost two bytes";
  const std::vector<Posting> most(all.begin(), all.end() - 1);
  ASSERT_TRUE(builder.append("Vf", most, 100));
  EXPECT_EQ(builder.bytes().size(), 23U + 2 + 1 + 1 + 1 + 4) << "most are a bitmap";
  EXPECT_FALSE(builder.append("Vg", most, 40)) << "over the limit";
  EXPECT_EQ(builder.last_term(), "Vf");
}

TEST(TermPages, LongListsSayNothingOfSlices) {
  constexpr uint32_t kBlocks = 60'000;
  std::vector<Posting> every_third;
  for (uint32_t i = 0; i < kBlocks; i += 3) every_third.push_back({i, 1});
  const std::vector<Posting> some(every_third.begin(), every_third.begin() + kMaxSlicedListBytes / 2);
  TermPageBuilder builder(kBlocks);
  const size_t limit = kMaxSlicedListBytes + 100;
  ASSERT_TRUE(builder.append("Va", some, limit));
  const std::string first = builder.bytes();
  builder.clear();
  ASSERT_TRUE(builder.append("Vb", every_third, limit));
  expect_pages({first, builder.bytes()}, kBlocks, {{"Va", some}, {"Vb", in_all_slices(every_third)}});
}

TEST(TermPages, PagesWithoutSlicesAreRead) {
  // Written by hand: three terms of nine blocks, as they were stored before there were slices.
  const std::string page = std::string("\x42Va\x10", 4) +  // a single block, 4
                           std::string(
                               "\x01\x01"
                               "b\x0D\x01\x02\x00",
                               7) +  // deltas: 1, 4, 5
                           std::string(
                               "\x41"
                               "c\x03",
                               3);  // all
  TermPageReader reader(page, 9, PostingForm::kBlocks);
  const auto read = [&reader] {
    std::vector<Posting> postings;
    EXPECT_TRUE(reader.next() && reader.append_postings(postings));
    return postings;
  };
  EXPECT_EQ(read(), (std::vector<Posting>{{4}}));
  EXPECT_EQ(read(), (std::vector<Posting>{{1}, {4}, {5}}));
  EXPECT_EQ(read().size(), 9U);
  EXPECT_FALSE(reader.next() || reader.damaged());
}

TEST(TermPages, AnyBytesAreReadOrDamaged) {
  RandomMessages random(8);
  TermPageBuilder builder(300);
  Model model;
  while (model.size() < 60) model[random_term(random)] = random_postings(random, 300);
  for (const auto& [term, postings] : model) ASSERT_TRUE(builder.append(term, postings, 100'000));
  size_t damaged = 0;
  for (int round = 0; round < 20'000; ++round) {
    std::string page = builder.bytes();
    if (random.one_in(4)) page.resize(random.below(page.size()));
    for (uint64_t changes = random.below(4); changes > 0 && !page.empty(); --changes) {
      page[random.below(page.size())] = static_cast<char>(random.below(256));
    }
    const std::vector<char> exact(page.begin(), page.end());  // so that a sanitizer sees a step beyond
    TermPageReader reader({exact.data(), exact.size()}, 300);
    TermPageReader seeker = reader;
    TermPageReader finder = reader;
    const std::string literal = random_term(random).substr(0, 1 + random.below(3));
    while (finder.next_containing(literal)) ASSERT_FALSE(finder.term().empty());
    ASSERT_TRUE(!seeker.seek(random_term(random)) || !seeker.term().empty());
    std::string before;
    std::vector<Posting> postings;
    bool intact = true;
    while (reader.next()) {
      ASSERT_LT(before, reader.term());
      before.assign(reader.term());
      postings.clear();
      if (!reader.append_postings(postings)) {
        intact = false;
        continue;
      }
      ASSERT_FALSE(postings.empty());
      ASSERT_EQ(reader.count(), postings.size());
      ASSERT_LT(postings.back().position, 300U);
      for (size_t i = 0; i < postings.size(); ++i) {
        ASSERT_TRUE(postings[i].slices != 0 && (i == 0 || postings[i - 1].position < postings[i].position));
      }
    }
    damaged += intact && !reader.damaged() ? 0 : 1;
  }
  EXPECT_GT(damaged, 5000U);
}

}  // namespace
}  // namespace kseek::store
