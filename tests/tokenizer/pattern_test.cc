// TokenPattern: by cases, and against a naive recursive matcher.
#include "tokenizer/pattern.h"

#include <gtest/gtest.h>

#include <chrono>

#include "tests/tokenizer/naive.h"
#include "tests/tokenizer/random_text.h"

namespace kseek::tokenizer {
namespace {

TokenPattern pattern(std::string_view written) { return TokenPattern::of(steps_of(written)); }

/// All texts over `alphabet` of up to `max` characters, the empty one too.
std::vector<std::string> all_texts(const std::vector<std::string>& alphabet, size_t max) {
  std::vector<std::string> texts{""};
  for (size_t begin = 0, length = 0; length < max; ++length) {
    const size_t end = texts.size();
    for (; begin < end; ++begin) {
      for (const std::string& letter : alphabet) texts.push_back(texts[begin] + letter);
    }
  }
  return texts;
}

TEST(TokenPattern, TellsWhatItIs) {
  EXPECT_TRUE(TokenPattern::exact("abc").is_exact());
  EXPECT_EQ(TokenPattern::exact("abc").literal_prefix(), "abc");
  EXPECT_TRUE(pattern("*").is_any());
  EXPECT_TRUE(pattern("**").is_any());
  EXPECT_EQ(pattern("**"), pattern("*"));
  EXPECT_FALSE(pattern("*?").is_any());
  EXPECT_FALSE(pattern("a*").is_exact());
  EXPECT_EQ(pattern("a*bcd?ef").literal_prefix(), "a");
  EXPECT_EQ(pattern("a*bcd?ef").longest_literal(), "bcd");
  EXPECT_EQ(pattern("*a").literal_prefix(), "");
  EXPECT_EQ(pattern("?*").longest_literal(), "");
  EXPECT_EQ(pattern("a***b??").to_string(), "a*b??");
}

TEST(TokenPattern, AnyOneIsACharacterNotAByte) {
  EXPECT_TRUE(pattern("?").matches("\u4F60"));
  EXPECT_TRUE(pattern("a?b").matches("a\U0001F600b"));
  EXPECT_FALSE(pattern("??").matches("\u00E9"));
  EXPECT_TRUE(pattern("*?").matches("\u00E9"));
  EXPECT_FALSE(pattern("*??").matches("\u00E9"));
}

TEST(TokenPatternProperty, MatchesAsTheNaiveMatcherDoesOnEverySmallCase) {
  const std::vector<std::string> tokens = all_texts({"a", "b"}, 6);
  for (const std::string& written : all_texts({"a", "b", "*", "?"}, 5)) {
    if (written.empty()) continue;
    const TokenPattern tested = pattern(written);
    for (const std::string& token : tokens) {
      ASSERT_EQ(tested.matches(token), naive_matches(steps_of(written), token)) << written << " on " << token;
    }
  }
}

TEST(TokenPatternProperty, MatchesAsTheNaiveMatcherDoesOnLongerOnes) {
  RandomText random(test_seed());
  SCOPED_TRACE(testing::Message() << "KSEEK_SEED=" << test_seed());
  size_t matched = 0;
  for (int i = 0; i < 200'000; ++i) {
    const std::string written = "a" + random.of({"a", "b", "\u00E9", "*", "*", "?"}, 8);
    const std::string token = "a" + random.of({"a", "b", "\u00E9"}, 12);
    const bool expected = naive_matches(steps_of(written), token);
    ASSERT_EQ(pattern(written).matches(token), expected) << written << " on " << token;
    matched += expected ? 1 : 0;
  }
  EXPECT_GT(matched, 5'000U);
}

TEST(TokenPattern, StaysFastWhereBacktrackingWouldNot) {
  std::string written;
  for (int i = 0; i < 50; ++i) written += "*a";
  written += "*b";
  const std::string token(100'000, 'a');
  const auto begin = std::chrono::steady_clock::now();
  EXPECT_FALSE(pattern(written).matches(token));
  EXPECT_FALSE(pattern("*" + std::string(1000, 'a') + "b").matches(token));
  EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(5));  // exponential would not end at all
}

TEST(MayMatchTerm, OfAWholeTermIsMatches) {
  EXPECT_TRUE(pattern("ab*").may_match_term("abc"));
  EXPECT_FALSE(pattern("ab*").may_match_term("acb"));
  EXPECT_FALSE(pattern("ab").may_match_term("abc"));
}

TEST(MayMatchTerm, OfACutTermAsksOnlyWhatItsHeadTells) {
  const std::string head(kMaxTermBytes, 'a');
  const std::string cut = head + kCutMark;
  const std::vector<std::string> yes = {"*",
                                        "*zzz",
                                        "a*",
                                        "a*z",
                                        "?*",
                                        "*?",
                                        head + "z",
                                        head + "?",
                                        head + "*",
                                        head + "zz*",
                                        "?*" + head,
                                        head + "a?z*",
                                        std::string(kMaxTermBytes + 1, '?')};
  for (const std::string& written : yes) EXPECT_TRUE(pattern(written).may_match_term(cut)) << written;
  const std::vector<std::string> no = {"b*", "ab*", "a", head, std::string(kMaxTermBytes, '?'), "?b*" + head};
  for (const std::string& written : no) EXPECT_FALSE(pattern(written).may_match_term(cut)) << written;
}

TEST(MayMatchTerm, KnowsThatTheNextCharacterDidNotFit) {
  const std::string head(kMaxTermBytes - 2, 'a');  // cut there: the next character has three bytes or more
  const std::string cut = head + kCutMark;
  EXPECT_TRUE(pattern(head + "\u0E48").may_match_term(cut));
  EXPECT_TRUE(pattern(head + "?").may_match_term(cut));
  EXPECT_FALSE(pattern(head + "aaa").may_match_term(cut));
  EXPECT_FALSE(pattern(head + "\u00E9z*").may_match_term(cut));
}

/// A token's text with pieces replaced by wildcards, and sometimes changed.
std::string pattern_like(RandomText& random, std::string_view token) {
  std::string written;
  for (size_t at = 0; at < token.size();) {
    const size_t bytes = decode_utf8(token.data() + at, token.data() + token.size()).length;
    if (random.one_in(30)) {
      written += '*';
      at += random.below(20);
      while (at < token.size() && is_continuation(token[at])) ++at;
      continue;
    }
    if (random.one_in(20)) {
      written += '?';
    } else {
      written += random.one_in(60) ? "b" : token.substr(at, bytes);
    }
    at += bytes;
  }
  return written;
}

TEST(MayMatchTermProperty, NeverMissesAMatch) {
  RandomText random(test_seed());
  SCOPED_TRACE(testing::Message() << "KSEEK_SEED=" << test_seed());
  std::string scratch;
  size_t matched = 0, refused = 0;
  for (int i = 0; i < 200'000; ++i) {
    const std::string token =
        std::string(50 + random.below(15), 'a') + random.of({"a", "b", "\u00E9", "\u0E48", "\U00010428"}, 12);
    const std::string written = pattern_like(random, token);
    const TokenPattern tested = pattern(written);
    const std::string_view term = index_term(token, scratch);
    const bool matches = tested.matches(token);
    const bool may = tested.may_match_term(term);
    ASSERT_TRUE(may || !matches) << written << " on " << token;
    matched += matches ? 1 : 0;
    refused += may ? 0 : 1;
  }
  EXPECT_GT(matched, 10'000U);
  EXPECT_GT(refused, 1'000U);
}

}  // namespace
}  // namespace kseek::tokenizer
