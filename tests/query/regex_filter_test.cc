// The tokens that a regular expression implies: they must be there wherever it matches.
#include "query/regex_filter.h"

#include <gtest/gtest.h>
#include <re2/re2.h>

#include <algorithm>
#include <cctype>
#include <cstdlib>
#include <random>

#include "query/regex_matcher.h"
#include "tokenizer/text.h"
#include "tokenizer/tokenizer.h"
#include "tokenizer/utf8.h"

namespace kseek::query {
namespace {

uint64_t test_seed() {
  static const uint64_t seed = [] {
    const char* given = std::getenv("KSEEK_SEED");
    return given != nullptr ? std::strtoull(given, nullptr, 10) : std::random_device{}();
  }();
  return seed;
}

std::string utf8(char32_t c) {
  char bytes[4];
  return {bytes, tokenizer::encode_utf8(c, bytes)};
}

/// Clauses apart by " & ", their patterns by "|".
std::string implied(std::string pattern, bool ignore_case = false) {
  std::string text;
  for (const TokenClause& clause : implied_tokens({std::move(pattern), ignore_case})) {
    if (!text.empty()) text += " & ";
    std::vector<std::string> words;
    for (const auto& token : clause) words.push_back(token.to_string());
    std::sort(words.begin(), words.end());
    for (size_t i = 0; i < words.size(); ++i) text += (i > 0 ? "|" : "") + words[i];
  }
  return text;
}

TEST(RegexFilter, TellsTokensThatAMatchHas) {
  EXPECT_EQ(implied(R"(timeout after \d+ms)"), "*imeout & after");
  EXPECT_EQ(implied(R"(TimeOut AFTER \d+ms)", true), "*imeout & after");
  EXPECT_EQ(implied(R"((?i) session success \d)"), "session & success");
  EXPECT_EQ(implied(R"(ERROR .* code=(42|43)\b)"), "code & *rror");
  EXPECT_EQ(implied(R"( code=(42|43) )"), "code & 42|43");
  EXPECT_EQ(implied(R"x("state":"(FAILED|TIMEOUT)")x"), "state & failed|timeout");
  EXPECT_EQ(implied(R"(/api/v1/orders/[0-9]+/cancel)"), "cance* & api & v1 & orders");
  EXPECT_EQ(implied(R"( connection refused)"), "connection & refuse*");
  EXPECT_EQ(implied(R"(1 foo bar .*|2 baz qux .*)"), "bar|baz & bar|qux & foo|qux");
  EXPECT_EQ(implied(R"(\\nerror in \\)"), "*error & in");
  EXPECT_EQ(implied(R"(\d+payment)"), "*paymen*");
  EXPECT_EQ(implied(R"(payment\w*refused)"), "*efuse* & *paymen*");
  EXPECT_EQ(implied("u00e9clair "), "*clair");
  EXPECT_EQ(implied("(refused|timeout)="), "*efused|*imeout");
  EXPECT_EQ(implied("\xE8\xB6\x85order\xE8\xB6\x85"), "*orde*");
  EXPECT_EQ(implied("\\nerror "), "error");
  EXPECT_EQ(implied("\xE8\xB6\x85\xE6\x97\xB6 order=\\d"), "order");
}

TEST(RegexFilter, ImpliesNothingWhenThereIsNothing) {
  for (const char* pattern : {"", ".*", "a", "error", R"(\d+)", " a| b|c", R"(\\tool )", "( error )?", "(", "\xFF",
                              R"([^a] |\x41)", "\xC4\xB0 ini "}) {
    EXPECT_EQ(implied(pattern), "") << pattern;
  }
}

TEST(RegexFilter, HasFewClauses) {
  std::string pattern = " (";
  for (int i = 0; i < 500; ++i) pattern += "word" + std::to_string(i) + "|";
  pattern += "last) ";
  const auto clauses = implied_tokens({pattern, false});
  EXPECT_LE(clauses.size(), 64U);
  for (const TokenClause& clause : clauses) EXPECT_LE(clause.size(), 64U);
}

// What the filter takes for granted of Unicode -----------------------------------------------------------------------

/// Each character beyond ASCII that may have a property of its own: the rest are ideographs, unassigned or private.
template <class Visit>
void for_each_character(Visit&& visit) {
  for (char32_t c = 0x80; c < 0xE1000; ++c) {
    if (c == 0xD800) c = 0xE000;
    if (c == 0x20000) c = 0x2F800;  // compatibility ideographs
    if (c == 0x2FA20) c = 0xE0000;
    visit(c);
    if (::testing::Test::HasFatalFailure()) return;
  }
}

bool is_word(char c) { return std::isalnum(static_cast<unsigned char>(c)) != 0; }

TEST(RegexFilter, NoCharacterReachesATokenOverASeparator) {
  tokenizer::TextFolder folder;
  std::vector<tokenizer::TokenSpan> spans;
  for_each_character([&](char32_t c) {
    std::string text;
    for (char separator = 0; separator >= 0; ++separator) {
      if (is_word(separator)) continue;
      // Far right, right, left: c stands beside the separator, on its other side; a letter in front of c for marks.
      text += std::string("\nerror") + separator + utf8(c) + "\nz" + utf8(c) + separator + "error\n";
      if (separator == 127) break;
    }
    const std::string_view folded = folder.fold(text, {});
    spans.clear();
    tokenizer::find_tokens(folded, spans);
    const auto errors = std::count_if(spans.begin(), spans.end(), [folded](const tokenizer::TokenSpan& span) {
      return folded.substr(span.begin, span.end - span.begin) == "error";
    });
    ASSERT_EQ(errors, 2 * (128 - 62)) << "U+" << std::hex << static_cast<uint32_t>(c);
  });
}

TEST(RegexFilter, NoCharacterChangesMoreThanTheLastOfARun) {
  tokenizer::TextFolder folder;
  std::vector<tokenizer::TokenSpan> spans;
  for_each_character([&](char32_t c) {
    std::string text;
    for (char last = '0'; last <= 'z'; ++last) {
      if (is_word(last)) text += std::string(" xy") + last + utf8(c) + " ";
    }
    const std::string_view folded = folder.fold(text, {});
    spans.clear();
    tokenizer::find_tokens(folded, spans);
    const auto runs = std::count_if(spans.begin(), spans.end(), [folded](const tokenizer::TokenSpan& span) {
      return folded.substr(span.begin, span.end - span.begin).starts_with("xy");
    });
    ASSERT_EQ(runs, 62) << "U+" << std::hex << static_cast<uint32_t>(c);
  });
}

TEST(RegexFilter, NoCharacterChangesARunBehindIt) {
  tokenizer::TextFolder folder;
  std::vector<tokenizer::TokenSpan> spans;
  for_each_character([&](char32_t c) {
    std::string text;
    for (char first = '0'; first <= 'z'; ++first) {
      if (is_word(first)) text += " " + utf8(c) + first + "xy ";
    }
    const std::string_view folded = folder.fold(text, {});
    spans.clear();
    tokenizer::find_tokens(folded, spans);
    size_t runs = 0;
    for (const tokenizer::TokenSpan& span : spans) {
      const std::string_view token = folded.substr(span.begin, span.end - span.begin);
      if (token.ends_with("xy") && token.size() > 2 && is_word(token[token.size() - 3])) ++runs;
    }
    ASSERT_EQ(runs, 62U) << "U+" << std::hex << static_cast<uint32_t>(c);
  });
}

TEST(RegexFilter, NoCharacterIsTakenForAnAsciiOneThatItDoesNotFoldTo) {
  // The piece that RE2 gives for a literal must not turn into ASCII that the text doesn't fold to: U+212A is k in both,
  // U+0130 is i for RE2 only, which is why an i is not trusted there.
  tokenizer::TextFolder folder;
  for_each_character([&](char32_t c) {
    const std::string text = " xx" + utf8(c) + "xx ";
    for (const TokenClause& clause : implied_tokens({text, false})) {
      for (const auto& token : clause) {
        ASSERT_NE(folder.fold(text, {}).find(" " + std::string(token.literal_prefix())), std::string_view::npos)
            << "U+" << std::hex << static_cast<uint32_t>(c) << " implies " << token.to_string();
      }
    }
  });
}

// Random expressions and texts -------------------------------------------------------------------------------------

/// A piece of an expression, and a text that it may match.
struct Piece {
  std::string pattern;
  std::string sample;
};

class RandomRegex {
 public:
  explicit RandomRegex(uint64_t seed) : random_(seed) {}

