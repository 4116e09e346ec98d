// classify, TextFolder and fold_with_origins.
#include "tokenizer/text.h"

#include <gtest/gtest.h>

#include <chrono>

#include "tests/tokenizer/random_text.h"

namespace kseek::tokenizer {
namespace {

std::string fold(std::string_view bytes) {
  TextFolder folder;
  return std::string(folder.fold(bytes, classify(bytes)));
}

TEST(Classify, SeesAsciiAndJsonEscapes) {
  EXPECT_EQ(classify(""), (TextTraits{true, false}));
  EXPECT_EQ(classify("plain"), (TextTraits{true, false}));
  EXPECT_EQ(classify(std::string(100, 'a') + "\u00E9"), (TextTraits{false, false}));
  EXPECT_EQ(classify(R"({"a":"b"})"), (TextTraits{true, false}));
  EXPECT_EQ(classify(R"({"a":"\n"})"), (TextTraits{true, true}));
  EXPECT_EQ(classify("[\"\u00E9\\\"\"]"), (TextTraits{false, true}));
  EXPECT_EQ(classify(R"("only a \n string")"), (TextTraits{true, false}));
  EXPECT_EQ(classify(R"({"broken \n")"), (TextTraits{true, false}));
}

TEST(Fold, IsNfkcCasefold) {
  const struct {
    const char* from;
    const char* to;
  } cases[] = {
      {"Hello, WORLD 42!", "hello, world 42!"},
      {"\uFF28\uFF29\uFF11", "hi1"},                 // fullwidth
      {"\uFB01x", "fix"},                            // the fi ligature
      {"stra\u00DFe", "strasse"},                    // sharp s
      {"\u1E9E", "ss"},                              // capital sharp s
      {"\u0130", "i\u0307"},                         // I with dot above
      {"\u212A\u212B", "k\u00E5"},                   // Kelvin, Angstrom
      {"\u2167", "viii"},                            // Roman numeral eight
      {"\u00BD", "1\u20442"},                        // one half
      {"\u2460", "1"},                               // circled one
      {"\u00C9", "\u00E9"},                          // composed
      {"E\u0301", "\u00E9"},                         // decomposed
      {"xE\u0301y", "x\u00E9y"},                     // in a run of ASCII
      {"a\u0301\u0323", "\u1EA1\u0301"},             // marks in canonical order
      {"co\u00ADop\u200Ber\u200Date", "cooperate"},  // soft hyphen, zero-width space, joiner
      {"e\u00AD\u0301", "\u00E9"},                   // composed over what is ignored
      {"\u2764\uFE0F", "\u2764"},                    // variation selector
      {"\uFF76\uFF9E", "\u30AC"},                    // halfwidth kana compose
      {"\u304B\u3099", "\u304C"},                    // hiragana and voiced mark
      {"\u1112\u1161\u11AB", "\uD55C"},              // jamo
      {"\uD558\u11AB", "\uD55C"},                    // a syllable and a jamo
      {"\u039F\u03A3", "\u03BF\u03C3"},              // final sigma is no different
      {"\u00B5", "\u03BC"},                          // micro sign
      {"<\u0338", "\u226E"},                         // not less than
      {"\U0001F600", "\U0001F600"},
      {"\U00010400", "\U00010428"},  // Deseret
      {"\U0002F800", "\u4E3D"},      // a compatibility ideograph
      {"\uF900", "\u8C48"},
      {"\u33A5", "m3"},
      {"\uFDFA", "\u0635\u0644\u0649 \u0627\u0644\u0644\u0647 \u0639\u0644\u064A\u0647 \u0648\u0633\u0644\u0645"},
  };
  for (const auto& test : cases) {
    EXPECT_EQ(fold(test.from), test.to) << test.from;
    EXPECT_EQ(fold(test.to), test.to) << "folding twice: " << test.from;
  }
}

TEST(Fold, ReadsEachIllFormedPartAsReplacementCharacter) {
  EXPECT_EQ(fold("a\xFFz"), "a\uFFFDz");
  EXPECT_EQ(fold("\xE4\xBD"), "\uFFFD");                  // cut short: one part
  EXPECT_EQ(fold("\xED\xA0\x80"), "\uFFFD\uFFFD\uFFFD");  // a surrogate is three
  EXPECT_EQ(fold("\xC0\xAF\xF0\x9F\x98z"), "\uFFFD\uFFFD\uFFFDz");
  EXPECT_EQ(fold("\xF4\x90\x80\x80"), "\uFFFD\uFFFD\uFFFD\uFFFD");
  EXPECT_EQ(fold("\uFFFD"), "\uFFFD");
}

TEST(Fold, SpellsOutJsonEscapes) {
  EXPECT_EQ(fold(R"({"\u0041":"E\u0301\n\/"})"), "{\"a\":\"\u00E9\n/\"}");
  EXPECT_EQ(fold(R"(["\ud83d\ude00\ud83d\u0041\ude00"])"), "[\"\U0001F600\uFFFDa\uFFFD\"]");
}

TEST(Fold, BufferIsUsedAgain) {
  TextFolder folder;
  EXPECT_EQ(folder.fold(std::string(5000, 'A'), {true, false}), std::string(5000, 'a'));
  EXPECT_EQ(folder.fold("", {true, false}), "");
  EXPECT_EQ(folder.fold("", {}), "");
  TextFolder moved = std::move(folder);
  EXPECT_EQ(moved.fold("X\u00C9", {}), "x\u00E9");
  std::string many;
  for (int i = 0; i < 3000; ++i) many += "\uFDFA";  // grows eleven times
  EXPECT_EQ(moved.fold(many, {}).size(), 3000U * 33);
}

TEST(Fold, TakesEndlessMarksInLinearTime) {
  std::string marks = "e";
  while (marks.size() < 4'000'000) marks += "\u0301\u0323";  // each second one belongs before all others
  const auto begin = std::chrono::steady_clock::now();
  const std::string folded = fold(marks);
  EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(20));  // quadratic takes hours
  EXPECT_EQ(folded, fold_with_origins(marks, {}).text);
}

TEST(FoldWithOrigins, NamesTheBytesOfEachFoldedByte) {
  const std::string text = "a\uFB01E\u0301\xFFz";
  const FoldedWithOrigins folded = fold_with_origins(text, {});
  EXPECT_EQ(folded.text, "afi\u00E9\uFFFDz");
  EXPECT_EQ(folded.begin, (std::vector<uint32_t>{0, 1, 1, 4, 4, 7, 7, 7, 8}));
  EXPECT_EQ(folded.end, (std::vector<uint32_t>{1, 4, 4, 7, 7, 8, 8, 8, 9}));
}

TEST(FoldWithOrigins, CountsEscapesAsTheyWereSent) {
  const FoldedWithOrigins folded = fold_with_origins(R"(["\u00c9\ud83d\ude00"])", {true, true});
  EXPECT_EQ(folded.text, "[\"\u00E9\U0001F600\"]");
  EXPECT_EQ(folded.begin, (std::vector<uint32_t>{0, 1, 2, 2, 8, 8, 8, 8, 20, 21}));
  EXPECT_EQ(folded.end, (std::vector<uint32_t>{1, 2, 8, 8, 20, 20, 20, 20, 21, 22}));
}

TEST(FoldProperty, OriginsHaveTheFoldersTextAndCoverTheInputInOrder) {
  RandomText random(test_seed());
  SCOPED_TRACE(testing::Message() << "KSEEK_SEED=" << test_seed());
  TextFolder folder;
  for (int i = 0; i < 100'000; ++i) {
    std::string text = random.any(20);
    if (random.one_in(8)) text = "{\"\\u00c9\\ud800\":\"" + text + "\"}";
    const TextTraits traits = classify(text);
    const FoldedWithOrigins folded = fold_with_origins(text, traits);
    ASSERT_EQ(folded.text, folder.fold(text, traits)) << testing::PrintToString(text);
    ASSERT_EQ(folded.text, folder.fold(text, {false, traits.json_escapes}));
    ASSERT_EQ(folded.begin.size(), folded.text.size());
    ASSERT_EQ(folded.end.size(), folded.text.size());
    uint32_t last_begin = 0, last_end = 0;
    for (size_t at = 0; at < folded.text.size(); ++at) {
      ASSERT_LT(folded.begin[at], folded.end[at]);
      ASSERT_LE(folded.end[at], text.size());
      ASSERT_GE(folded.begin[at], last_begin);
      ASSERT_GE(folded.end[at], last_end);
      last_begin = folded.begin[at];
      last_end = folded.end[at];
    }
  }
}

}  // namespace
}  // namespace kseek::tokenizer
