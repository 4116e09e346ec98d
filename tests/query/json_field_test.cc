// Tests of JSON fields: cases by hand, and random documents, paths and tests against an evaluation of the tree that
// nlohmann::json's parser reports.
#include "query/json_field.h"

#include <gtest/gtest.h>
#include <locale.h>
#include <re2/re2.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <limits>
#include <random>

#include "tests/query/field_tests.h"
#include "tests/query/json_tree.h"
#include "tokenizer/json_text.h"
#include "tokenizer/tokenizer.h"

namespace kseek::query {
namespace {

constexpr long double kInfinity = std::numeric_limits<long double>::infinity();
using Kind = FieldTest::Kind;

uint64_t test_seed() {
  static const uint64_t seed = [] {
    const char* given = std::getenv("KSEEK_SEED");
    return given != nullptr ? std::strtoull(given, nullptr, 10) : std::random_device{}();
  }();
  return seed;
}

bool matches(std::string_view path, const FieldTest& test, std::string_view json) {
  JsonFieldMatcher matcher(*parse_json_path(path), test);
  const bool found = matcher.matches(json, tokenizer::classify(json));
  EXPECT_EQ(matcher.matches(json, tokenizer::classify(json)), found) << "the same again: " << json;
  return found;
}

TEST(JsonField, FollowsThePath) {
  const std::string json = R"( {"a":{"b":[1,[2,"x y"],{"c":null}]},"a.b":true,"":7, "n": 5} )";
  EXPECT_TRUE(matches("a.b[0]", word("1"), json));
  EXPECT_TRUE(matches("a.b[1][1]", word("y"), json));
  EXPECT_TRUE(matches("a.b[*][0]", word("2"), json));
  EXPECT_TRUE(matches("a.b[2].c", of_kind(Kind::kNull), json));
  EXPECT_TRUE(matches(R"(a\.b)", word("true"), json));
  EXPECT_TRUE(matches("n", word("5"), json));
  EXPECT_FALSE(matches("b", of_kind(Kind::kExists), json));
  EXPECT_FALSE(matches("a.b[3]", of_kind(Kind::kExists), json));
  EXPECT_FALSE(matches("a[0]", of_kind(Kind::kExists), json));
  EXPECT_FALSE(matches("a.b.c", of_kind(Kind::kExists), json));
  EXPECT_FALSE(matches("A", of_kind(Kind::kExists), json));
  EXPECT_TRUE(matches("[1].a", word("2"), R"([0,{"a":2}])"));
}

TEST(JsonField, ContainersExistAndNothingElse) {
  const std::string json = R"({"o":{},"l":["null",1],"z":null})";
  for (const char* path : {"o", "l", "z", "l[0]"}) EXPECT_TRUE(matches(path, of_kind(Kind::kExists), json)) << path;
  EXPECT_FALSE(matches("o", of_kind(Kind::kNull), json));
  EXPECT_FALSE(matches("l", word("1"), json));
  EXPECT_FALSE(matches("l", regex("."), json));
  EXPECT_FALSE(matches("l", range(-kInfinity, false, kInfinity, false), json));
  EXPECT_FALSE(matches("l[0]", of_kind(Kind::kNull), json));
  EXPECT_FALSE(matches("o[*]", of_kind(Kind::kExists), json));
}

TEST(JsonField, NeedsAValidContainer) {
  for (const char* text : {"", "5", R"("a")", R"({"a":5)", R"({"a":5}x)", R"({"a":5,})", R"({"a" 5})", R"({a:5})",
                           R"({"a":5]})", R"({"a":05})", R"({"a":5 "b":6})", "{\"a\":5,\"b\":\"\xFF\"}",
                           R"({"b":"\x","a":5})", R"({"b":"\u00","a":5})", "{", "[", "[\"", R"({"a)", R"({"a":)"}) {
    EXPECT_FALSE(matches("a", of_kind(Kind::kExists), text)) << text;
    EXPECT_FALSE(matches("a", word("5"), text)) << text;
    EXPECT_FALSE(matches("[0]", of_kind(Kind::kExists), text)) << text;
  }
}

TEST(JsonField, EscapesMeanCharacters) {
  EXPECT_TRUE(matches("价", word("你"), R"({"\u4ef7":"\u4f60"})"));
  EXPECT_TRUE(matches("a", word("\"error in\""), R"({"a":"line\nERROR\tin"})"));
  EXPECT_FALSE(matches("a", word("nerror"), R"({"a":"line\nERROR\tin"})"));
  EXPECT_TRUE(matches("a", regex(R"(^line\nERR)"), R"({"a":"line\nERROR\tin"})"));
  EXPECT_TRUE(matches(R"(q\"\\)", word("2"), R"({"q":1,"q\"\\":2})"));
  EXPECT_FALSE(matches("q", word("2"), R"({"q":1,"q\"\\":2})"));
  EXPECT_TRUE(matches("a", regex("^\xEF\xBF\xBD$"), R"({"a":"\ud800"})"));
  EXPECT_TRUE(matches("b", word("1"), R"({"a":"\\","b":1})"));
  EXPECT_TRUE(matches("b", word("1"), R"({"a":["}\"]",{"\\\"":"]"}],"b":1})"));
}

TEST(JsonField, AnyOfMembersWithTheSameNameCounts) {
  const std::string json = R"({"a":1,"a":2,"a":{"b":3},"a":{"b":"x","\u0062":4}})";
  for (const char* number : {"1", "2"}) EXPECT_TRUE(matches("a", word(number), json)) << number;
  for (const char* number : {"3", "4", "x"}) EXPECT_TRUE(matches("a.b", word(number), json)) << number;
  EXPECT_FALSE(matches("a", word("3"), json));
}

TEST(JsonField, NumbersCompareByValue) {
  const std::string json =
      R"({"n":9007199254740993,"u":18446744073709551615,"f":1.50e1,"s":"042 ok","m":-0,"h":1e999})";
  EXPECT_TRUE(matches("n", word("9007199254740993"), json));
  EXPECT_FALSE(matches("n", word("9007199254740992"), json));
  EXPECT_TRUE(matches("u", word("18446744073709551615"), json));
  EXPECT_FALSE(matches("u", word("18446744073709551614"), json));
  EXPECT_TRUE(matches("f", word("15"), json));
  EXPECT_TRUE(matches("f", word("15.0"), json));
  EXPECT_TRUE(matches("s", word("042"), json));
  EXPECT_FALSE(matches("s", word("42"), json));
  EXPECT_FALSE(matches("s", range(-kInfinity, false, kInfinity, false), json));
  EXPECT_TRUE(matches("m", word("0"), json));
  EXPECT_TRUE(matches("h", range(1e300L, true, kInfinity, false), json));
  EXPECT_TRUE(matches("f", range(15, false, 15, false), json));
  EXPECT_FALSE(matches("f", range(15, true, 16, false), json));
  EXPECT_FALSE(matches("f", range(14, false, 15, true), json));
  const std::string digits(1000, '7');
  EXPECT_TRUE(matches("a", word(digits), "{\"a\":" + digits + "}"));
}

TEST(JsonField, ReadsNumbersWhateverTheLocale) {
  const char* const before = ::setlocale(LC_ALL, nullptr);
  const std::string saved = before;
  const bool comma = ::setlocale(LC_ALL, "de_DE.UTF-8") != nullptr;
  EXPECT_EQ(parse_json_number("1.5"), 1.5L);
  ::setlocale(LC_ALL, saved.c_str());
  if (!comma) GTEST_SKIP() << "no locale with a decimal comma is installed here";
}

TEST(JsonField, ReadsNumbersOnly) {
  for (const char* text : {"", "-", "+1", "01", "1.", ".5", "1e", "0x10", "inf", "nan", "1 ", "1,5", "--1"}) {
    EXPECT_FALSE(parse_json_number(text)) << text;
  }
  EXPECT_EQ(parse_json_number("-999999999999999999"), -999999999999999999.0L);
  EXPECT_EQ(parse_json_number("1E-2"), 0.01L);
}

TEST(JsonField, GoesAnyDepth) {
  const size_t depth = 200'000;
  const std::string deep = std::string(depth, '[') + std::string(depth, ']');
  EXPECT_TRUE(matches("b", word("1"), "{\"a\":" + deep + ",\"b\":1}"));
  std::string path = "[0]";
  for (size_t i = 1; i < kMaxJsonPathSteps; ++i) path += "[*]";
  EXPECT_TRUE(matches(path, of_kind(Kind::kExists), deep));
}

TEST(JsonField, ReadsNumbersAsTheLibraryDoes) {
  SCOPED_TRACE("KSEEK_SEED=" + std::to_string(test_seed()));
  std::mt19937_64 random(test_seed());
  for (int i = 0; i < 100'000; ++i) {
    std::string text = random() % 2 == 0 ? "-" : "";
    text += std::to_string(random() >> (random() % 64));
    if (random() % 3 != 0) {
      text += '.';
      for (size_t n = 1 + random() % 20; n > 0; --n) text += static_cast<char>('0' + random() % 10);
    }
    if (random() % 4 == 0) text += "e-" + std::to_string(random() % 40);
    ASSERT_EQ(parse_json_number(text), std::strtold(text.c_str(), nullptr)) << text;
  }
}

// --- random documents against nlohmann::json -----------------------------------------------------------------------

bool phrase_in(const tokenizer::Phrase& phrase, const std::string& text) {
  const std::vector<std::string> tokens = tokenizer::reference_tokens(text, false);
  const auto found = std::search(tokens.begin(), tokens.end(), phrase.tokens.begin(), phrase.tokens.end(),
                                 [](const std::string& token, const auto& pattern) { return pattern.matches(token); });
  return found != tokens.end();
}

bool naive_test(const FieldTest& test, const JsonTree& tree) {
  const bool is_number = tree.type == JsonTree::Type::kNumber;
  switch (test.kind) {
    case Kind::kExists: return true;
    case Kind::kNull: return tree.type == JsonTree::Type::kNull;
    case Kind::kWord:
      if (tree.type == JsonTree::Type::kString) return phrase_in(test.phrase, tree.text);
      if (tree.type == JsonTree::Type::kBool) return test.boolean == tree.boolean;
      return is_number && test.number == tree.number;
    case Kind::kInRange:
      return is_number && (test.low_open ? tree.number > test.low : tree.number >= test.low) &&
             (test.high_open ? tree.number < test.high : tree.number <= test.high);
    case Kind::kRegex: {
      RE2::Options options;
      options.set_case_sensitive(!test.regex.ignore_case);
      return tree.type == JsonTree::Type::kString && RE2::PartialMatch(tree.text, RE2(test.regex.pattern, options));
    }
  }
  return false;
}

bool naive(const JsonTree& tree, const std::vector<JsonPath::Step>& steps, size_t step, const FieldTest& test) {
  if (step == steps.size()) return naive_test(test, tree);
  using StepKind = JsonPath::Step::Kind;
  const bool by_name = steps[step].kind == StepKind::kName;
  if (tree.type != (by_name ? JsonTree::Type::kObject : JsonTree::Type::kArray)) return false;
  for (size_t i = 0; i < tree.children.size(); ++i) {
    const auto& [name, child] = tree.children[i];
    if (by_name && name != steps[step].name) continue;
    if (steps[step].kind == StepKind::kIndex && i != steps[step].index) continue;
    if (naive(child, steps, step + 1, test)) return true;
  }
  return false;
}

class RandomJson {
 public:
  explicit RandomJson(uint64_t seed) : random_(seed) {}

