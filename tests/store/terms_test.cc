// The terms of a block against a set filled by the tokenizer's slow reference.
#include "store/terms.h"
#include "store/unusual_number.h"

#include <gtest/gtest.h>

#include <set>

#include "store/block.h"
#include "tests/store/random_messages.h"
#include "tokenizer/tokenizer.h"

namespace kseek::store {
namespace {

void add_reference(std::set<std::string>& terms, Field field, std::string_view bytes, bool json_escapes) {
  std::string scratch;
  for (const std::string& token : tokenizer::reference_tokens(bytes, json_escapes)) {
    terms.insert(field_term(field, tokenizer::index_term(token, scratch)));
  }
}

std::vector<std::string> strings(const BlockTerms& terms) { return {terms.sorted().begin(), terms.sorted().end()}; }

TEST(Terms, AreTheDistinctTokensByField) {
  TermCollector collector;  // one for all: it must forget what was taken
  for (uint64_t seed = 1; seed <= 40; ++seed) {
    SCOPED_TRACE(fmt::format("seed {}", seed));
    RandomMessages random(seed);
    std::set<std::string> expected;
    OpenBlock block({0}, 1 + random.below(seed % 8 == 0 ? 3000 : 60), 10_MiB);
    int64_t offset = 0;
    while (block.append(random.message({0}, offset).get())) continue;
    for (size_t i = 0; i < block.size(); ++i) {
      const StoredMessage message = block.message(i);
      collect_terms(collector, message);
      if (message.key) add_reference(expected, Field::kKey, *message.key, message.key_traits.json_escapes);
      if (message.value) add_reference(expected, Field::kValue, *message.value, message.value_traits.json_escapes);
      if (message.value && looks_like_json(*message.value) && has_unusual_number(*message.value)) {
        expected.insert(field_term(Field::kValue, kUnusualNumber));
      }
      for (const Header& header : message.headers) {
        if (header.value) add_reference(expected, Field::kHeader, *header.value, false);
      }
    }
    const auto terms = collector.take();
    EXPECT_EQ(strings(*terms), std::vector<std::string>(expected.begin(), expected.end()));
    for (const std::string& term : expected) EXPECT_EQ(terms->slices(term), kAllSlices);
    EXPECT_EQ(terms->slices("Vnot in any random text"), 0);
    EXPECT_EQ(terms->slices(""), 0);
  }
}

TEST(Terms, ManyTermsAreSortedAndDistinct) {
  RandomMessages random(7);
  TermCollector collector;
  std::set<std::string> expected;
  for (int i = 0; i < 60'000; ++i) {
    // Heads in common, and lengths around the eight bytes that are sorted by first, and the term limit.
    std::string word =
        std::string(random.below(4) * 3, 'a') + fmt::format("{:x}", random.below(1 << (4 * (1 + i % 6))));
    if (random.one_in(50)) word += std::string(random.below(70), 'b');
    const Field field = random.one_in(3) ? Field::kKey : Field::kValue;
    collector.add(field, word, {.ascii = true});
    std::string scratch;
    expected.insert(field_term(field, tokenizer::index_term(word, scratch)));
    if (i % 2 == 0) collector.add(field, word, {.ascii = true});
  }
  const auto terms = collector.take();
  EXPECT_EQ(strings(*terms), std::vector<std::string>(expected.begin(), expected.end()));
  EXPECT_GT(terms->memory_bytes(), expected.size() * sizeof(std::string_view));
}

TEST(Terms, StandInTheirSlices) {
  TermCollector collector;
  collector.set_slices(1);
  collector.add(Field::kValue, "both first", {.ascii = true});
  collector.set_slices(0x80);
  collector.add(Field::kValue, "both last", {.ascii = true});
  collector.add(Field::kKey, "first", {.ascii = true});
  auto terms = collector.take();
  EXPECT_EQ(terms->slices("Vboth"), 0x81);
  EXPECT_EQ(terms->slices("Vfirst"), 1);
  EXPECT_EQ(terms->slices("Vlast"), 0x80);
  EXPECT_EQ(terms->slices("Kfirst"), 0x80);
  collector.add(Field::kValue, "both", {.ascii = true});
  EXPECT_EQ(collector.take()->slices("Vboth"), kAllSlices) << "who doesn't say";
}

TEST(Terms, LongTokensAreCutAndMarked) {
  TermCollector collector;
  const std::string whole(tokenizer::kMaxTermBytes, 'x');
  collector.add(Field::kValue, whole, {.ascii = true});
  collector.add(Field::kValue, whole + "1", {.ascii = true});
  collector.add(Field::kValue, whole + "2", {.ascii = true});
  EXPECT_EQ(strings(*collector.take()),
            (std::vector<std::string>{"V" + whole, "V" + whole + std::string(1, tokenizer::kCutMark)}));
}

TEST(Terms, OfNothingAreNone) {
  TermCollector collector;
  EXPECT_TRUE(collector.take()->sorted().empty());
  collector.add(Field::kValue, " - ", {});
  collector.add(Field::kKey, "", {});
  EXPECT_TRUE(collector.take()->sorted().empty());
}

}  // namespace
}  // namespace kseek::store
