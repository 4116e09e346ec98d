// may_hide_words against folding itself.
#include "tokenizer/hidden_words.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "tests/tokenizer/random_text.h"
#include "tokenizer/ascii.h"
#include "tokenizer/tokenizer.h"

namespace kseek::tokenizer {
namespace {

/// The runs of ASCII letters and digits, and those of ideographs.
std::vector<std::string> runs_of(std::string_view text) {
  std::vector<std::string> runs;
  char kind_before = 0;
  while (!text.empty()) {
    const bool ideograph = begins_with_ideograph(text);
    const char kind = ideograph ? 'i' : is_ascii_letter_or_digit(text[0]) ? 'a' : 0;
    const std::string_view here = text.substr(0, ideograph ? kIdeographBytes : 1);
    if (kind != 0 && kind != kind_before) runs.emplace_back();
    if (kind != 0) runs.back() += here;
    kind_before = kind;
    text.remove_prefix(here.size());
  }
  return runs;
}

std::string lower(std::string_view text) {
  std::string lowered(text);
  for (char& c : lowered) c = ascii_lower(c);
  return lowered;
}

TEST(HiddenWords, KnowsEveryCharacter) {
  TextFolder folder;
  size_t hiding = 0;
  for (char32_t c = 0x80; c < 0x110000; ++c) {
    if (c >= 0xD800 && c < 0xE000) continue;
    const std::string text = utf8(c);
    const std::string_view folded = folder.fold(text, {});
    if (c >= 0x4E00 && c <= 0x9FFF) {
      ASSERT_TRUE(begins_with_ideograph(text));
      ASSERT_EQ(folded, text);
      std::vector<TokenSpan> tokens;
      find_tokens("a" + text + "7", tokens);
      ASSERT_EQ(tokens, (std::vector<TokenSpan>{{0, 1}, {1, 4}, {4, 5}}));
      ASSERT_FALSE(may_hide_words(text, {}));
      continue;
    }
    ASSERT_FALSE(begins_with_ideograph(text));
    if (!folded.empty() && runs_of(folded).empty()) continue;
    ++hiding;
    const std::string before(c % 40, ' ');
    ASSERT_TRUE(may_hide_words(before + "支付" + text + " text", {}))
        << fmt::format("U+{:04X}", static_cast<uint32_t>(c));
  }
  EXPECT_GT(hiding, 1'000U);
}

TEST(HiddenWords, IsNotInOrdinaryText) {
  const char* const texts[] = {"plain",
                               R"({"a":"line\n\"quoted\" C:\\dir"})",
                               "支付超时，请重试：order-1042700（失败）",
                               "Gemüse, žluťoučký kůň",
                               "привет мир 😀",
                               "\xFF\xFE"};
  for (const char* const text : texts) EXPECT_FALSE(may_hide_words(text, classify(text))) << text;
  const char* const escaped = R"({"a":"\u0070lain"})";
  EXPECT_TRUE(may_hide_words(escaped, classify(escaped)));
}

TEST(HiddenWordsProperty, OtherwiseEveryRunOfTheFoldedTextStandsInTheBytes) {
  RandomText random(test_seed());
  SCOPED_TRACE(testing::Message() << "KSEEK_SEED=" << test_seed());
  TextFolder folder;
  size_t telling = 0;
  for (int i = 0; i < 100'000; ++i) {
    std::string text = random.of({"a", "B", "7", "-", "\u00E9", "\u0301", "\u0323", "\u0327", "\u652F", "\uFF0C",
                                  "\u00AD", "\uFF21", "\u212A", "\xE4", "\u1E1C", "\u4ED8", "\u2F00", "\uFE00"},
                                 12);
    if (random.one_in(3)) text += random.any(6);
    if (random.one_in(3)) {
      text = "{\"a\":\"" + random.of({"x", "Y", "\\n", "\\u0041", "\\\\", "\u652F", "\\\"", "\\b", "\\/"}, 8) + "\"}";
    }
    const TextTraits traits = classify(text);
    if (may_hide_words(text, traits)) continue;
    const std::string bytes = lower(text);
    for (const std::string& run : runs_of(folder.fold(text, traits))) {
      ++telling;
      ASSERT_NE(bytes.find(run), std::string::npos) << run << " in " << testing::PrintToString(text);
    }
  }
  EXPECT_GT(telling, 10'000U);
}

}  // namespace
}  // namespace kseek::tokenizer
