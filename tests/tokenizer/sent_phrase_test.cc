// SentPhrase against PhraseFinder in the folded text: what it rules out does not stand there.
#include "tokenizer/sent_phrase.h"

#include <gtest/gtest.h>

#include "tests/tokenizer/random_text.h"
#include "tokenizer/hidden_words.h"

namespace kseek::tokenizer {
namespace {

SentPhrase sent(const std::string& phrase) {
  const auto parsed = parse_phrase(phrase);
  EXPECT_TRUE(parsed) << phrase;
  auto made = SentPhrase::of(*parsed);
  EXPECT_TRUE(made) << phrase;
  return *std::move(made);
}

/// At any place.
bool may_stand_in(const SentPhrase& phrase, std::string_view text) {
  for (size_t at = phrase.anchor().find(text); at != std::string_view::npos; at = phrase.anchor().find(text, at + 1)) {
    if (phrase.may_stand_at(text, at, {})) return true;
  }
  return false;
}

TEST(SentPhrase, LooksAroundTheLongestWord) {
  const SentPhrase phrase = sent("the payment timed out");
  EXPECT_EQ(phrase.anchor().needle(), "payment");
  EXPECT_TRUE(phrase.is_whole());
  for (const char* const text :
       {"the payment timed out", "The PAYMENT timed-out", "-the_payment:timed  out.",
        "{\"a\":\"the payment timed out\"}", "payment the payment timed out", "the\\npayment timed out",
        "\\nthe payment timed out", "the payment\\ttimed out", "the\u00E9 payment timed out",
        "\u00ADthe payment timed out", "the payment timed out\u0301", "th\\u0065 payment timed out"}) {
    EXPECT_TRUE(may_stand_in(phrase, text)) << text;
  }
  for (const char* const text :
       {"", "payment", "the payment", "the payment timed", "the payments timed out", "the prepayment timed out",
        "the payment timed outs", "bathe payment timed out", "a payment timed out", "the payment was timed out",
        "the payment timedout", "the payment 1 timed out", "payment timed out, the payment timed o"}) {
    EXPECT_FALSE(may_stand_in(phrase, text)) << text;
  }
}

TEST(SentPhrase, KnowsIdeographs) {
  const SentPhrase phrase = sent("的支付ok失败");
  EXPECT_TRUE(phrase.is_whole());
  EXPECT_EQ(phrase.anchor().needle(), "支");
  for (const char* const text :
       {"的支付ok失败", "x的 支付-OK 失败7", "的支付，ok失败", "的支\uFE00付ok失败", "\\n的\\n支付ok失败"}) {
    EXPECT_TRUE(may_stand_in(phrase, text)) << text;
  }
  for (const char* const text :
       {"的支付", "的支付okay失败", "的支付ok的失败", "支付ok失败", "的x支付ok失败", "的支付7ok失败"}) {
    EXPECT_FALSE(may_stand_in(phrase, text)) << text;
  }
}

TEST(SentPhrase, LooksNoFurtherThanItUnderstands) {
  EXPECT_FALSE(SentPhrase::of(*parse_phrase("Gemüse pay*")));
  const SentPhrase phrase = sent("a* order failed größer now");
  EXPECT_FALSE(phrase.is_whole());
  EXPECT_EQ(phrase.anchor().needle(), "failed");
  EXPECT_TRUE(may_stand_in(phrase, "x order failed y"));
  EXPECT_FALSE(may_stand_in(phrase, "x ordered failed größer now"));
  EXPECT_FALSE(may_stand_in(phrase, "a order failedx"));
}

TEST(SentPhrase, KnowsWhereATextIsCut) {
  const SentPhrase phrase = sent("one three two");
  const auto may_stand = [&phrase](std::string_view text, bool before, bool after) {
    return phrase.may_stand_at(text, text.find("three"), {.before = before, .after = after});
  };
  for (const char* const text : {"three", "e three tw", "one three", "three two"}) {
    EXPECT_FALSE(may_stand(text, false, false)) << text;
    EXPECT_TRUE(may_stand(text, true, true)) << text;
  }
  EXPECT_TRUE(may_stand("one three ", false, true));
  EXPECT_FALSE(may_stand("-------- one three ", true, false));
  EXPECT_FALSE(may_stand("-------- none three two", true, true));
  EXPECT_TRUE(may_stand("none three two", true, true)) << "it may be the end of an escape";
}

TEST(SentPhraseProperty, RulesOutOnlyWhatIsNotThere) {
  RandomText random(test_seed());
  SCOPED_TRACE(testing::Message() << "KSEEK_SEED=" << test_seed());
  TextFolder folder;
  size_t there = 0, ruled_out = 0;
  for (int round = 0; round < 200'000; ++round) {
    const std::vector<std::string> words = {"ab", "AB", "n", "b", "abc", "7", "t7", "支", "的"};
    std::string phrase_text = random.of(words, 1);
    for (size_t more = random.below(3); more > 0; --more)
      phrase_text += (random.one_in(2) ? " " : "-") + random.of(words, 1);
    if (phrase_text.empty()) continue;
    const auto phrase = parse_phrase(phrase_text);
    if (!phrase) continue;
    const auto sent = SentPhrase::of(*phrase);
    if (!sent) continue;
    std::vector<std::string> pieces = words;
    pieces.insert(pieces.end(), {" ", " ", "-", "_ ", "\u00E9", "\u0301", "\u00AD", "付", "，"});
    std::string text = random.of(pieces, 8);
    if (random.one_in(2)) {
      pieces.insert(pieces.end(), {"\\n", "\\t", "\\\\", "\\\"", "\\b", "\\/", "\\u00e9"});
      text = "{\"ab\":\"" + random.of(pieces, 10) + "\"}";
    }
    const TextTraits traits = classify(text);
    if (may_hide_words(text, traits)) continue;
    PhraseFinder finder(*phrase);
    if (finder.found_in(folder.fold(text, traits))) {
      ++there;
      ASSERT_TRUE(may_stand_in(*sent, text)) << phrase_text << " in " << testing::PrintToString(text);
      // Where it may stand at one place only, it does, and may in a part of the text.
      std::vector<size_t> places;
      for (size_t at = sent->anchor().find(text); at != std::string::npos; at = sent->anchor().find(text, at + 1)) {
        if (sent->may_stand_at(text, at, {})) places.push_back(at);
      }
      const size_t begin = random.below(places[0] + 1);
      const size_t end = std::min(text.size(), places[0] + sent->anchor().needle().size() + random.below(10));
      if (places.size() > 1) continue;
      ASSERT_TRUE(sent->may_stand_at(text.substr(begin, end - begin), places[0] - begin,
                                     {.before = begin > 0, .after = end < text.size()}))
          << phrase_text << " in " << begin << ".." << end << " of " << testing::PrintToString(text);
    } else if (sent->anchor().find(text) != std::string::npos && !may_stand_in(*sent, text)) {
      ++ruled_out;
    }
  }
  EXPECT_GT(there, 5'000U);
  EXPECT_GT(ruled_out, 5'000U);
}

}  // namespace
}  // namespace kseek::tokenizer
