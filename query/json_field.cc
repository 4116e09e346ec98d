#include "query/json_field.h"

#include <fmt/format.h>
#include <locale.h>

#include <array>
#include <bit>
#include <cassert>
#include <cmath>
#include <cstdlib>
#include <cstring>
#include <limits>

#include "base/lanes.h"
#include "tokenizer/json_text.h"

namespace kseek::query {
namespace {

using tokenizer::TextTraits;

bool is_space(char c) { return c == ' ' || c == '\n' || c == '\t' || c == '\r'; }
bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool ends_scalar(char c) { return c == ',' || c == '}' || c == ']' || is_space(c); }

/// The first quote of [p, end), or nullptr. Most strings are short: a call of memchr would take longer than the search.
const char* find_quote(const char* p, const char* end) {
#if defined(__SSE2__)
  for (; end - p >= 16; p += 16) {
    const auto found = static_cast<uint32_t>(_mm_movemask_epi8(_mm_cmpeq_epi8(load_16(p), _mm_set1_epi8('"'))));
    if (found != 0) return p + std::countr_zero(found);
  }
#endif
  while (p != end && *p != '"') ++p;
  return p != end ? p : nullptr;
}

bool has_escape(std::string_view raw) { return !raw.empty() && std::memchr(raw.data(), '\\', raw.size()) != nullptr; }

/// How many digits `text` begins with.
size_t count_digits(std::string_view text) {
  size_t n = 0;
  while (n < text.size() && is_digit(text[n])) ++n;
  return n;
}

bool is_json_number(std::string_view text) {
  if (text.starts_with('-')) text.remove_prefix(1);
  const size_t whole = count_digits(text);
  if (whole == 0 || (whole > 1 && text.front() == '0')) return false;
  text.remove_prefix(whole);
  if (text.starts_with('.')) {
    const size_t fraction = count_digits(text.substr(1));
    if (fraction == 0) return false;
    text.remove_prefix(1 + fraction);
  }
  if (text.starts_with('e') || text.starts_with('E')) {
    text.remove_prefix(1);
    if (text.starts_with('+') || text.starts_with('-')) text.remove_prefix(1);
    const size_t exponent = count_digits(text);
    if (exponent == 0) return false;
    text.remove_prefix(exponent);
  }
  return text.empty();
}

constexpr size_t kExactDigits = 18;  // below 2^63
static_assert(std::numeric_limits<long double>::digits >= 63);

constexpr std::array<long double, kExactDigits + 1> kPowersOfTen = [] {
  std::array<long double, kExactDigits + 1> powers{};
  powers[0] = 1;
  for (size_t i = 1; i < powers.size(); ++i) powers[i] = powers[i - 1] * 10;
  return powers;
}();

/// REQUIRES: a JSON number.
long double number_by_library(std::string_view text) {
  static const locale_t plain = ::newlocale(LC_ALL_MASK, "C", nullptr);  // a decimal point, not a comma
  char buffer[128];
  if (text.size() >= sizeof(buffer)) return ::strtold_l(std::string(text).c_str(), nullptr, plain);
  std::memcpy(buffer, text.data(), text.size());
  buffer[text.size()] = '\0';
  return ::strtold_l(buffer, nullptr, plain);
}

}  // namespace

std::string FieldTest::to_string() const {
  switch (kind) {
    case Kind::kExists: return "*";
    case Kind::kNull: return "null";
    case Kind::kRegex: return regex.to_string();
    case Kind::kWord:
      if (number) return fmt::format("{}", *number);
      if (boolean) return *boolean ? "true" : "false";
      return fmt::format("\"{}\"", phrase.to_string());
    case Kind::kInRange:
      if (std::isinf(low)) return fmt::format("{}{}", high_open ? "<" : "<=", high);
      if (std::isinf(high)) return fmt::format("{}{}", low_open ? ">" : ">=", low);
      return fmt::format("{}..{}", low, high);
  }
  return {};
}

std::optional<long double> parse_json_number(std::string_view text) {
  if (!is_json_number(text)) return std::nullopt;
  const bool negative = text.front() == '-';
  const std::string_view magnitude = text.substr(negative ? 1 : 0);
  if (magnitude.size() > kExactDigits) return number_by_library(text);
  int64_t n = 0;
  size_t fraction = 0;
  bool in_fraction = false;
  for (const char c : magnitude) {
    if (is_digit(c)) {
      n = n * 10 + (c - '0');
      fraction += in_fraction ? 1 : 0;
    } else if (c == '.') {
      in_fraction = true;
    } else {
      return number_by_library(text);  // an exponent
    }
  }
  // Both exact, so that the quotient is the number nearest to the text (W. Clinger, 1990).
  return static_cast<long double>(negative ? -n : n) / kPowersOfTen[fraction];
}

JsonFieldMatcher::JsonFieldMatcher(JsonPath path, FieldTest test) : path_(std::move(path)), test_(std::move(test)) {
  for (const JsonPath::Step& step : path_.steps) {
    if (step.kind == JsonPath::Step::Kind::kName) quoted_name_ = '"' + step.name + '"';
  }
  if (test_.kind == FieldTest::Kind::kRegex) {
    auto regex = RegexMatcher::compile(test_.regex);
    assert(regex);
    if (regex) regex_.emplace(*std::move(regex));
  }
  if (test_.kind == FieldTest::Kind::kWord) {
    finder_.emplace(test_.phrase);
    if (test_.number || test_.boolean) return;
    for (const tokenizer::TokenPattern& token : test_.phrase.tokens) {
      if (token.longest_literal().size() > anchor_.size()) anchor_ = token.longest_literal();
    }
  }
}

bool JsonFieldMatcher::matches(std::string_view text, TextTraits traits) {
  if (rejects(text, traits)) return false;
  begin_ = p_ = text.data();
  end_ = p_ + text.size();
  traits_ = traits;
  return find_value(0) && (traits.json_escapes || tokenizer::is_json_container(text));
}

std::vector<ByteSpan> JsonFieldMatcher::find_all(std::string_view text, TextTraits traits, size_t limit) {
  std::vector<ByteSpan> spans;
  if (rejects(text, traits) || !(traits.json_escapes || tokenizer::is_json_container(text))) return spans;
  begin_ = p_ = text.data();
  end_ = p_ + text.size();
  traits_ = traits;
  spans_ = &spans;
  limit_ = limit;
  static_cast<void>(find_value(0));
  spans_ = nullptr;
  return spans;
}

bool JsonFieldMatcher::rejects(std::string_view text, TextTraits traits) {
  if (text.empty()) return true;
  if (traits.json_escapes) return false;
  // Without escapes a name stands as it is, and folding ASCII is much faster than walking.
  if (!quoted_name_.empty() &&
      ::memmem(text.data(), text.size(), quoted_name_.data(), quoted_name_.size()) == nullptr) {
    return true;
  }
  if (anchor_.empty() || !traits.ascii) return false;
  const std::string_view folded = folder_.fold(text, traits);
  return ::memmem(folded.data(), folded.size(), anchor_.data(), anchor_.size()) == nullptr;
}

bool JsonFieldMatcher::find_value(size_t step) {
  skip_space();
  if (p_ == end_) return false;
  if (step == path_.steps.size()) return test_value();
  const bool by_name = path_.steps[step].kind == JsonPath::Step::Kind::kName;
  if (*p_ == '{' && by_name) return find_in_object(step);
  if (*p_ == '[' && !by_name) return find_in_array(step);
  skip_value();
  return false;
}

bool JsonFieldMatcher::find_in_object(size_t step) {
  const std::string& name = path_.steps[step].name;
  do {
    ++p_;  // a brace or a comma
    skip_space();
    if (p_ == end_ || *p_ != '"') break;
    const std::string_view raw = take_string();
    skip_space();
    if (p_ == end_) return false;
    ++p_;  // a colon
    if (!is_name(raw, name)) {
      skip_value();
    } else if (find_value(step + 1)) {
      return true;
    }
  } while (next_item());
  if (p_ != end_) ++p_;
  return false;
}

bool JsonFieldMatcher::find_in_array(size_t step) {
  const JsonPath::Step& wanted = path_.steps[step];
  uint64_t index = 0;
  do {
    ++p_;  // a bracket or a comma
    skip_space();
    if (p_ == end_ || *p_ == ']') break;
    if (wanted.kind == JsonPath::Step::Kind::kIndex && index != wanted.index) {
      skip_value();
    } else if (find_value(step + 1)) {
      return true;
    }
    ++index;
  } while (next_item());
  if (p_ != end_) ++p_;
  return false;
}

bool JsonFieldMatcher::test_value() {
  if (*p_ == '{' || *p_ == '[') {
    skip_container();
    return test_.kind == FieldTest::Kind::kExists && spans_ == nullptr;
  }
  const bool is_string = *p_ == '"';
  const std::string_view token = is_string ? take_string() : take_scalar();
  if (!(is_string ? test_string(token) : test_scalar(token))) return false;
  if (spans_ == nullptr) return true;
  if (is_string && (finder_ || regex_)) {
    add_spans_in(token);
  } else {
    add_span(token);
  }
  return spans_->size() >= limit_;
}

void JsonFieldMatcher::add_span(std::string_view passed) {
  if (passed.empty() || spans_->size() >= limit_) return;
  const auto begin = static_cast<size_t>(passed.data() - begin_);
  spans_->push_back({begin, begin + passed.size()});
}

void JsonFieldMatcher::add_spans_in(std::string_view raw) {
  const bool escaped = traits_.json_escapes && has_escape(raw);
  const size_t left = limit_ - spans_->size();
  if (finder_) {
    const tokenizer::FoldedWithOrigins folded = tokenizer::fold_with_origins(raw, {traits_.ascii, escaped});
    for (const tokenizer::TokenSpan& span : finder_->find_all(folded.text, left)) {
      const uint32_t begin = folded.begin[span.begin];
      add_span(raw.substr(begin, folded.end[span.end - 1] - begin));
    }
  } else if (escaped) {
    add_span(raw);
  } else {
    for (const ByteSpan& span : regex_->find_all(raw, left)) add_span(raw.substr(span.begin, span.end - span.begin));
  }
}

bool JsonFieldMatcher::test_string(std::string_view raw) {
  const bool escaped = traits_.json_escapes && has_escape(raw);
  switch (test_.kind) {
    case FieldTest::Kind::kExists: return true;
    case FieldTest::Kind::kWord: return finder_->found_in(folder_.fold(raw, {traits_.ascii, escaped}));
    case FieldTest::Kind::kRegex:
      if (!regex_) return false;
      if (!escaped) return regex_->found_in(raw, traits_.ascii || traits_.json_escapes);
      unescaped_.clear();
      tokenizer::append_unescaped(raw, unescaped_);
      return regex_->found_in(unescaped_, true);
    case FieldTest::Kind::kNull:
    case FieldTest::Kind::kInRange: return false;
  }
  return false;
}

bool JsonFieldMatcher::test_scalar(std::string_view token) const {
  switch (test_.kind) {
    case FieldTest::Kind::kExists: return true;
    case FieldTest::Kind::kNull: return token == "null";
    case FieldTest::Kind::kWord:
      if (test_.boolean && token == (*test_.boolean ? "true" : "false")) return true;
      return test_.number && parse_json_number(token) == test_.number;
    case FieldTest::Kind::kInRange:
      if (const auto number = parse_json_number(token)) {
        return (test_.low_open ? *number > test_.low : *number >= test_.low) &&
               (test_.high_open ? *number < test_.high : *number <= test_.high);
      }
      return false;
    case FieldTest::Kind::kRegex: return false;
  }
  return false;
}

bool JsonFieldMatcher::is_name(std::string_view raw, const std::string& name) {
  if (raw.size() < name.size()) return false;  // an escape never spells more bytes than it has
  if (!traits_.json_escapes || !has_escape(raw)) return raw == name;
  unescaped_.clear();
  tokenizer::append_unescaped(raw, unescaped_);
  return unescaped_ == name;
}

void JsonFieldMatcher::skip_space() {
  while (p_ != end_ && is_space(*p_)) ++p_;
}

std::string_view JsonFieldMatcher::take_string() {
  const char* const begin = ++p_;
  for (;;) {
    const char* const quote = find_quote(p_, end_);
    if (quote == nullptr) {
      p_ = end_;
      return {};
    }
    p_ = quote + 1;
    if (!traits_.json_escapes) return {begin, quote};
    const char* escapes = quote;
    while (escapes != begin && escapes[-1] == '\\') --escapes;
    if ((quote - escapes) % 2 == 0) return {begin, quote};
  }
}

std::string_view JsonFieldMatcher::take_scalar() {
  const char* const begin = p_;
  while (p_ != end_ && !ends_scalar(*p_)) ++p_;
  return {begin, p_};
}

void JsonFieldMatcher::skip_container() {
  size_t depth = 0;
  while (p_ != end_) {
    switch (*p_) {
      case '"': (void)take_string(); continue;
      case '{':
      case '[': ++depth; break;
      case '}':
      case ']': --depth; break;
      default: break;
    }
    ++p_;
    if (depth == 0) return;
  }
}

void JsonFieldMatcher::skip_value() {
  skip_space();
  if (p_ == end_) return;
  if (*p_ == '"') {
    (void)take_string();
  } else if (*p_ == '{' || *p_ == '[') {
    skip_container();
  } else {
    (void)take_scalar();
  }
}

bool JsonFieldMatcher::next_item() {
  skip_space();
  return p_ != end_ && *p_ == ',';
}

}  // namespace kseek::query
