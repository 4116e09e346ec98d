#include "server/query_text.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <vector>

namespace kseek::server {
namespace {

struct Word {
  std::string_view text;  ///< escapes still in it
  size_t at = 0;          ///< where it begins in the query text, bytes from 0
  bool quoted = false;
};

Error refused(size_t at, std::string_view what, std::string_view hint) {
  return {ErrorCode::kInvalid, fmt::format("q, at byte {}: {}", at + 1, what), std::string(hint)};
}

/// One past the last byte of a quoted phrase or word that begins at `begin`; an escaped character never ends it.
size_t word_end(std::string_view text, size_t begin, bool quoted) {
  size_t i = begin;
  for (; i < text.size(); ++i) {
    if (text[i] == '\\') {
      ++i;
    } else if (text[i] == '"' || (!quoted && std::isspace(static_cast<unsigned char>(text[i])) != 0)) {
      return i;
    }
  }
  return text.size();
}

Result<std::vector<Word>> split(std::string_view text) {
  std::vector<Word> words;
  for (size_t i = 0; i < text.size();) {
    if (std::isspace(static_cast<unsigned char>(text[i])) != 0) {
      ++i;
      continue;
    }
    const bool quoted = text[i] == '"';
    const size_t begin = quoted ? i + 1 : i;
    const size_t end = word_end(text, begin, quoted);
    if (quoted && end >= text.size()) {
      return refused(i, "the quotation mark is not closed", "close it, or write \\\" for the character");
    }
    words.push_back({text.substr(begin, end - begin), begin, quoted});
    i = quoted ? end + 1 : end;
  }
  return words;
}

/// True for key:… value.path:… and the other fields of the query language.
bool has_field(std::string_view word) {
  constexpr std::array<std::string_view, 6> kFields{"key", "value", "header", "partition", "offset", "time"};
  const size_t colon = word.find(':');
  if (colon == std::string_view::npos) return false;
  const std::string_view name = word.substr(0, std::min(word.find('.'), colon));
  return std::find(kFields.begin(), kFields.end(), name) != kFields.end();
}

Result<void> check_plain(const Word& word) {
  constexpr std::string_view kQuote = "put it in quotation marks to look for the text itself";
  if (word.text == "OR" || word.text == "NOT" || word.text == "AND") {
    return refused(word.at, fmt::format("{} is not supported yet: words are all required", word.text), kQuote);
  }
  if (word.text.front() == '-' && word.text.size() > 1) {
    return refused(word.at, "a leading - (NOT) is not supported yet", kQuote);
  }
  for (size_t i = 0; i < word.text.size(); ++i) {
    if (word.text[i] == '\\') {
      ++i;
    } else if (word.text[i] == '(' || word.text[i] == ')') {
      return refused(word.at + i, "parentheses are not supported yet", kQuote);
    }
  }
  if (has_field(word.text)) {
    return refused(word.at, fmt::format("fields (\"{}\") are not supported yet in q", word.text),
                   "use the parameters key, value, partition, offset and time, or escape the colon: \\:");
  }
  return {};
}

}  // namespace

Result<query::Condition> parse_query_text(std::string_view text) {
  KSEEK_ASSIGN(const std::vector<Word> words, split(text));
  if (words.empty()) return refused(0, "there is no word", "leave q out to find everything");
  std::vector<query::Condition> conditions;
  for (const Word& word : words) {
    if (!word.quoted) KSEEK_TRY(check_plain(word));
    auto condition = query::parse_text_condition(query::Scope::kKeyOrValue, word.text);
    if (!condition) {
      Error error = condition.error();
      error.message = fmt::format("q, at byte {}: {}", word.at + 1, error.message);
      return error;
    }
    conditions.push_back(*std::move(condition));
  }
  return query::Condition::all_of(std::move(conditions));
}

}  // namespace kseek::server