  size_t below(size_t n) { return static_cast<size_t>(random_() % n); }
  template <class T>
  const T& one_of(const std::vector<T>& choices) {
    return choices[below(choices.size())];
  }

  Piece expression(size_t depth = 2) {
    Piece all;
    for (size_t n = 1 + below(4); n > 0; --n) append(all, repeated(depth));
    if (depth > 0 && below(5) == 0) {
      const Piece other = expression(depth - 1);
      all.pattern += "|" + other.pattern;
      if (below(2) == 0) all.sample = other.sample;
    }
    return all;
  }

  /// `sample`, perhaps changed a little, among other text; perhaps as a JSON string.
  std::string text(const std::string& sample, bool change_case) {
    std::string inside = noise();
    for (const char c : sample) {
      if (below(20) == 0) inside += one_of(kOdd);
      const bool change = change_case && below(3) == 0;
      inside += change ? static_cast<char>(std::isupper(static_cast<unsigned char>(c)) != 0 ? std::tolower(c)
                                                                                            : std::toupper(c))
                       : c;
    }
    inside += noise();
    if (below(2) == 0) return inside;
    std::string quoted;
    for (size_t i = 0; i < inside.size(); ++i) {
      const char c = inside[i];
      if (c == '"') quoted += '\\';
      if (static_cast<unsigned char>(c) >= 0x20) quoted += c;
      if (c == '\\' && (below(4) == 0 || !is_escape(std::string_view(inside).substr(i + 1)))) {
        quoted += one_of<std::string>({"n", "\\", "/", "u0061", "u0301", "u0020", "t", "b"});
      }
    }
    return "{\"k\":\"" + quoted + "\"}";
  }

