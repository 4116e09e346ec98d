#include "query/query_scanner.h"

#include <fmt/format.h>

#include <algorithm>

namespace kseek::query {
namespace {

bool is_space(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }
/// Ends a word: white space, quotation marks, parentheses.
bool ends_word(char c) { return is_space(c) || c == '"' || c == '(' || c == ')'; }
bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; }
/// Begins a character (is no continuation byte) in UTF-8.
bool begins_char(char c) { return (static_cast<unsigned char>(c) & 0xC0) != 0x80; }

}  // namespace

std::string unescape(std::string_view text) {
  std::string plain;
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '\\' && i + 1 < text.size()) ++i;
    plain += text[i];
  }
  return plain;
}

void QueryScanner::skip_space() {
  while (!done() && is_space(peek())) ++at_;
}

bool QueryScanner::accept(char c) {
  if (done() || peek() != c) return false;
  ++at_;
  return true;
}

bool QueryScanner::at_operator(std::string_view word) {
  skip_space();
  return text_.substr(at_).starts_with(word) && word_end(at_) == at_ + word.size();
}

bool QueryScanner::accept_operator(std::string_view word) {
  if (!at_operator(word)) return false;
  at_ += word.size();
  return true;
}

bool QueryScanner::accept_minus(bool numbers) {
  if (done() || peek() != '-' || at_ + 1 == text_.size()) return false;
  const char next = text_[at_ + 1];
  if (is_space(next) || next == ')' || (numbers && next >= '0' && next <= '9')) return false;
  ++at_;
  return true;
}

size_t QueryScanner::word_end(size_t at) const {
  for (; at < text_.size() && !ends_word(text_[at]); ++at) {
    if (text_[at] == '\\' && at + 1 < text_.size()) ++at;
  }
  return at;
}

size_t QueryScanner::find_unescaped(char closer, size_t at) const {
  for (; at < text_.size(); ++at) {
    if (text_[at] == closer) return at;
    if (text_[at] == '\\') ++at;
  }
  return std::string_view::npos;
}

std::optional<std::string_view> QueryScanner::take_field_name() {
  if (!is_letter(peek())) return std::nullopt;
  const size_t colon = find_unescaped(':', at_);
  if (colon == std::string_view::npos || colon > word_end(at_)) return std::nullopt;
  if (text_.substr(colon + 1).starts_with("//")) return std::nullopt;  // http://host
  const std::string_view name = text_.substr(at_, colon - at_);
  at_ = colon + 1;
  return name;
}

std::optional<Operand> QueryScanner::take_regex() {
  const size_t close = find_unescaped('/', at_ + 1);
  if (close == std::string_view::npos || close == at_ + 1) return std::nullopt;
  const bool ignore_case = close + 1 < text_.size() && text_[close + 1] == 'i';
  const size_t end = close + 1 + (ignore_case ? 1 : 0);
  if (end < text_.size() && !is_space(text_[end]) && text_[end] != ')') return std::nullopt;  // a path: /api/v1
  const Operand regex{Operand::Kind::kRegex, text_.substr(at_ + 1, close - at_ - 1), ignore_case};
  at_ = end;
  return regex;
}

std::optional<Error> QueryScanner::unknown_flags() const {
  constexpr std::string_view kFlagsElsewhere = "gimsuxy";  // of Perl and JavaScript
  constexpr size_t kMost = 3;                              // of more letters it is rather the end of a path
  const size_t close = find_unescaped('/', at_ + 1);
  if (close == std::string_view::npos || close == at_ + 1) return std::nullopt;
  size_t end = close + 1;
  while (end < text_.size() && !is_space(text_[end]) && text_[end] != ')') ++end;
  const std::string_view flags = text_.substr(close + 1, end - close - 1);
  const size_t unknown = flags.find_first_not_of('i');
  if (flags.size() > kMost || flags.find_first_not_of(kFlagsElsewhere) != std::string_view::npos) return std::nullopt;
  return error(close + 1 + (unknown == std::string_view::npos ? 1 : unknown),
               fmt::format("\"{}\" after a regular expression is not known", flags),
               "only i, once, which ignores case; a path is written in quotation marks");
}

Result<Operand> QueryScanner::take_operand() {
  const size_t begin = at_;
  if (accept('"')) {
    const size_t close = find_unescaped('"', at_);
    if (close == std::string_view::npos) {
      return error(begin, "the quotation mark is not closed", "close it, or write \\\" for the character");
    }
    at_ = close + 1;
    return Operand{Operand::Kind::kQuoted, text_.substr(begin + 1, close - begin - 1)};
  }
  if (peek() == '/') {
    if (const auto regex = take_regex()) return *regex;
    if (auto unknown = unknown_flags()) return *std::move(unknown);
  }
  at_ = word_end(at_);
  return Operand{Operand::Kind::kWord, text_.substr(begin, at_ - begin)};
}

std::string QueryScanner::take_plain() {
  const size_t begin = at_;
  if (!done() && peek() == '"') {
    if (const size_t close = find_unescaped('"', at_ + 1); close != std::string_view::npos) {
      at_ = close + 1;
      return unescape(text_.substr(begin + 1, close - begin - 1));
    }
  }
  at_ = word_end(at_);
  return unescape(text_.substr(begin, at_ - begin));
}

Error QueryScanner::error(size_t at, std::string_view message, std::string_view hint) const {
  const std::string_view before = text_.substr(0, std::min(at, text_.size()));
  const auto characters = std::count_if(before.begin(), before.end(), begins_char);
  return {ErrorCode::kInvalid, fmt::format("query, at character {}: {}", characters + 1, message), std::string(hint)};
}

std::string QueryScanner::here() const {
  if (done()) return "the end";
  return fmt::format("\"{}\"", text_.substr(at_, std::max<size_t>(word_end(at_) - at_, 1)));
}

}  // namespace kseek::query