  size_t below(size_t n) { return static_cast<size_t>(random_() % n); }
  const std::string& one_of(const std::vector<std::string>& choices) { return choices[below(choices.size())]; }

  std::string document(bool escapes) {
    escapes_ = escapes;
    return space() + container(4) + space();
  }
  JsonPath path() {
    JsonPath path;
    for (size_t n = 1 + below(2) + below(2); n > 0; --n) {
      JsonPath::Step& step = path.steps.emplace_back();
      step.kind = static_cast<JsonPath::Step::Kind>(below(5) < 3 ? 0 : 1 + below(2));
      if (step.kind == JsonPath::Step::Kind::kName) step.name = one_of(kNames);
      if (step.kind == JsonPath::Step::Kind::kIndex) step.index = below(3);
    }
    return path;
  }
  FieldTest test() {
    switch (below(6)) {
      case 0: return of_kind(Kind::kExists);
      case 1: return of_kind(Kind::kNull);
      case 2: return range(bound(-kInfinity), below(2) == 0, bound(kInfinity), below(2) == 0);
      case 3: return regex(one_of(kPatterns), below(2) == 0);
      default: return word(one_of(kWords));
    }
  }

 private:
  inline static const std::vector<std::string> kNames = {"a", "a", "b", "b", "a\"", "é", "a\\"};
  inline static const std::vector<std::string> kWords = {
      "a", "a b", "ab*", "?", "42", "4.2e1", "-1", "0.5", "true", "é", "false", "null", "18446744073709551615",
      "n", "*b"};
  inline static const std::vector<std::string> kPatterns = {"a", "^a", "b$", "a\\nb", "\\d", "é|\"", "[^a]", "^$"};
  inline static const std::vector<std::string> kScalars = {"null",
                                                           "true",
                                                           "false",
                                                           "42",
                                                           "42.0",
                                                           "4.2E+1",
                                                           "420e-1",
                                                           "-1",
                                                           "0.5",
                                                           "-0",
                                                           "0",
                                                           "18446744073709551615",
                                                           "18446744073709551616",
                                                           "5e-1",
                                                           "41.99999999999999999999",
                                                           "1000000000000000000000000000000001"};
  inline static const std::vector<std::string> kPieces = {"a", "b",  "A", " ", "4", "é", "É",
                                                          "n", "42", "]", "}", ",", ":"};
  inline static const std::vector<std::string> kEscapes = {"\\n",     "\\\"", "\\\\",          "\\u0061",
                                                           "\\u00e9", "\\/",  "\\ud83d\\ude00"};