 private:
  inline static const std::vector<Piece> kLiterals = {{"ab", "ab"},
                                                      {"abc", "abc"},
                                                      {"a", "a"},
                                                      {"b", "b"},
                                                      {"i", "i"},
                                                      {"s", "s"},
                                                      {"k", "k"},
                                                      {"Ab", "Ab"},
                                                      {"n", "n"},
                                                      {"nab", "nab"},
                                                      {" ", " "},
                                                      {"=", "="},
                                                      {"<", "<"},
                                                      {"\"", "\""},
                                                      {"/", "/"},
                                                      {" abcd ", " abcd "},
                                                      {" nabc", " nabc"},
                                                      {"=abc/", "=abc/"},
                                                      {"nkissy", "nkissy"},
                                                      {"e1kissy ", "e1kissy "},
                                                      {"moons", "moons"},
                                                      {"u00e1moons", "u00e1moons"},
                                                      {" bcd=", " bcd="},
                                                      {"\\\\", "\\"},
                                                      {"-", "-"},
                                                      {" kiss", " kiss"},
                                                      {" is:", " is:"},
                                                      {"\\\\nab ", "\\nab "},
                                                      {" ", " "}};
  inline static const std::vector<Piece> kClasses = {
      {".", "x"},     {"\\d", "4"},  {"\\w", "a"},  {"\\s", " "}, {"[ab]", "b"}, {"[^a]", "n"},
      {"[a-z]", "k"}, {"\\b", ""},   {"[ =]", "="}, {"^", ""},    {"$", ""},     {"[kKs]", "s"},
      {"(?i)", ""},   {"\\n", "\n"}, {"\\S", "i"},  {"(?s)", ""}, {".", "é"},    {".*", "b c"}};
  inline static const std::vector<Piece> kForeign = {{"é", "é"},
                                                     {"\\x{130}", "İ"},
                                                     {"\\x{17f}", "ſ"},
                                                     {"\\pL", "İ"},
                                                     {"İ", "İ"},
                                                     {"你", "你"},
                                                     {"\\x41", "A"},
                                                     {"[İI]", "İ"},
                                                     {"ſ", "ſ"},
                                                     {"\\x{301}", "\xCC\x81"},
                                                     {" İs ", " İs "},
                                                     {" \xE2\x84\xAA"
                                                      "iss ",
                                                      " \xE2\x84\xAA"
                                                      "iss "}};
  inline static const std::vector<std::string> kTexts = {"ab", "abc", "a", "n", " ", "=", "/", " abcd ", "1", "K", "I"};
  inline static const std::vector<std::string> kOdd = {"\\",
                                                       "\xCC\x81",
                                                       "\xCC\xB8",
                                                       "é",
                                                       "İ",
                                                       "ſ",
                                                       "\xE2\x84\xAA",
                                                       "你",
                                                       "\xC2\xAD",
                                                       "\xE2\x80\x8D",
                                                       "\n",
                                                       "\xEF\xBC\x81",
                                                       "か\xE3\x82\x99",
                                                       "\xFF",
                                                       "\xE4\xBD",
                                                       "ａ",
                                                       "\xEF\xB8\x8F",
                                                       "\\u00",
                                                       "a",
                                                       " ",
                                                       "n"};

