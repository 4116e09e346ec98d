// Regular expressions in RE2's syntax, searched for in a text as it was sent. RE2 stays inside.
//
// Semantics: RE2's defaults. `.` matches any character but a newline, ^ and $ the ends of the text (with (?m) of its
// lines), \d \w \s \b are ASCII. A character is a code point; each ill-formed maximal subpart of UTF-8 reads as one
// U+FFFD, as everywhere in kseek. JSON escapes in a text are not spelled out: \n in JSON text is a backslash and an n.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace re2 {
class RE2;
}  // namespace re2

namespace kseek::query {

struct Regex {
  std::string pattern;
  bool ignore_case = false;
  /// Between slashes, as a query writes it.
  [[nodiscard]] std::string to_string() const;
  bool operator==(const Regex&) const = default;
};

/// A range of bytes of a text.
struct ByteSpan {
  size_t begin = 0;
  size_t end = 0;
  auto operator<=>(const ByteSpan&) const = default;
};

/// Compiled once a query, used by one thread at a time (it keeps scratch for ill-formed text). Linear in the text. No
/// allocation a text once the automaton has its states, except for ill-formed text longer than any before.
///
/// Limits: kMaxMemoryBytes for the compiled expression and the automaton's states together. An expression that needs
/// more to compile is kInvalid; one whose states don't fit is matched all the same, ten or more times slower.
class RegexMatcher {
 public:
  static constexpr int64_t kMaxMemoryBytes = 16 << 20;

  /// kInvalid: the pattern is not a regular expression, or too large; the message says why.
  [[nodiscard]] static Result<RegexMatcher> compile(const Regex& regex);
  ~RegexMatcher();
  RegexMatcher(RegexMatcher&&) noexcept;
  RegexMatcher& operator=(RegexMatcher&&) noexcept;

  /// True if a match stands anywhere in the text. `valid_utf8`: the caller knows that it is (TextTraits::ascii or
  /// ::json_escapes say so), which saves looking.
  [[nodiscard]] bool found_in(std::string_view text, bool valid_utf8 = false);

  /// The leftmost matches that are not empty, in order, not overlapping; at most `limit`. Spans are of `text`.
  [[nodiscard]] std::vector<ByteSpan> find_all(std::string_view text, size_t limit);

  /// What every text with a match contains, byte by byte: found_in() looks for it first, many times faster than an
  /// automaton. Empty when the pattern's outermost level shows nothing of the kind, and when case is ignored.
  [[nodiscard]] const std::string& literal() const { return literal_; }

 private:
  RegexMatcher(std::unique_ptr<re2::RE2> compiled, std::string literal);

  std::unique_ptr<re2::RE2> compiled_;
  std::string literal_;
  std::string repaired_;  // the text at hand with U+FFFD, if it is ill-formed
};

}  // namespace kseek::query