  long double bound(long double open) { return below(3) == 0 ? open : static_cast<long double>(below(100)) - 2; }
  std::string space() { return below(4) == 0 ? one_of({" ", "\n", "\t", "\r\n "}) : std::string(); }
  std::string string() {
    std::string text = "\"";
    for (size_t n = below(6); n > 0; --n) text += one_of(escapes_ && below(3) == 0 ? kEscapes : kPieces);
    return text + '"';
  }
  std::string name() {
    std::string text = "\"";
    for (const char c : one_of(kNames)) {
      if (!escapes_) {
        if (c != '"' && c != '\\') text += c;
      } else if (c == '"' || c == '\\') {
        text += '\\';
        text += c;
      } else if (c > 0 && below(4) == 0) {
        text += c == 'a' ? "\\u0061" : c == 'b' ? "\\u0062" : "\\u006E";
      } else {
        text += c;
      }
    }
    return text + '"';
  }
  std::string value(size_t depth) {
    const size_t kind = below(8);
    if (depth > 0 && kind < 4) return container(depth);
    return kind < 6 ? string() : one_of(kScalars);
  }
  std::string container(size_t depth) {
    const bool object = below(5) < 3;
    std::string text = (object ? "{" : "[") + space();
    for (size_t n = below(7), i = 0; i < n; ++i) {
      if (i > 0) text += space() + "," + space();
      if (object) text += name() + space() + ":" + space();
      text += value(depth - 1);
    }
    return text + space() + (object ? "}" : "]");
  }

