// The query text as a parser looks at it: operators, field names, operands. Positions are bytes from 0 inside, and
// characters from 1 in error messages.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"

namespace kseek::query {

/// What follows a field, or stands alone: its text still has its escapes.
struct Operand {
  enum class Kind : uint8_t { kWord, kQuoted, kRegex } kind = Kind::kWord;
  std::string_view text;     ///< a view of the query; kRegex: between the slashes
  bool ignore_case = false;  ///< kRegex: /…/i
};

/// Removes the backslash before each escaped character.
[[nodiscard]] std::string unescape(std::string_view text);

/// Borrows the text. One thread.
class QueryScanner {
 public:
  explicit QueryScanner(std::string_view text) : text_(text) {}

  [[nodiscard]] bool done() const { return at_ == text_.size(); }
  [[nodiscard]] size_t at() const { return at_; }
  [[nodiscard]] char peek() const { return text_[at_]; }
  void skip_space();
  bool accept(char c);
  /// After white space: AND, OR or NOT as a whole word.
  [[nodiscard]] bool at_operator(std::string_view word);
  bool accept_operator(std::string_view word);
  /// A `-` right before what it negates; with `numbers`, one before a digit is a number's sign.
  bool accept_minus(bool numbers);

  /// The name before an unescaped `:` at the start of the word here, colon taken; nullopt (nothing taken) when this
  /// word has none, or has something before it that is no name (12:30, \:).
  [[nodiscard]] std::optional<std::string_view> take_field_name();
  [[nodiscard]] Result<Operand> take_operand();
  /// The quoted text or the word here, escapes resolved; may be empty.
  [[nodiscard]] std::string take_plain();

  /// A kInvalid that says where: "at character 7: message".
  [[nodiscard]] Error error(size_t at, std::string_view message, std::string_view hint) const;
  /// `result`, its error with the place.
  template <class T>
  [[nodiscard]] Result<T> located(size_t at, Result<T> result) const {
    if (result) return result;
    return error(at, result.error().message, result.error().hint);
  }
  /// What stands here, for a message: `")"`, `the end`.
  [[nodiscard]] std::string here() const;

 private:
  /// One past the last byte of the word that begins at `at`.
  [[nodiscard]] size_t word_end(size_t at) const;
  /// The unescaped `closer` at or after `at`; npos when there is none.
  [[nodiscard]] size_t find_unescaped(char closer, size_t at) const;
  [[nodiscard]] std::optional<Operand> take_regex();
  /// What is wrong with letters after a regular expression that other tools know there: /x/g.
  [[nodiscard]] std::optional<Error> unknown_flags() const;

  std::string_view text_;
  size_t at_ = 0;
};

}  // namespace kseek::query
