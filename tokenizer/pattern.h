// What a person types for words: exact tokens, and tokens with wildcards; several in a row are a phrase.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "tokenizer/substring.h"
#include "tokenizer/tokenizer.h"

namespace kseek::tokenizer {

/// A pattern for one token: folded literal pieces, `*` any run of characters (also none), `?` exactly one character.
/// Immutable after construction; any thread.
class TokenPattern {
 public:
  /// Matches exactly this folded token.
  static TokenPattern exact(std::string folded_token);

  /// One step of a pattern.
  struct Step {
    enum class Kind : uint8_t { kLiteral, kAnyRun, kAnyOne } kind = Kind::kLiteral;
    std::string literal;  ///< for kLiteral: folded, not empty
    auto operator<=>(const Step&) const = default;
  };
  /// Adjacent literals and runs are joined. REQUIRES: not empty.
  static TokenPattern of(std::vector<Step> steps);

  [[nodiscard]] bool is_exact() const;
  /// True for a lone `*`: any one token.
  [[nodiscard]] bool is_any() const;
  /// The exact token, or the literal text before the first wildcard (may be empty).
  [[nodiscard]] std::string_view literal_prefix() const;
  /// The longest literal piece (may be empty): every token that matches contains it.
  [[nodiscard]] std::string_view longest_literal() const;

  /// Linear time in token bytes times pattern bytes at worst, no recursion (greedy with one restart point; after
  /// R. Cox, "Glob Matching Can Be Simple And Fast Too").
  [[nodiscard]] bool matches(std::string_view token) const;

  /// True if the pattern may match a token whose index term is `term`: exactly matches() for a whole term; for a
  /// cut one whether any token with that head, longer than kMaxTermBytes, could match (may say yes wrongly, never no).
  [[nodiscard]] bool may_match_term(std::string_view term) const;

  /// As typed, for explain and error messages, with `*` and `?`.
  [[nodiscard]] std::string to_string() const;

  bool operator==(const TokenPattern&) const = default;

 private:
  std::vector<Step> steps_;
};

/// Token patterns that must match adjacent tokens, in order. Never empty.
struct Phrase {
  std::vector<TokenPattern> tokens;
  [[nodiscard]] std::string to_string() const;  ///< words apart by spaces
  bool operator==(const Phrase&) const = default;
};

/// Reads a phrase: split into words exactly as text is, where an unescaped `*` or `?` counts as a letter;
/// `\*`, `\?`, `\\`, `\"`, `\:` are the character itself. A lone `*` is any one word. Around a character that is a
/// word of its own (Han, kana, Thai …) a `*` at the phrase's outer end adds nothing and is dropped (the phrase without
/// it finds the same), `?` is any one-character word, and a `*` between two such characters, or between one and a
/// separator inside the phrase, is kInvalid (the hint says what to write instead). kInvalid also when there is no word
/// at all ("has no letters or digits").
[[nodiscard]] Result<Phrase> parse_phrase(std::string_view text);

/// Finds phrases in folded text. Built once per query, used by one thread at a time (it keeps token scratch).
/// Searches for the phrase's longest literal first (its anchor), and looks at tokens only around the places where that
/// stands; or at all tokens, where the anchor is too short to be worth it.
class PhraseFinder {
 public:
  explicit PhraseFinder(Phrase phrase);

  /// True if the phrase stands anywhere in the folded text.
  [[nodiscard]] bool found_in(std::string_view folded);
  /// Every occurrence, as the spans from first to last token, in order, not overlapping; at most `limit`.
  [[nodiscard]] std::vector<TokenSpan> find_all(std::string_view folded, size_t limit);
  [[nodiscard]] const Phrase& phrase() const { return phrase_; }

 private:
  /// The first occurrence that begins at `from` (a token boundary) or later, by the places of the anchor.
  [[nodiscard]] std::optional<TokenSpan> find_local(std::string_view folded, uint32_t from) const;
  /// The occurrence whose anchored token is this one, if it begins at `from` or later.
  [[nodiscard]] std::optional<TokenSpan> extend(std::string_view folded, TokenSpan anchored, uint32_t from) const;
  void find_in_tokens(std::string_view folded, size_t limit, std::vector<TokenSpan>& found);

  Phrase phrase_;
  size_t anchored_token_ = 0;  // of phrase_.tokens: the one with the longest literal
  SubstringFinder anchor_;     // that literal; may be empty
  bool local_ = false;         // find_local is right and fast for it
  std::vector<TokenSpan> spans_;
};

}  // namespace kseek::tokenizer
