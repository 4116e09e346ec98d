#include "tests/query/random_text.h"

#include <fmt/format.h>

#include "tests/query/random_json.h"
#include "tokenizer/tokenizer.h"

namespace kseek::query {
namespace {

const std::vector<std::string> kWords = {
    "a",        "b",          "ab",      "ba",  "aab",    "abc",     "error",  "Error", "ERROR", "order-1",
    "order-12", "10",         "1.5",     "x_y", "你",     "好",      "你好",   "好你",  "ภาษา",  "ไทย",
    "café",     "cafe\u0301", "ＡＢ",    "ﬁn",  "Straße", "STRASSE", "ｶﾅ",     "カナ",  "かな",  "Ⅷ",
    "a\u00ADb", "😀",          "e\u0301", "É",   "\u0301", "Привет",  "привет", "٣",     "中a文"};
/// Words that stand in most blocks, so that it depends on their order whether a block has a phrase of them.
const std::vector<std::string> kFrequentWords = {"a", "b", "ab", "error", "你", "好", "abc"};
const std::vector<std::string> kSeparators = {" ", " ", " ", "-", ",", "", "  ", "\n", "。", "\u200B", ":", "/"};
const std::vector<std::string> kPlainTokens = {"a",  "b",     "ab",      "ba", "aab",    "abc",  "error",
                                               "10", "order", "strasse", "12", "привет", "café", "fin"};

std::vector<int32_t> code_points(const std::string& text) { return oracle_exact(text); }

}  // namespace

void append_utf8(std::string& out, int32_t c) {
  const auto byte = [&](int32_t b) { out.push_back(static_cast<char>(b)); };
  if (c < 0x80) {
    byte(c);
  } else if (c < 0x800) {
    byte(0xC0 | c >> 6), byte(0x80 | (c & 0x3F));
  } else if (c < 0x10000) {
    byte(0xE0 | c >> 12), byte(0x80 | (c >> 6 & 0x3F)), byte(0x80 | (c & 0x3F));
  } else {
    byte(0xF0 | c >> 18), byte(0x80 | (c >> 12 & 0x3F)), byte(0x80 | (c >> 6 & 0x3F)), byte(0x80 | (c & 0x3F));
  }
}

std::string RandomText::long_word() {
  // Around the length where index terms are cut, alike in the head and different in the tail.
  std::string word(56 + below(16), one_in(2) ? 'a' : 'b');
  if (one_in(3)) word.insert(below(3), "é");
  if (one_in(2)) word += one_in(2) ? "x" : "yz";
  return word;
}

std::string RandomText::words() {
  std::string out;
  for (size_t left = below(9); left > 0; --left) {
    out += one_in(25) ? long_word() : one_in(3) ? pick(kFrequentWords) : pick(kWords);
    out += pick(kSeparators);
  }
  return out;
}

std::string RandomText::json(const std::string& words) {
  std::string escaped;
  for (const int32_t c : code_points(words)) {
    if (c == '"' || c == '\\' || c < 0x20 || one_in(4)) {
      if (c >= 0x10000) {
        escaped += fmt::format("\\u{:04x}\\u{:04X}", 0xD800 + ((c - 0x10000) >> 10), 0xDC00 + ((c - 0x10000) & 0x3FF));
      } else {
        escaped += c == '\n' ? "\\n" : fmt::format("\\u{:04x}", c);
      }
    } else {
      append_utf8(escaped, c);
    }
  }
  return one_in(2) ? fmt::format(R"({{"a":"{}","n\u0061":[1.5e3,null]}})", escaped)
                   : fmt::format(R"( ["{}"])", escaped);
}

std::string RandomText::bytes() {
  std::string out = "b";
  for (size_t left = below(24); left > 0; --left) {
    out.push_back(static_cast<char>(one_in(2) ? below(256) : 'a' + below(2)));
  }
  return out;
}

RandomText::Text RandomText::text() {
  Text text;
  bool is_json = false;
  switch (below(12)) {
    case 0: return text;
    case 1: text.bytes = ""; break;
    case 2: text.bytes = bytes(); break;
    case 3:
      text.bytes = json(words());
      is_json = true;
      break;
    case 4:
      text.bytes = json(words());
      text.bytes->pop_back();
      break;
    case 5:
    case 6:
    case 7:
      text.bytes = random_json(*this);
      is_json = true;
      break;
    default: text.bytes = words();
  }
  text.tokens = tokenizer::reference_tokens(*text.bytes, is_json);
  return text;
}

void RandomText::add_word(std::string& text, std::vector<OracleToken>& tokens) {
  const std::string word = one_in(15) ? long_word() : one_in(3) ? pick(kFrequentWords) : pick(kWords);
  text += word;
  for (const std::string& token : tokenizer::reference_tokens(word, false)) tokens.push_back(oracle_exact(token));
}

void RandomText::add_pattern(std::string& text, std::vector<OracleToken>& tokens) {
  if (one_in(6)) {
    text += "*";
    tokens.push_back({kAnyRun});
    return;
  }
  const bool is_long = one_in(6);
  OracleToken pattern = oracle_exact(is_long ? long_word() : pick(kPlainTokens));
  if (is_long && one_in(2)) pattern.push_back(kAnyRun);  // a prefix beyond what a cut term keeps
  for (size_t changes = pattern.back() == kAnyRun ? 0 : 1 + below(3); changes > 0; --changes) {
    const size_t at = below(pattern.size() + 1);
    const auto place = pattern.begin() + static_cast<std::ptrdiff_t>(at);
    const int32_t wildcard = one_in(3) ? kAnyOne : kAnyRun;
    if (at < pattern.size() && one_in(2)) {
      *place = wildcard;
    } else {
      pattern.insert(place, wildcard);
    }
  }
  if (one_in(3)) pattern.resize(1 + below(pattern.size())), pattern.push_back(kAnyRun);
  for (const int32_t c : pattern) {
    if (c == kAnyRun || c == kAnyOne) {
      text += c == kAnyRun ? "*" : "?";
    } else {
      append_utf8(text, c >= 'a' && c <= 'z' && one_in(4) ? c - 'a' + 'A' : c);
    }
  }
  tokens.push_back(std::move(pattern));
}

std::optional<RandomText::Pair> RandomText::phrase() {
  std::string text;
  OracleCondition oracle;
  oracle.scope = static_cast<Scope>(below(3));
  const size_t words = one_in(3) ? 2 + below(2) : 1;
  for (size_t n = 0; n < words; ++n) {
    if (n > 0) text += " ";
    if (one_in(3)) {
      add_pattern(text, oracle.phrase);
    } else {
      add_word(text, oracle.phrase);
    }
  }
  Result<Condition> parsed = parse_text_condition(oracle.scope, text);
  if (!parsed) {
    if (!oracle.phrase.empty()) {
      throw std::runtime_error(fmt::format("\"{}\" was not taken: {}", text, describe(parsed.error())));
    }
    return std::nullopt;
  }
  return Pair{*std::move(parsed), std::move(oracle)};
}

std::optional<RandomText::Pair> RandomText::condition(int depth) {
  if (depth == 0 || one_in(2)) return phrase();
  Pair pair;
  std::vector<Condition> conditions;
  pair.oracle.kind = std::vector{Condition::Kind::kAnd, Condition::Kind::kOr, Condition::Kind::kNot}[below(3)];
  const size_t count = pair.oracle.kind == Condition::Kind::kNot ? 1 : 2 + below(2);
  for (size_t n = 0; n < count; ++n) {
    auto child = condition(depth - 1);
    if (!child) return std::nullopt;
    conditions.push_back(std::move(child->condition));
    pair.oracle.children.push_back(std::move(child->oracle));
  }
  switch (pair.oracle.kind) {
    case Condition::Kind::kAnd: pair.condition = Condition::all_of(std::move(conditions)); break;
    case Condition::Kind::kOr: pair.condition = Condition::any_of(std::move(conditions)); break;
    default: pair.condition = Condition::none_of(std::move(conditions.front()));
  }
  return pair;
}

}  // namespace kseek::query