  std::mt19937_64 random_;
  bool escapes_ = false;
};

TEST(JsonField, EqualsANaiveEvaluation) {
  SCOPED_TRACE("KSEEK_SEED=" + std::to_string(test_seed()));
  RandomJson random(test_seed());
  size_t found = 0;
  for (int documents = 0; documents < 6000; ++documents) {
    const std::string json = random.document(random.below(2) == 0);
    ASSERT_TRUE(tokenizer::is_json_container(json)) << json;
    const std::optional<JsonTree> tree = parse_json_tree(json);
    ASSERT_TRUE(tree) << json;
    for (int cases = 0; cases < 20; ++cases) {
      const JsonPath path = random.path();
      const FieldTest test = random.test();
      const bool expected = naive(*tree, path.steps, 0, test);
      JsonFieldMatcher matcher(path, test);
      ASSERT_EQ(matcher.matches(json, tokenizer::classify(json)), expected)
          << path.to_string() << " kind " << static_cast<int>(test.kind) << " \""
          << (test.kind == Kind::kWord ? test.phrase.to_string() : test.regex.pattern) << "\" in " << json;
      found += expected ? 1 : 0;
    }
  }
  EXPECT_GT(found, 2000U) << "the cases must match often enough to mean something";
}

TEST(JsonField, StaysInBoundsAndSaysNoWhenBytesAreBroken) {
  SCOPED_TRACE("KSEEK_SEED=" + std::to_string(test_seed()));
  RandomJson random(test_seed() + 1);
  for (int i = 0; i < 40'000; ++i) {
    std::string json = random.document(random.below(2) == 0);
    for (size_t n = 1 + random.below(3); n > 0 && !json.empty(); --n) {
      const size_t at = random.below(json.size());
      switch (random.below(3)) {
        case 0: json.erase(at, 1 + random.below(3)); break;
        case 1: json[at] = "{}[]\",:\\\xFFu0"[random.below(11)]; break;
        default: json.resize(at);
      }
    }
    const std::vector<char> exact(json.begin(), json.end());  // so that a sanitizer sees a byte too far
    JsonFieldMatcher matcher(random.path(), random.test());
    const std::string_view text(exact.data(), exact.size());
    const bool found = matcher.matches(text, tokenizer::classify(text));
    ASSERT_TRUE(!found || tokenizer::is_json_container(text)) << json;
  }
}

}  // namespace
}  // namespace kseek::query
