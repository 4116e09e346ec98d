// find_tokens and is_token_boundary on folded text, by cases and against reference_tokens.
#include "tokenizer/tokenizer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "tests/source_dir.h"
#include "tests/tokenizer/random_text.h"
#include "tokenizer/json_text.h"
#include "tokenizer/text.h"

namespace kseek::tokenizer {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

std::vector<std::string> tokens_of(std::string_view bytes) {
  static TextFolder folder;
  static std::vector<TokenSpan> spans;
  const std::string_view folded = folder.fold(bytes, classify(bytes));
  spans.clear();
  find_tokens(folded, spans);
  std::vector<std::string> tokens;
  for (const TokenSpan& span : spans) tokens.emplace_back(folded.substr(span.begin, span.end - span.begin));
  return tokens;
}

/// Where a token of `spans` reaches over `position`.
bool inside_a_token(const std::vector<TokenSpan>& spans, size_t position) {
  for (const TokenSpan& span : spans) {
    if (span.begin < position && position < span.end) return true;
  }
  return false;
}

void expect_boundaries_agree(std::string_view folded) {
  std::vector<TokenSpan> spans;
  find_tokens(folded, spans);
  for (size_t i = 0; i <= folded.size(); ++i) {
    if (i < folded.size() && is_continuation(folded[i])) continue;
    ASSERT_EQ(is_token_boundary(folded, i), !inside_a_token(spans, i)) << "at " << i << " of " << folded;
  }
}

TEST(Tokens, AreRunsOfLettersDigitsAndMarks) {
  EXPECT_THAT(tokens_of("Payment timeout: order-1042700 (a_b)"),
              ElementsAre("payment", "timeout", "order", "1042700", "a", "b"));
  EXPECT_THAT(tokens_of(""), IsEmpty());
  EXPECT_THAT(tokens_of(" .,;-_{}[]\t\n"), IsEmpty());
  EXPECT_THAT(tokens_of("x"), ElementsAre("x"));
  EXPECT_THAT(tokens_of("na\u00EFve \u0416\u0438\u0437\u043D\u044C"),
              ElementsAre("na\u00EFve", "\u0436\u0438\u0437\u043D\u044C"));
}

TEST(Tokens, CrossTheBlocksOfTheFastPath) {
  for (size_t before = 0; before < 140; ++before) {
    for (const size_t length : {1U, 2U, 63U, 64U, 65U, 128U, 200U}) {
      const std::string word(length, 'a');
      EXPECT_THAT(tokens_of(std::string(before, ' ') + word), ElementsAre(word));
      EXPECT_THAT(tokens_of(std::string(before, ' ') + word + " b"), ElementsAre(word, "b"));
      EXPECT_THAT(tokens_of(std::string(before, ' ') + word + "\u00E9 b"), ElementsAre(word + "\u00E9", "b"));
      EXPECT_THAT(tokens_of(std::string(before, ' ') + word + "\u4F60" + word), ElementsAre(word, "\u4F60", word));
    }
  }
}

TEST(Tokens, IdeographsKanaAndUnspacedScriptsStandAlone) {
  EXPECT_THAT(tokens_of("\u652F\u4ED8ok\u8D85\u65F6"), ElementsAre("\u652F", "\u4ED8", "ok", "\u8D85", "\u65F6"));
  EXPECT_THAT(tokens_of("\u30C6\u30B9\u30C8\u30FC\u3042"),
              ElementsAre("\u30C6", "\u30B9", "\u30C8", "\u30FC", "\u3042"));
  EXPECT_THAT(tokens_of("\u3005\u3007"), ElementsAre("\u3005", "\u3007"));  // iteration mark, ideographic zero
  EXPECT_THAT(tokens_of("\U00020000x"), ElementsAre("\U00020000", "x"));    // extension B
  EXPECT_THAT(tokens_of("\u0E01\u0E48\u0E02"), ElementsAre("\u0E01\u0E48", "\u0E02"));   // Thai: the mark joins
  EXPECT_THAT(tokens_of("\u0E51\u0E52"), ElementsAre("\u0E51\u0E52"));                   // Thai digits are a number
  EXPECT_THAT(tokens_of("\uD55C\uAD6D \uC5B4"), ElementsAre("\uD55C\uAD6D", "\uC5B4"));  // Korean has spaces
  EXPECT_THAT(tokens_of("\u3001\u3002\u30FB"), IsEmpty());
}

TEST(Tokens, MarksJoinWhatTheyFollow) {
  EXPECT_THAT(tokens_of("\u4F60\u0301x"), ElementsAre("\u4F60\u0301", "x"));
  EXPECT_THAT(tokens_of("\u4F60\u0301\u4ED8"), ElementsAre("\u4F60\u0301", "\u4ED8"));
  EXPECT_THAT(tokens_of(" \u0302b"), ElementsAre("\u0302b"));  // after a separator it begins a word
  EXPECT_THAT(tokens_of("x\u0302y"), ElementsAre("x\u0302y"));
}

TEST(Tokens, FoldedTogetherWhateverTheirForm) {
  EXPECT_EQ(tokens_of("\uFF21\uFF22\uFF11"), tokens_of("ab1"));             // fullwidth
  EXPECT_EQ(tokens_of("\uFF76\uFF9E"), tokens_of("\u30AC"));                // halfwidth ka and voiced mark
  EXPECT_THAT(tokens_of("wi\u00ADre\u200Bd\uFE0F"), ElementsAre("wired"));  // ignorables don't part a word
  EXPECT_THAT(tokens_of("a\xFF"
                        "b\xC3"),
              ElementsAre("a", "b"));  // broken bytes do
}

TEST(Tokens, OfJsonHaveTheirEscapesSpelledOut) {
  EXPECT_THAT(tokens_of(R"({"a":"\u4f60\u597d\nb\tc"})"), ElementsAre("a", "\u4F60", "\u597D", "b", "c"));
  EXPECT_THAT(tokens_of(R"(not json \u4f60\nb)"), ElementsAre("not", "json", "u4f60", "nb"));
  EXPECT_THAT(tokens_of(R"(["e\u0301","\ud83d\ude00x","\ud83dy"])"), ElementsAre("\u00E9", "x", "y"));
}

TEST(TokensProperty, FastPathEqualsTheReferenceOnRandomText) {
  RandomText random(test_seed());
  SCOPED_TRACE(testing::Message() << "KSEEK_SEED=" << test_seed());
  for (int i = 0; i < 200'000; ++i) {
    std::string text = random.any(20);
    if (random.one_in(8)) {
      text = "[\"" + text + (random.one_in(2) ? "\\u0301\"]" : "\\ud83d\"]");
    }
    const TextTraits traits = classify(text);
    ASSERT_EQ(tokens_of(text), reference_tokens(text, traits.json_escapes)) << testing::PrintToString(text);
  }
}

TEST(TokensProperty, FastPathEqualsTheReferenceForEveryCharacter) {
  for (char32_t c = 0; c < 0x110000; ++c) {
    if (c == 0x40000) c = 0xE0000;  // planes 4 to 13 have no characters
    if (c == 0xE1000) break;
    if (c >= 0xD800 && c <= 0xDFFF) continue;
    const std::string text = "E" + utf8(c) + "\u0301A " + utf8(c) + utf8(c);
    ASSERT_EQ(tokens_of(text), reference_tokens(text, false)) << std::hex << static_cast<uint32_t>(c);
  }
}

TEST(TokensProperty, BoundariesAgreeWithTokens) {
  RandomText random(test_seed());
  SCOPED_TRACE(testing::Message() << "KSEEK_SEED=" << test_seed());
  TextFolder folder;
  for (int i = 0; i < 20'000; ++i) ASSERT_NO_FATAL_FAILURE(expect_boundaries_agree(folder.fold(random.any(12), {})));
}

TEST(TokensProperty, FastPathEqualsTheReferenceOnRealText) {
  const std::filesystem::path data = std::filesystem::path(source_dir()) / "../shared/data";
  if (!std::filesystem::exists(data)) GTEST_SKIP() << "no corpora at " << data;
  size_t lines = 0;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(data)) {
    if (entry.path().extension() != ".log" && entry.path().extension() != ".ndjson") continue;
    std::ifstream file(entry.path());
    for (std::string line; std::getline(file, line); ++lines) {
      ASSERT_EQ(tokens_of(line), reference_tokens(line, classify(line).json_escapes)) << entry.path() << ": " << line;
    }
  }
  EXPECT_GT(lines, 1000U);
}

TEST(IndexTerm, IsTheTokenOrItsMarkedHead) {
  std::string scratch;
  EXPECT_EQ(index_term("abc", scratch), "abc");
  const std::string longest(kMaxTermBytes, 'a');
  EXPECT_EQ(index_term(longest, scratch), longest);
  EXPECT_EQ(index_term(longest + "b", scratch), longest + kCutMark);
  const std::string straddling = std::string(kMaxTermBytes - 1, 'a') + "\u00E9";
  EXPECT_EQ(index_term(straddling, scratch), std::string(kMaxTermBytes - 1, 'a') + kCutMark);
  const std::string fits = std::string(kMaxTermBytes - 2, 'a') + "\u00E9";
  EXPECT_EQ(index_term(fits, scratch), fits);
  EXPECT_EQ(index_term(fits + "z", scratch), fits + kCutMark);
}

}  // namespace
}  // namespace kseek::tokenizer
