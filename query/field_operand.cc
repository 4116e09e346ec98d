#include "query/field_operand.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>

#include "store/unusual_number.h"

namespace kseek::query {
namespace {

constexpr long double kInfinity = std::numeric_limits<long double>::infinity();

/// The digits before the point, if all digits of the number settle what it equals.
std::string settled_integer_digits(std::string_view number) {
  if (number.starts_with('-')) number.remove_prefix(1);
  if (number.find_first_of("eE") != std::string_view::npos) return {};
  const size_t point = number.find('.');
  const bool fraction = point != std::string_view::npos;
  const size_t digits = number.size() - (fraction ? 1 : 0);
  if (digits > (fraction ? store::kMaxFractionDigits : store::kMaxIntegerDigits)) return {};
  return std::string(number.substr(0, point));
}

Result<Regex> checked_regex(const Operand& operand) {
  Regex regex{std::string(operand.text), operand.ignore_case};
  // Within slashes \/ is a slash; RE2 reads every other escape itself.
  for (size_t i = 0; (i = regex.pattern.find("\\/", i)) != std::string::npos; ++i) regex.pattern.erase(i, 1);
  KSEEK_TRY(RegexMatcher::compile(regex));
  return regex;
}

/// ">=100", "<5", "10..20", "..3": nullopt when the text is none of them.
Result<std::optional<FieldTest>> parse_range(std::string_view text) {
  FieldTest test;
  test.kind = FieldTest::Kind::kInRange;
  test.low = -kInfinity;
  test.high = kInfinity;
  const auto bad = [&](std::string_view end) {
    return Error{ErrorCode::kInvalid, fmt::format("\"{}\" in \"{}\" is not a number", end, text),
                 "comparisons and ranges take numbers: >=100, <0.5, 10..20"};
  };
  if (text.starts_with('<') || text.starts_with('>')) {
    const bool less = text.front() == '<';
    const bool equal = text.size() > 1 && text[1] == '=';
    const std::string_view end = text.substr(equal ? 2 : 1);
    const auto number = parse_json_number(end);
    if (!number) return bad(end);
    (less ? test.high : test.low) = *number;
    (less ? test.high_open : test.low_open) = !equal;
    return std::optional(test);
  }
  const size_t between = text.find("..");
  if (between == std::string_view::npos) return std::optional<FieldTest>();
  const std::string_view first = text.substr(0, between);
  const std::string_view last = text.substr(between + 2);
  const auto low = parse_json_number(first);
  const auto high = parse_json_number(last);
  if (!low && !high) return std::optional<FieldTest>();  // a word with dots in it
  if (!low && !first.empty()) return bad(first);
  if (!high && !last.empty()) return bad(last);
  if (low) test.low = *low;
  if (high) test.high = *high;
  if (test.high < test.low) {
    return Error{ErrorCode::kInvalid, fmt::format("\"{}\" ends before it begins", text),
                 "write the smaller number first"};
  }
  return std::optional(test);
}

/// Letters match whatever their case, also those of JSON's own words.
bool is_word(std::string_view typed, std::string_view lower_case) {
  return std::equal(typed.begin(), typed.end(), lower_case.begin(), lower_case.end(),
                    [](char a, char b) { return (a >= 'A' && a <= 'Z' ? a - 'A' + 'a' : a) == b; });
}

Result<FieldTest> parse_test(const Operand& operand) {
  FieldTest test;
  const bool word = operand.kind == Operand::Kind::kWord;
  if (operand.kind == Operand::Kind::kRegex) {
    test.kind = FieldTest::Kind::kRegex;
    KSEEK_ASSIGN(test.regex, checked_regex(operand));
    return test;
  }
  if (word && operand.text == "*") return test;
  if (word && is_word(operand.text, "null")) {
    test.kind = FieldTest::Kind::kNull;
    return test;
  }
  if (word) {
    KSEEK_ASSIGN(const std::optional<FieldTest> range, parse_range(operand.text));
    if (range) return *range;
    test.number = parse_json_number(operand.text);
    if (test.number) test.integer_digits = settled_integer_digits(operand.text);
    if (is_word(operand.text, "true")) test.boolean = true;
    if (is_word(operand.text, "false")) test.boolean = false;
  }
  test.kind = FieldTest::Kind::kWord;
  KSEEK_ASSIGN(test.phrase, tokenizer::parse_phrase(operand.text));
  return test;
}

}  // namespace

Result<Condition> text_condition(const Target& target, const Operand& operand) {
  if (operand.kind == Operand::Kind::kRegex) {
    KSEEK_ASSIGN(Regex regex, checked_regex(operand));
    return Condition::of_regex(target, std::move(regex));
  }
  KSEEK_ASSIGN(tokenizer::Phrase phrase, tokenizer::parse_phrase(operand.text));
  return Condition::of_phrase(target, std::move(phrase));
}

Result<Condition> json_condition(const JsonPath& path, const Operand& operand) {
  KSEEK_ASSIGN(FieldTest test, parse_test(operand));
  return Condition::of_field(path, std::move(test));
}

}  // namespace kseek::query
