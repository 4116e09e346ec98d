// Pages of terms against a map, and bytes that no builder wrote.
#include "store/term_pages.h"

#include <gtest/gtest.h>

#include <map>

#include "tests/store/random_messages.h"
#include "tokenizer/tokenizer.h"

namespace kseek::store {
namespace {

using Model = std::map<std::string, std::vector<uint32_t>>;

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

void expect_pages(const std::vector<std::string>& pages, uint32_t blocks, const Model& model) {
  Model found;
  for (const std::string& page : pages) {
    TermPageReader reader(page, blocks);
    while (reader.next()) {
      std::vector<uint32_t>& positions = found[std::string(reader.term())];
      ASSERT_TRUE(positions.empty()) << "twice";
      ASSERT_TRUE(reader.append_positions(positions, 7));
      EXPECT_EQ(reader.count(), positions.size());
      for (uint32_t& position : positions) position -= 7;
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
      model[random_term(random)] = random_positions(random, blocks);
    const size_t limit = 900 + random.below(8000);
    TermPageBuilder builder(blocks);
    std::vector<std::string> pages;
    for (const auto& [term, positions] : model) {
      if (builder.append(term, positions, limit)) continue;
      pages.push_back(builder.bytes());
      EXPECT_LE(pages.back().size(), limit);
      builder.clear();
      ASSERT_TRUE(builder.append(term, positions, limit));
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
    for (size_t terms = 1 + random.below(300); terms > 0; --terms) model[random_term(random)] = {0};
    TermPageBuilder builder(9);
    for (const auto& [term, positions] : model) ASSERT_TRUE(builder.append(term, positions, 1'000'000));
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
      model[std::move(term)] = {0};
    }
    TermPageBuilder builder(9);
    for (const auto& [term, positions] : model) ASSERT_TRUE(builder.append(term, positions, 1'000'000));
    for (int i = 0; i < 50; ++i) {
      std::string literal = random_term(random);
      if (!random.one_in(4)) literal = std::next(model.begin(), static_cast<int>(random.below(model.size())))->first;
      const size_t at = random.below(literal.size());
      literal = literal.substr(at, 1 + random.below(random.one_in(2) ? 4 : literal.size()));
      std::vector<std::string> expected;
      for (const auto& [term, positions] : model) {
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
  TermPageBuilder builder(256);
  std::vector<uint32_t> all(256);
  for (uint32_t i = 0; i < 256; ++i) all[i] = i;
  ASSERT_TRUE(builder.append("Vdeadbeef", {{3}}, 100));
  EXPECT_EQ(builder.bytes(), "\x49Vdeadbeef\x0C") << "the first term is whole";
  ASSERT_TRUE(builder.append("Vdeadc0de", {{3}}, 100));
  EXPECT_EQ(builder.bytes().substr(11), "\x84\x05\xC0\xDE\x0C") << "its digits are two a byte";
  ASSERT_TRUE(builder.append("Ve", all, 100));
  EXPECT_EQ(builder.bytes().substr(16),
            "\x01\x01"
            "e\x03")
      << "all blocks cost a byte";
  const std::vector<uint32_t> most(all.begin(), all.end() - 1);
  ASSERT_TRUE(builder.append("Vf", most, 100));
  EXPECT_EQ(builder.bytes().size(), 20U + 2 + 2 + 1 + 32) << "most are a bitmap";
  EXPECT_FALSE(builder.append("Vg", most, 60)) << "over the limit";
  EXPECT_EQ(builder.last_term(), "Vf");
}

TEST(TermPages, AnyBytesAreReadOrDamaged) {
  RandomMessages random(8);
  TermPageBuilder builder(300);
  Model model;
  while (model.size() < 60) model[random_term(random)] = random_positions(random, 300);
  for (const auto& [term, positions] : model) ASSERT_TRUE(builder.append(term, positions, 100'000));
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
    std::vector<uint32_t> positions;
    bool intact = true;
    while (reader.next()) {
      ASSERT_LT(before, reader.term());
      before.assign(reader.term());
      positions.clear();
      if (!reader.append_positions(positions)) {
        intact = false;
        continue;
      }
      ASSERT_FALSE(positions.empty());
      ASSERT_EQ(reader.count(), positions.size());
      ASSERT_LT(positions.back(), 300U);
      ASSERT_TRUE(std::is_sorted(positions.begin(), positions.end(), std::less_equal<>()));
    }
    damaged += intact && !reader.damaged() ? 0 : 1;
  }
  EXPECT_GT(damaged, 5000U);
}

}  // namespace
}  // namespace kseek::store
