// parse_phrase and PhraseFinder: by cases, and against a naive matcher over reference_tokens.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>

#include "tests/tokenizer/naive.h"
#include "tests/tokenizer/random_text.h"
#include "tokenizer/pattern.h"
#include "tokenizer/text.h"

namespace kseek::tokenizer {
namespace {

using testing::HasSubstr;

std::string parsed(std::string_view text) {
  const Result<Phrase> phrase = parse_phrase(text);
  return phrase ? phrase->to_string() : to_string(phrase.error().code);
}

TEST(ParsePhrase, SplitsAsTextIsSplit) {
  EXPECT_EQ(parsed("Payment  Timeout"), "payment timeout");
  EXPECT_EQ(parsed("order-1042700"), "order 1042700");
  EXPECT_EQ(parsed("order-10427*"), "order 10427*");
  EXPECT_EQ(parsed("\uFF21\uFF22 \uFB01ne"), "ab fine");
  EXPECT_EQ(parsed("\u652F\u4ED8ok"), "\u652F \u4ED8 ok");
  EXPECT_EQ(parsed("a\xFF"
                   "b"),
            "a b");
}

TEST(ParsePhrase, TakesAWildcardForALetter) {
  EXPECT_EQ(parsed("a*b"), "a*b");
  EXPECT_EQ(parsed("AliKafkaTe*"), "alikafkate*");
  EXPECT_EQ(parsed("*x?y*"), "*x?y*");
  EXPECT_EQ(parsed("a * b"), "a * b");
  EXPECT_EQ(parsed("*"), "*");
  EXPECT_EQ(parsed("**"), "*");
  EXPECT_EQ(parsed("?"), "?");
  EXPECT_EQ(parsed("a-*-?"), "a * ?");
  EXPECT_EQ(parsed("E*\u0301"), "e*\u0301");
  EXPECT_TRUE(parse_phrase(" * ")->tokens[0].is_any());
  EXPECT_TRUE(parse_phrase("abc")->tokens[0].is_exact());
}

TEST(ParsePhrase, ReadsEscapes) {
  EXPECT_EQ(parsed(R"(a\*b)"), "a b");
  EXPECT_EQ(parsed(R"(a\?b\:c\"d\\e)"), "a b c d e");
  EXPECT_EQ(parsed(R"(a\\*)"), "a *");
  EXPECT_EQ(parsed(R"(C:\temp\x)"), "c temp x");
  EXPECT_EQ(parsed(R"(abc\)"), "abc");
}

TEST(ParsePhrase, AroundACharacterThatIsAWordOfItsOwn) {
  EXPECT_EQ(parsed("\u652F*"), "\u652F");
  EXPECT_EQ(parsed("*\u652F\u4ED8*"), "\u652F \u4ED8");
  EXPECT_EQ(parsed("\u652F* "), "\u652F");
  EXPECT_EQ(parsed("\u652F?\u4ED8"), "\u652F ? \u4ED8");
  EXPECT_EQ(parsed("\u652F??"), "\u652F ? ?");
  EXPECT_EQ(parsed("*?\u652F?*"), "? \u652F ?");
  EXPECT_EQ(parsed("\u652Fabc*"), "\u652F abc*");
  EXPECT_EQ(parsed("abc*\u652F"), "abc* \u652F");
  EXPECT_EQ(parsed("\u652F * \u4ED8"), "\u652F * \u4ED8");
  EXPECT_EQ(parsed("\u652F\u4ED8 *"), "\u652F \u4ED8 *");  // apart: any one word more
  EXPECT_EQ(parsed("\u30C6\u30B9*"), "\u30C6 \u30B9");
  EXPECT_EQ(parsed("\u0E01\u0E48*"), "\u0E01\u0E48");
  EXPECT_EQ(parsed("\u652F*\u4ED8"), "invalid");
  EXPECT_EQ(parsed("\u652F?*\u4ED8"), "invalid");
  EXPECT_EQ(parsed("\u652F* ok"), "invalid");
}

TEST(ParsePhrase, SaysWhatIsWrongAndWhatToDo) {
  for (const char* nothing : {"", " ", "--", "\\*", "\u3002", "\u00AD"}) {
    const Result<Phrase> phrase = parse_phrase(nothing);
    ASSERT_FALSE(phrase.has_value()) << nothing;
    EXPECT_EQ(phrase.error().code, ErrorCode::kInvalid);
    EXPECT_THAT(phrase.error().message, HasSubstr("has no letters or digits"));
    EXPECT_FALSE(phrase.error().hint.empty());
  }
  const Result<Phrase> between = parse_phrase("\u652F*\u4ED8");
  ASSERT_FALSE(between.has_value());
  EXPECT_EQ(between.error().code, ErrorCode::kInvalid);
  EXPECT_THAT(between.error().message, HasSubstr("\u652F*\u4ED8"));
  EXPECT_THAT(between.error().hint, HasSubstr("?"));
}

bool found(std::string_view phrase, std::string_view text) {
  TextFolder folder;
  return PhraseFinder(*parse_phrase(phrase)).found_in(folder.fold(text, classify(text)));
}

TEST(PhraseFinder, FindsAdjacentWholeTokens) {
  EXPECT_TRUE(found("payment timeout", "the PAYMENT: timeout!"));
  EXPECT_FALSE(found("payment timeout", "payment was a timeout"));
  EXPECT_FALSE(found("pay", "payment"));
  EXPECT_FALSE(found("ment", "payment"));
  EXPECT_TRUE(found("pay", "payments: pay"));
  EXPECT_TRUE(found("pay*", "payment"));
  EXPECT_TRUE(found("*ment", "payment"));
  EXPECT_FALSE(found("p?yment", "pyment"));
  EXPECT_TRUE(found("a * c", "a b c"));
  EXPECT_FALSE(found("a * c", "a c"));
  EXPECT_TRUE(found("\u652F\u4ED8", "\u5DF2\u652F\u4ED8\u5B8C"));
  EXPECT_FALSE(found("\u652F\u4ED8", "\u652F\u5B8C\u4ED8"));
  EXPECT_FALSE(found("e", "e\u0301"));
  EXPECT_FALSE(found("*", " .. "));
  EXPECT_TRUE(found("a a b", "a a a b"));
}

TEST(PhraseFinder, FindAllStopsAtItsLimitAndDoesNotOverlap) {
  PhraseFinder finder(*parse_phrase("a b*"));
  const std::string_view text = "a bb-a b a a bc";
  EXPECT_EQ(finder.find_all(text, 9), (std::vector<TokenSpan>{{0, 4}, {5, 8}, {11, 15}}));
  EXPECT_EQ(finder.find_all(text, 2), (std::vector<TokenSpan>{{0, 4}, {5, 8}}));
  EXPECT_TRUE(finder.find_all(text, 0).empty());
  EXPECT_EQ(PhraseFinder(*parse_phrase("a a")).find_all("a a a a a", 9), (std::vector<TokenSpan>{{0, 3}, {4, 7}}));
}

TEST(PhraseFinder, StaysLinearInLongTokensAndManyPlaces) {
  const std::string long_token(1'000'000, 'a');
  const auto begin = std::chrono::steady_clock::now();
  EXPECT_FALSE(PhraseFinder(*parse_phrase("*aaa*b")).found_in(long_token));
  EXPECT_FALSE(PhraseFinder(*parse_phrase("aaa")).found_in(long_token));
  EXPECT_TRUE(PhraseFinder(*parse_phrase("* * aaa*")).found_in(long_token + " b " + long_token));
  std::string marks = "\u4F60";
  for (int i = 0; i < 200'000; ++i) marks += "\u0301";
  EXPECT_TRUE(PhraseFinder(*parse_phrase("abc")).found_in(marks + "abc"));
  std::string places;
  for (int i = 0; i < 100'000; ++i) places += "abc ";
  EXPECT_FALSE(PhraseFinder(*parse_phrase("x * abc")).found_in(places));
  EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(10));  // quadratic takes minutes
}

/// What find_all must say, from all tokens and the naive matcher.
std::vector<TokenSpan> naive_find_all(const Phrase& phrase, std::string_view folded, size_t limit) {
  std::vector<TokenSpan> spans, out;
  find_tokens(folded, spans);
  std::vector<std::string> tokens;
  for (const TokenSpan& span : spans) tokens.emplace_back(folded.substr(span.begin, span.end - span.begin));
  for (size_t i = 0; i < tokens.size() && out.size() < limit;) {
    const bool here = naive_phrase_at(phrase, tokens, i);
    if (here) out.push_back({spans[i].begin, spans[i + phrase.tokens.size() - 1].end});
    i += here ? phrase.tokens.size() : 1;
  }
  return out;
}

bool naive_found(const Phrase& phrase, std::string_view text) {
  const std::vector<std::string> tokens = reference_tokens(text, false);
  for (size_t i = 0; i < tokens.size(); ++i) {
    if (naive_phrase_at(phrase, tokens, i)) return true;
  }
  return false;
}

/// `rounds` random phrases, each on some texts, all over small alphabets, so that much is found and much is nearly.
void compare_with_naive(RandomText& random, const std::vector<std::string>& letters, int rounds) {
  std::vector<std::string> pattern_letters = letters;
  pattern_letters.insert(pattern_letters.end(), {"*", "?", " "});
  TextFolder folder;
  size_t hits = 0;
  for (int i = 0; i < rounds; ++i) {
    const std::string written = random.of(random.one_in(2) ? pattern_letters : letters, 6);
    const Result<Phrase> phrase = parse_phrase(written);
    if (!phrase) continue;
    PhraseFinder finder(*phrase);
    for (int n = 0; n < 8; ++n) {
      const std::string text = random.of(letters, 24);
      const std::string_view folded = folder.fold(text, {});
      const bool expected = naive_found(*phrase, text);
      ASSERT_EQ(finder.found_in(folded), expected) << '"' << written << "\" in \"" << text << '"';
      const size_t limit = 1 + random.below(5);
      ASSERT_EQ(finder.find_all(folded, limit), naive_find_all(*phrase, folded, limit))
          << '"' << written << "\" in \"" << text << '"';
      hits += expected ? 1 : 0;
    }
  }
  EXPECT_GT(hits, static_cast<size_t>(rounds) / 10);
}

TEST(PhraseFinderProperty, EqualsTheNaiveDefinition) {
  RandomText random(test_seed());
  SCOPED_TRACE(testing::Message() << "KSEEK_SEED=" << test_seed());
  ASSERT_NO_FATAL_FAILURE(compare_with_naive(random, {"a", "b", " ", "-"}, 6'000));
  ASSERT_NO_FATAL_FAILURE(compare_with_naive(random, {"a", "A", "b", " ", "\u4F60", "\u0301", "\u00E9"}, 6'000));
  ASSERT_NO_FATAL_FAILURE(compare_with_naive(random, {"\u4F60", "\u597D", "\u0301", "."}, 6'000));
  ASSERT_NO_FATAL_FAILURE(compare_with_naive(random, {"\u0E01", "\u0E48", "x", "1", "\xFF"}, 6'000));
  ASSERT_NO_FATAL_FAILURE(compare_with_naive(random, {"ab", "abc", "aba", "b", " "}, 6'000));
}

TEST(PhraseFinderProperty, FindsWhatWasTakenFromTheText) {
  RandomText random(test_seed());
  SCOPED_TRACE(testing::Message() << "KSEEK_SEED=" << test_seed());
  TextFolder folder;
  for (int i = 0; i < 30'000; ++i) {
    const std::string text = random.any(20);
    const std::vector<std::string> tokens = reference_tokens(text, false);
    if (tokens.empty()) continue;
    const size_t first = random.below(tokens.size());
    Phrase phrase;
    for (size_t n = first; n < tokens.size() && phrase.tokens.size() < 3; ++n) {
      phrase.tokens.push_back(TokenPattern::exact(tokens[n]));
    }
    ASSERT_TRUE(PhraseFinder(phrase).found_in(folder.fold(text, {}))) << testing::PrintToString(text);
  }
}

}  // namespace
}  // namespace kseek::tokenizer
