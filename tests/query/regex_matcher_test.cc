// Regular expressions: matching of well- and ill-formed text, and the literal that every match contains.
#include "query/regex_matcher.h"

#include <gtest/gtest.h>

#include <random>

#include "query/regex_literal.h"

namespace kseek::query {
namespace {

RegexMatcher matcher(std::string pattern, bool ignore_case = false) {
  auto compiled = RegexMatcher::compile({std::move(pattern), ignore_case});
  EXPECT_TRUE(compiled);
  return *std::move(compiled);
}

bool found(std::string pattern, std::string_view text, bool ignore_case = false) {
  return matcher(std::move(pattern), ignore_case).found_in(text);
}

TEST(RegexMatcher, SearchesTheTextAsItIs) {
  EXPECT_TRUE(found(R"(timeout after \d+ms)", "x timeout after 30ms"));
  EXPECT_FALSE(found(R"(timeout after \d+ms)", "x Timeout after 30ms"));
  EXPECT_TRUE(found(R"(timeout after \d+ms)", "x Timeout after 30ms", true));
  EXPECT_TRUE(found("^a.c$", "aéc"));
  EXPECT_FALSE(found("^a..c$", "aéc"));
  EXPECT_FALSE(found("^a$", "b\na"));
  EXPECT_TRUE(found("(?m)^a$", "b\na"));
  EXPECT_TRUE(found("^$", ""));
  EXPECT_TRUE(found("", "a"));
  EXPECT_TRUE(found("é", "É", true));
}

TEST(RegexMatcher, ReadsIllFormedBytesAsReplacementCharacters) {
  EXPECT_TRUE(found("^a.c$",
                    "a\xFF"
                    "c"));
  EXPECT_TRUE(found("^a.c$",
                    "a\xF0\x9F\x98"
                    "c"));  // one maximal subpart
  EXPECT_TRUE(found("^a..c$",
                    "a\x80\x80"
                    "c"));
  EXPECT_TRUE(found("\xEF\xBF\xBD", "a\xC0"));
  EXPECT_FALSE(found("\xC3\xBF", "\xFF"));  // not as Latin-1
  EXPECT_TRUE(found("^[^a]b",
                    "\xE4\xBD"
                    "b"));
}

TEST(RegexMatcher, FindsAllWhereTheyStand) {
  RegexMatcher digits = matcher("[0-9]+|x*");
  EXPECT_EQ(digits.find_all("a12xx3", 9), (std::vector<ByteSpan>{{1, 3}, {3, 5}, {5, 6}}));
  EXPECT_EQ(digits.find_all("a12xx3", 2), (std::vector<ByteSpan>{{1, 3}, {3, 5}}));
  EXPECT_EQ(matcher(R"(\b\w)").find_all("ab cd", 9), (std::vector<ByteSpan>{{0, 1}, {3, 4}}));
  EXPECT_EQ(matcher("^a").find_all("aaa", 9), (std::vector<ByteSpan>{{0, 1}}));
  EXPECT_EQ(matcher("b.").find_all("a\xE4\xBD"
                                   "b\xFF"
                                   "bé",
                                   9),
            (std::vector<ByteSpan>{{3, 5}, {5, 8}}));
  EXPECT_TRUE(digits.find_all("", 9).empty());
}

TEST(RegexMatcher, SaysWhatIsWrong) {
  for (const char* pattern : {"(", "a**b(", "[z-a]", "\xFF", "(?<name>a)(", "x{1001}", "((a{100}){100}){100}"}) {
    const auto compiled = RegexMatcher::compile({pattern, false});
    ASSERT_FALSE(compiled) << pattern;
    EXPECT_EQ(compiled.error().code, ErrorCode::kInvalid);
    EXPECT_NE(compiled.error().message.find(pattern), std::string::npos);
  }
}

TEST(RegexMatcher, MatchesEvenWhenTheStatesDoNotFit) {
  // The automaton needs 2^20 states and more; RE2 gives up on it and matches without.
  RegexMatcher wide = matcher("a.{20}b$");
  std::mt19937_64 random(1);
  std::string text;
  for (int i = 0; i < 400'000; ++i) text += random() % 2 == 0 ? 'a' : 'b';
  text[text.size() - 22] = 'a';
  text.back() = 'b';
  EXPECT_TRUE(wide.found_in(text));
  text.back() = 'c';
  EXPECT_FALSE(wide.found_in(text));
}

TEST(RegexLiteral, IsWhatEveryMatchContains) {
  const std::vector<std::pair<const char*, const char*>> cases = {
      {R"(timeout after \d+ms)", "timeout after "},
      {R"(\d+ms)", "ms"},
      {"abc?d", "ab"},
      {"abcé*d", "abc"},
      {"ab{2,3}cd", "cd"},
      {"ab+cd", "ab"},
      {"(abcdef|x)yz", "yz"},
      {"(a(b)[)]c)yz", "yz"},
      {"[]abcdef]yz", "yz"},
      {"[[:alpha:]]yz", "yz"},
      {R"(\{"code":42\})", R"({"code":42})"},
      {"abcdef|x", ""},
      {"(?i)abc", ""},
      {"a(?i:b)c", ""},
      {R"(\x41bcdef)", ""},
      {R"(\Qa.b\E)", ""},
      {R"(\pLabc)", ""},
      {"", ""},
  };
  for (const auto& [pattern, literal] : cases) EXPECT_EQ(required_literal(pattern), literal) << pattern;
}

}  // namespace
}  // namespace kseek::query
