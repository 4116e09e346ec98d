// SubstringFinder against std::string_view::find, and the walk from token to token against find_tokens.
#include "tokenizer/substring.h"

#include <gtest/gtest.h>

#include "tests/tokenizer/random_text.h"
#include "tokenizer/ascii.h"
#include "tokenizer/text.h"
#include "tokenizer/token_walk.h"

namespace kseek::tokenizer {
namespace {

TEST(SubstringFinder, FindsAtEveryPlace) {
  for (const std::string needle : {"x", "xy", "needle", "a needle of more than sixteen bytes"}) {
    const SubstringFinder finder(needle);
    for (size_t before = 0; before < 150; ++before) {
      for (size_t after = 0; after < 90; ++after) {
        const std::string text = std::string(before, '.') + needle + std::string(after, '.');
        ASSERT_EQ(finder.find(text), before);
        ASSERT_EQ(finder.find(text, before), before);
        ASSERT_EQ(finder.find(text, before + 1), std::string_view::npos);
      }
    }
  }
}

TEST(SubstringFinder, TakesEmptyNeedlesAndTexts) {
  EXPECT_EQ(SubstringFinder("").find("abc", 2), 2U);
  EXPECT_EQ(SubstringFinder("").find("abc", 4), std::string_view::npos);
  EXPECT_EQ(SubstringFinder("a").find(""), std::string_view::npos);
  EXPECT_EQ(SubstringFinder("abcd").find(std::string_view()), std::string_view::npos);  // a null pointer
  EXPECT_EQ(SubstringFinder("abc").find("ab"), std::string_view::npos);
}

TEST(SubstringFinderProperty, EqualsStringView) {
  RandomText random(test_seed());
  SCOPED_TRACE(testing::Message() << "KSEEK_SEED=" << test_seed());
  for (int i = 0; i < 200'000; ++i) {
    const std::string needle = random.of({"a", "b", "\xE4", "7"}, 5);
    const std::string of = random.of({"a", "b", "\xE4", "7"}, 200);
    const std::vector<char> exact(of.begin(), of.end());  // for the sanitizer
    const std::string_view text(exact.data(), exact.size());
    const size_t from = random.below(text.size() + 1);
    ASSERT_EQ(SubstringFinder(needle).find(text, from), text.find(needle, from)) << needle << " in " << text;
  }
}

TEST(SubstringFinderProperty, AnyCaseEqualsASearchOfLowerCase) {
  RandomText random(test_seed());
  SCOPED_TRACE(testing::Message() << "KSEEK_SEED=" << test_seed());
  const auto lower = [](std::string text) {
    for (char& c : text) c = ascii_lower(c);
    return text;
  };
  for (int i = 0; i < 200'000; ++i) {
    const std::string needle = random.of({"a", "z", "@", "[", "`", "{", "\xC1"}, 4);
    const std::string of = random.of({"a", "A", "z", "Z", "@", "[", "`", "{", "\xE1", "\xC1"}, 90);
    const std::vector<char> exact(of.begin(), of.end());
    const std::string_view text(exact.data(), exact.size());
    const size_t from = random.below(text.size() + 1);
    const SubstringFinder finder(needle, SubstringFinder::Case::kAnyAscii);
    ASSERT_EQ(finder.find(text, from), lower(of).find(needle, from)) << needle << " in " << of;
  }
}

TEST(TokenWalkProperty, VisitsTheTokensThatFindTokensFinds) {
  RandomText random(test_seed());
  SCOPED_TRACE(testing::Message() << "KSEEK_SEED=" << test_seed());
  TextFolder folder;
  for (int i = 0; i < 50'000; ++i) {
    const std::string_view folded = folder.fold(random.any(10), {});
    std::vector<TokenSpan> spans, forth, back;
    find_tokens(folded, spans);
    for (auto at = token_after(folded, 0); at; at = token_after(folded, at->end)) forth.push_back(*at);
    for (auto at = token_before(folded, folded.size()); at; at = token_before(folded, at->begin)) back.push_back(*at);
    ASSERT_EQ(forth, spans) << testing::PrintToString(std::string(folded));
    ASSERT_EQ(std::vector<TokenSpan>(back.rbegin(), back.rend()), spans);
    for (const TokenSpan& span : spans) {
      for (size_t at = span.begin; at < span.end; ++at) {
        if (is_continuation(folded[at])) continue;
        ASSERT_EQ(token_at(folded, at), span);
      }
    }
  }
}

}  // namespace
}  // namespace kseek::tokenizer
