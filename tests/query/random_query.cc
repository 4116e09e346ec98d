#include "tests/query/random_query.h"

#include <fmt/chrono.h>
#include <fmt/format.h>
#include <re2/re2.h>

#include <cstdlib>

#include "tests/query/random_json.h"
#include "tokenizer/tokenizer.h"

namespace kseek::query {
namespace {

using Kind = Condition::Kind;

constexpr int64_t kMsAMinute = 60'000;
constexpr int64_t kMsADay = 24 * 60 * kMsAMinute;

/// Pieces of regular expressions; a slash stands as it is.
const std::vector<std::string> kRegexPieces = {
    "a",         "b",         "ab",          "error", " ",    "\\d+",    "\\w",    "[ab]",         "order-1",
    "\\s",       "^",         "$",           ".",     "你",   "é",       "\"",     "\\\\",         "\\\\u",
    "\\b",       "(a|error)", "b*",          "10",    "\\.5", "/",       ".*",     "[^a]",         "(?i)Err",
    "\\x{4f60}", "42",        "(order|abc)", " abc ", " ab ", "error,",  "\\pL",   "\xEF\xBF\xBD", "a?",
    "(x y)?",    ":",         "\\(",         "[/\"]", "\\n",  " error ", "\"a\":", ":\"error\"",   "null",
    "-",         "{1}a"};
const std::vector<std::string> kSeparators = {" ", " ", " ", "-", ",", "/", ":", "  ", " - ", "(", ")", "。"};

OracleCondition of_kind(Kind kind) {
  OracleCondition condition;
  condition.kind = kind;
  return condition;
}

bool is_number(const std::string& text) {
  static const RE2 number(R"(-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][-+]?[0-9]+)?)");
  return RE2::FullMatch(text, number);
}

std::string in_lower_case(std::string text) {
  for (char& c : text) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  return text;
}

/// With a backslash before what ends a word or makes it a field.
std::string escaped_word(const std::string& text) {
  std::string word;
  for (const char c : text) {
    if (std::string_view(" :()\"").find(c) != std::string_view::npos) word += '\\';
    word += c;
  }
  return word;
}

}  // namespace

std::string RandomQuery::space() { return random_.one_in(8) ? random_.pick<std::string>({"  ", "\n", " \t"}) : " "; }

QueryText RandomQuery::joined(Kind kind, Join part, int depth, const Field& field) {
  QueryText query = (this->*part)(depth, field);
  if (depth == 0 || random_.one_in(2)) return query;
  OracleCondition all = of_kind(kind);
  all.children.push_back(std::move(query.oracle));
  for (size_t left = 1 + random_.below(2); left > 0; --left) {
    QueryText next = (this->*part)(depth - 1, field);
    query.text += space();
    if (kind == Kind::kOr || random_.one_in(4)) query.text += (kind == Kind::kOr ? "OR" : "AND") + space();
    query.text += next.text;
    all.children.push_back(std::move(next.oracle));
  }
  query.oracle = std::move(all);
  return query;
}

QueryText RandomQuery::any(int depth, const Field& field) { return joined(Kind::kOr, &RandomQuery::all, depth, field); }

QueryText RandomQuery::all(int depth, const Field& field) {
  return joined(Kind::kAnd, &RandomQuery::negated, depth, field);
}

QueryText RandomQuery::negated(int depth, const Field& field) {
  if (!random_.one_in(5)) return primary(depth, field);
  QueryText query = negated(depth, field);
  // In parentheses after a JSON field a minus before a digit would be a number's sign.
  const bool number = field.inherited && query.text.front() >= '0' && query.text.front() <= '9';
  query.text = (!number && random_.one_in(2) ? "-" : query.text.front() == '(' ? "NOT" : "NOT" + space()) + query.text;
  OracleCondition none = of_kind(Kind::kNot);
  none.children.push_back(std::move(query.oracle));
  query.oracle = std::move(none);
  return query;
}

QueryText RandomQuery::primary(int depth, const Field& outer) {
  switch (random_.below(24)) {
    case 0: return partitions();
    case 1: return offsets();
    case 2: return times();
    default: break;
  }
  Field field = outer;
  const std::string name = random_.one_in(3) ? "" : field_name(field);
  if (depth == 0 || !random_.one_in(4)) {
    QueryText query = operand(field);
    query.text = name + (name.empty() || !random_.one_in(20) ? "" : " ") + query.text;
    return query;
  }
  field.inherited = true;
  QueryText query = any(depth - 1, field);
  const std::string inside = random_.one_in(4) ? " " : "";
  query.text = name + "(" + inside + query.text + inside + ")";
  return query;
}

std::string RandomQuery::field_name(Field& field) {
  field = {};
  switch (random_.below(8)) {
    case 0:
    case 1: field.oracle.scope = Scope::kKey; return "key:";
    case 2: field.oracle.scope = Scope::kValue; return "value:";
    case 3: field.oracle.scope = Scope::kHeader; return "header:";
    case 4:
      field.oracle.scope = Scope::kHeader;
      field.oracle.header = random_.pick<std::string>({"trace", "trace", "Trace", "x-id", "a.b", "a b", "c:d", "é"});
      return "header." + escaped_word(field.oracle.header) + ":";
    default: field.json = true; return "value" + random_path(random_, field.oracle.path) + ":";
  }
}

QueryText RandomQuery::operand(const Field& field) {
  if (random_.one_in(6)) return regex_operand(field);
  return field.json ? json_operand(field) : text_operand(field);
}

std::string RandomQuery::phrase(bool quoted, std::vector<OracleToken>& tokens) {
  for (;;) {
    std::string text;
    tokens.clear();
    for (size_t left = random_.one_in(3) ? 2 + random_.below(2) : 1; left > 0; --left) {
      if (random_.one_in(3)) {
        random_.add_pattern(text, tokens);
      } else {
        random_.add_word(text, tokens);
      }
      if (left == 1) break;
      const std::string& separator = random_.pick(kSeparators);
      text += quoted ? separator : escaped_word(separator);
    }
    if (tokens.empty()) continue;  // a text without words is no query
    if (random_.one_in(20)) text += quoted ? R"(\")" : R"(\()";
    return quoted ? '"' + text + '"' : text;
  }
}

QueryText RandomQuery::text_operand(const Field& field) {
  QueryText query{"", field.oracle};
  query.oracle.kind = Kind::kPhrase;
  query.text = random_.one_in(12) ? random_.pick<std::string>({"\"OR\"", "\\OR", "\"NOT\"", "\"AND\""}) : "";
  if (query.text.empty()) {
    query.text = phrase(random_.one_in(2), query.oracle.phrase);
  } else {
    const bool is_or = query.text.find("OR") != std::string::npos;
    const bool is_and = query.text.find("AND") != std::string::npos;
    query.oracle.phrase = {oracle_exact(is_or ? "or" : is_and ? "and" : "not")};
  }
  return query;
}

QueryText RandomQuery::regex_operand(const Field& field) {
  for (;;) {
    std::string pattern;
    for (size_t left = 1 + random_.below(3); left > 0; --left) pattern += random_.pick(kRegexPieces);
    RE2::Options options;
    options.set_log_errors(false);
    const bool ignore_case = random_.one_in(3);
    options.set_case_sensitive(!ignore_case);
    auto regex = std::make_shared<const RE2>(pattern, options);
    if (!regex->ok()) continue;
    QueryText query{"/", field.oracle};
    for (const char c : pattern) {
      if (c == '/') query.text += '\\';
      query.text += c;
    }
    query.text += ignore_case ? "/i" : "/";
    query.oracle.kind = field.json ? Kind::kField : Kind::kRegex;
    query.oracle.regex = std::move(regex);
    return query;
  }
}

std::string RandomQuery::range(OracleTest& test) {
  test.range = true;
  const std::string& first = random_number(random_);
  const long double low = std::strtold(first.c_str(), nullptr);
  switch (random_.below(7)) {
    case 0: test.above = low; return ">" + first;
    case 1: test.at_least = low; return ">=" + first;
    case 2: test.below = low; return "<" + first;
    case 3: test.at_most = low; return "<=" + first;
    case 4: test.at_least = low; return first + "..";
    case 5: test.at_most = low; return ".." + first;
    default: break;
  }
  const std::string& last = random_number(random_);
  const long double high = std::strtold(last.c_str(), nullptr);
  test.at_least = std::min(low, high);
  test.at_most = std::max(low, high);
  return low <= high ? first + ".." + last : last + ".." + first;
}

QueryText RandomQuery::json_operand(const Field& field) {
  QueryText query{"", field.oracle};
  query.oracle.kind = Kind::kField;
  OracleTest& test = query.oracle.test;
  switch (random_.below(8)) {
    case 0: query.text = "*"; break;
    case 1: query.text = random_.pick<std::string>({"null", "null", "NULL", "Null"}); break;
    case 2: query.text = range(test); return query;
    case 3:
    case 4: query.text = random_number(random_); break;
    case 5:
      query.text =
          random_.pick<std::string>({"true", "false", "TRUE", "False", "\"true\"", "\"null\"", "\"42\"", "\"*\""});
      break;
    default: query.text = phrase(random_.one_in(2), test.phrase);
  }
  test.exists = query.text == "*";
  const std::string lower = in_lower_case(query.text);
  test.null = lower == "null";
  if (test.exists || test.null) return query;
  if (lower == "true" || lower == "false") test.boolean = lower == "true";
  if (is_number(query.text)) test.number = std::strtold(query.text.c_str(), nullptr);
  if (query.text == "\"*\"") test.phrase = {{kAnyRun}};
  if (!test.phrase.empty()) return query;
  for (const std::string& token : tokenizer::reference_tokens(query.text, false)) {
    test.phrase.push_back(oracle_exact(token));
  }
  return query;
}

QueryText RandomQuery::partitions() {
  QueryText query{"partition:", of_kind(Kind::kPartitions)};
  const auto first = static_cast<int32_t>(random_.below(4));
  const auto second = first + static_cast<int32_t>(random_.below(3));
  switch (random_.below(4)) {
    case 0:
      query.text += fmt::format("{}-{}", first, second);
      for (int32_t p = first; p <= second; ++p) query.oracle.partitions.push_back(p);
      break;
    case 1: query.text += fmt::format("\"{}, {}\"", second, first), query.oracle.partitions = {first, second}; break;
    case 2: query.text += fmt::format("{},{}", first, second), query.oracle.partitions = {first, second}; break;
    default: query.text += fmt::format("{}", first), query.oracle.partitions = {first};
  }
  return query;
}

QueryText RandomQuery::offsets() {
  QueryText query{"offset:", of_kind(Kind::kOffsets)};
  const auto first = static_cast<int64_t>(random_.below(120));
  const int64_t last = first + static_cast<int64_t>(random_.below(60));
  const bool quoted = random_.one_in(4);
  if (quoted) query.text += '"';
  switch (random_.below(4)) {
    case 0: query.text += fmt::format("{}..", query.oracle.first = first); break;
    case 1: query.text += fmt::format("..{}", query.oracle.last = last); break;
    case 2: query.text += fmt::format("{}", query.oracle.first = query.oracle.last = first); break;
    default: query.text += fmt::format("{}..{}", query.oracle.first = first, query.oracle.last = last);
  }
  if (quoted) query.text += '"';
  return query;
}

std::string RandomQuery::time_text(Timestamp time) {
  if (random_.one_in(2)) return fmt::format("{}", time.ms);
  const auto whole = std::chrono::sys_time<std::chrono::milliseconds>(std::chrono::milliseconds(time.ms));
  const auto seconds = std::chrono::floor<std::chrono::seconds>(whole);
  return fmt::format("{:%Y-%m-%dT%H:%M:%S}.{:03}{}", fmt::gmtime(std::chrono::system_clock::to_time_t(seconds)),
                     (whole - seconds).count(), random_.one_in(2) ? "Z" : "");
}

QueryText RandomQuery::times() {
  QueryText query{"time:", of_kind(Kind::kTimes)};
  OracleCondition& times = query.oracle;
  const auto any_time = [&] {
    Timestamp time;
    do time = random_time_();
    while (time.ms < 0 || time.ms > 100'000 * kMsADay);  // what RFC 3339 can write
    return time.ms;
  };
  const int64_t a = any_time();
  const int64_t b = any_time();
  const int64_t midnight = a / kMsADay * kMsADay;
  const auto ago = static_cast<int64_t>(random_.below(15));
  const std::string day = fmt::format("{:%Y-%m-%d}", fmt::gmtime(static_cast<std::time_t>(midnight / 1000)));
  switch (random_.below(8)) {
    case 0: query.text += time_text({times.first = a}) + ".."; break;
    case 1: query.text += ".." + time_text({times.last = a}); break;
    case 2: query.text += fmt::format("{}", times.first = times.last = a); break;
    case 3: query.text += day, times.first = midnight, times.last = midnight + kMsADay - 1; break;
    case 4: query.text += ".." + day, times.last = midnight + kMsADay - 1; break;
    case 5: query.text += fmt::format("-{}d..", ago), times.first = now_.ms - ago * kMsADay; break;
    case 6:
      query.text += fmt::format("-{}d..-{}m", 10 + ago, ago * 60);
      times.first = now_.ms - (10 + ago) * kMsADay;
      times.last = now_.ms - ago * 60 * kMsAMinute;
      break;
    default: query.text += time_text({times.first = std::min(a, b)}) + ".." + time_text({times.last = std::max(a, b)});
  }
  return query;
}

}  // namespace kseek::query
