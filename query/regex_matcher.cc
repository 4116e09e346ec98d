#include "query/regex_matcher.h"

#include <fmt/format.h>
#include <re2/re2.h>
#include <simdjson.h>

#include <cstring>

#include "query/regex_literal.h"
#include "tokenizer/utf8.h"

namespace kseek::query {
namespace {

using tokenizer::Decoded;

re2::StringPiece piece(std::string_view text) {
  return text.empty() ? re2::StringPiece("") : re2::StringPiece(text.data(), text.size());
}

/// `text` as well-formed UTF-8; for each of its bytes, when `origins` is given, the span of `text` it stands for.
void repair(std::string_view text, std::string& repaired, std::vector<ByteSpan>* origins) {
  repaired.clear();
  const char* const first = text.data();
  const char* const end = first + text.size();
  for (const char* p = first; p < end;) {
    const Decoded decoded = tokenizer::decode_utf8(p, end);
    char utf8[4];
    const size_t bytes = tokenizer::encode_utf8(decoded.c, utf8);
    repaired.append(utf8, bytes);
    const auto from = static_cast<size_t>(p - first);
    if (origins != nullptr) origins->insert(origins->end(), bytes, {from, from + decoded.length});
    p += decoded.length;
  }
}

}  // namespace

std::string Regex::to_string() const {
  std::string text = "/";
  for (size_t i = 0; i < pattern.size(); ++i) {
    if (pattern[i] == '/') text += '\\';
    text += pattern[i];
    if (pattern[i] == '\\' && i + 1 < pattern.size()) text += pattern[++i];
  }
  return text + (ignore_case ? "/i" : "/");
}

RegexMatcher::RegexMatcher(std::unique_ptr<re2::RE2> compiled, std::string literal)
    : compiled_(std::move(compiled)), literal_(std::move(literal)) {}
RegexMatcher::~RegexMatcher() = default;
RegexMatcher::RegexMatcher(RegexMatcher&&) noexcept = default;
RegexMatcher& RegexMatcher::operator=(RegexMatcher&&) noexcept = default;

Result<RegexMatcher> RegexMatcher::compile(const Regex& regex) {
  RE2::Options options;
  options.set_log_errors(false);
  options.set_never_capture(true);
  options.set_max_mem(kMaxMemoryBytes);
  options.set_case_sensitive(!regex.ignore_case);
  auto compiled = std::make_unique<RE2>(piece(regex.pattern), options);
  if (!compiled->ok()) {
    return Error{ErrorCode::kInvalid,
                 fmt::format("/{}/ is not a regular expression: {}", regex.pattern, compiled->error()),
                 "the syntax is RE2's; \\ before a character takes its special meaning away"};
  }
  return RegexMatcher(std::move(compiled), regex.ignore_case ? std::string() : required_literal(regex.pattern));
}

bool RegexMatcher::found_in(std::string_view text, bool valid_utf8) {
  if (text.empty()) text = "";  // not null
  if (!valid_utf8 && !simdjson::validate_utf8(text.data(), text.size())) {
    repair(text, repaired_, nullptr);
    text = repaired_;
  }
  if (!literal_.empty() && ::memmem(text.data(), text.size(), literal_.data(), literal_.size()) == nullptr)
    return false;
  return compiled_->Match(piece(text), 0, text.size(), RE2::UNANCHORED, nullptr, 0);
}

std::vector<ByteSpan> RegexMatcher::find_all(std::string_view text, size_t limit) {
  std::vector<ByteSpan> spans;
  std::vector<ByteSpan> origins;
  if (text.empty()) return spans;
  if (!simdjson::validate_utf8(text.data(), text.size())) {
    repair(text, repaired_, &origins);
    text = repaired_;
  }
  const re2::StringPiece whole = piece(text);
  re2::StringPiece match;
  for (size_t at = 0; at < text.size() && spans.size() < limit;) {
    if (!compiled_->Match(whole, at, text.size(), RE2::UNANCHORED, &match, 1)) break;
    const auto begin = static_cast<size_t>(match.data() - whole.data());
    const size_t end = begin + match.size();
    if (!match.empty()) {
      spans.push_back(origins.empty() ? ByteSpan{begin, end} : ByteSpan{origins[begin].begin, origins[end - 1].end});
    }
    at = match.empty() ? end + 1 : end;
  }
  return spans;
}

}  // namespace kseek::query