  /// Whether this, behind a backslash, is one of JSON's escapes.
  static bool is_escape(std::string_view text) {
    if (text.empty()) return false;
    if (text.front() != 'u') return std::string_view("bfnrt").find(text.front()) != std::string_view::npos;
    const auto is_hex = [](char c) { return std::isxdigit(static_cast<unsigned char>(c)) != 0; };
    return text.size() > 4 && std::all_of(text.begin() + 1, text.begin() + 5, is_hex);
  }
  static void append(Piece& all, const Piece& piece) {
    all.pattern += piece.pattern;
    all.sample += piece.sample;
  }
  std::string noise() {
    std::string text;
    for (size_t n = below(4); n > 0; --n) text += below(3) == 0 ? one_of(kOdd) : one_of(kTexts);
    return text;
  }
  Piece repeated(size_t depth) {
    Piece piece = atom(depth);
    if (below(6) != 0 || piece.sample.empty()) return piece;
    const std::string last = piece.pattern.size() > 1 ? piece.sample.substr(piece.sample.size() - 1) : piece.sample;
    switch (below(4)) {
      case 0:
        piece.pattern += one_of<std::string>({"?", "*", "*?", "{0,2}"});
        if (piece.pattern.front() == '(' && below(2) == 0) piece.sample.clear();
        break;
      case 1: piece.pattern += "+"; break;
      case 2:
        piece.pattern += "{2}";
        piece.sample += last;
        break;
      default: piece.pattern += "{1,}";
    }
    return piece;
  }
  Piece atom(size_t depth) {
    const size_t kind = below(12);
    if (depth > 0 && kind < 2) {
      const Piece first = expression(depth - 1);
      const Piece second = expression(depth - 1);
      const std::string open = below(2) == 0 ? "(" : "(?:";
      return {open + first.pattern + "|" + second.pattern + ")", below(2) == 0 ? first.sample : second.sample};
    }
    if (kind < 4) return one_of(kClasses);
    if (kind == 4 && below(3) == 0) return one_of(kForeign);
    return one_of(kLiterals);
  }

  std::mt19937_64 random_;
};

TEST(RegexFilter, NeverExcludesAMatch) {
  SCOPED_TRACE("KSEEK_SEED=" + std::to_string(test_seed()));
  RandomRegex random(test_seed());
  size_t matches = 0;
  size_t filtered = 0;
  size_t excluded = 0;
  for (int patterns = 0; patterns < 10'000; ++patterns) {
    const Piece piece = random.expression();
    const Regex regex{piece.pattern, random.below(3) == 0};
    auto compiled = RegexMatcher::compile(regex);
    if (!compiled) continue;
    const std::vector<TokenClause> clauses = implied_tokens(regex);
    for (int texts = 0; texts < 20; ++texts) {
      const std::string text = random.text(piece.sample, regex.ignore_case || random.below(4) == 0);
      const bool json = tokenizer::classify(text).json_escapes;
      const bool match = compiled->found_in(text);
      matches += match ? 1 : 0;
      filtered += match && !clauses.empty() ? 1 : 0;
      ASSERT_TRUE(!match || text.find(compiled->literal()) != std::string::npos) << regex.pattern << " in " << text;
      if (clauses.empty()) continue;
      const std::vector<std::string> tokens = tokenizer::reference_tokens(text, json);
      const bool possible = std::all_of(clauses.begin(), clauses.end(), [&](const TokenClause& clause) {
        return std::any_of(clause.begin(), clause.end(), [&](const tokenizer::TokenPattern& pattern) {
          return std::any_of(tokens.begin(), tokens.end(), [&](const auto& token) { return pattern.matches(token); });
        });
      });
      excluded += possible ? 0 : 1;
      ASSERT_TRUE(possible || !match) << "/" << regex.pattern << (regex.ignore_case ? "/i" : "/") << " implies "
                                      << implied(regex.pattern, regex.ignore_case) << " but matches " << text;
    }
  }
  EXPECT_GT(matches, 20'000U);
  EXPECT_GT(filtered, 10'000U) << "matches of expressions that imply something";
  EXPECT_GT(excluded, 3'000U);
  RecordProperty("matches", static_cast<int>(matches));
  RecordProperty("filtered_matches", static_cast<int>(filtered));
  RecordProperty("excluded", static_cast<int>(excluded));
}

}  // namespace
}  // namespace kseek::query
