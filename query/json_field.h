// Tests of a field of a JSON text, on the text as it is stored: no tree is built.
//
// What a field is
//   * Only valid JSON objects and arrays (tokenizer::is_json_container) have fields, of any depth and size.
//   * A name matches a member's name exactly, once escapes are spelled out. Of members with the same name any one
//   counts.
//   * [n] is an element of an array, from 0; [*] any element. A name leads nowhere in an array, an index nowhere in an
//     object.
//   * Numbers compare as the long double nearest to their text: every 64-bit integer and every double is exact.
//   * A phrase is looked for in the folded string, a regular expression in its characters, escapes spelled out in both.
//   * An object or array at the end of the path exists, and passes no other test.
//
// How: a walk over the bytes that takes the text to be valid, steps over what the path doesn't name by looking for
// quotes and brackets alone, and stays in bounds whatever the bytes are. Where it finds no match none is in a valid
// text; where it finds one, a text not yet known to be valid is validated. Before it, texts are rejected that lack the
// path's last name or the phrase's longest literal. On 345-byte documents the walk was measured at 1.1 to 1.5 GB/s,
// simdjson's On-Demand front end at 1.75 for the same question; but that needs a padded copy, and a second, exact way
// beyond its limits: 1,024 levels, integers of 64 bits.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "query/json_path.h"
#include "query/regex_matcher.h"
#include "tokenizer/pattern.h"
#include "tokenizer/text.h"

namespace kseek::query {

/// What a field of a JSON value must be. Wide floats hold every 64-bit integer and every double exactly.
struct FieldTest {
  enum class Kind : uint8_t {
    kExists,   ///< the path leads to anything, also null, an object, an array
    kNull,     ///< null
    kWord,     ///< a string with the phrase; when `number` or `boolean` is set, also that number or boolean
    kInRange,  ///< a number between low and high, ends as said
    kRegex,    ///< a string in which it is found
  } kind = Kind::kExists;
  tokenizer::Phrase phrase;           ///< kWord
  std::optional<long double> number;  ///< kWord
  std::string integer_digits;         ///< kWord with a number: those before its point, if all of its digits settle what
                                      ///< it equals (store/unusual_number.h); else empty
  std::optional<bool> boolean;        ///< kWord
  long double low = 0, high = 0;      ///< kInRange, may be infinite
  bool low_open = false, high_open = false;
  Regex regex;  ///< kRegex
  /// As a query writes it after the colon.
  [[nodiscard]] std::string to_string() const;
  bool operator==(const FieldTest&) const = default;
};

/// The value of a JSON number's text (infinite when it is beyond a long double); nullopt when it is anything else.
/// Whatever the process's locale. Allocates only for texts over 127 bytes.
[[nodiscard]] std::optional<long double> parse_json_number(std::string_view text);

/// Built once a query, used by one thread at a time: it keeps scratch, so that a text costs no allocation once it is
/// large enough.
class JsonFieldMatcher {
 public:
  /// REQUIRES: a kWord has a phrase; a kRegex compiles (RegexMatcher::compile).
  JsonFieldMatcher(JsonPath path, FieldTest test);

  /// `traits` must be what classify() said of the text (a default one will do for text without a backslash).
  /// Linear in the text.
  [[nodiscard]] bool matches(std::string_view text, tokenizer::TextTraits traits);

  /// Where in the text, as it was sent, what passes the test stands, in order; at most `limit`: of a string the phrase
  /// or the regular expression's match (all between the quotes if an escape stands there), else what the path leads to:
  /// all between a string's quotes, a number, true, false, null. Objects and arrays, which only exist, and what is
  /// empty have no place. Allocates.
  [[nodiscard]] std::vector<ByteSpan> find_all(std::string_view text, tokenizer::TextTraits traits, size_t limit);

 private:
  [[nodiscard]] bool rejects(std::string_view text, tokenizer::TextTraits traits);
  // Each reads at p_, which moves behind what it read; to end_ when the text can't be valid. True: found, and enough.
  bool find_value(size_t step);
  bool find_in_object(size_t step);
  bool find_in_array(size_t step);
  bool test_value();
  [[nodiscard]] bool test_string(std::string_view raw);
  void add_span(std::string_view passed);
  void add_spans_in(std::string_view raw);
  [[nodiscard]] bool test_scalar(std::string_view token) const;
  [[nodiscard]] bool is_name(std::string_view raw, const std::string& name);

  void skip_space();
  /// What stands between the quotes.
  std::string_view take_string();
  std::string_view take_scalar();
  void skip_container();
  void skip_value();
  /// True at a comma.
  bool next_item();

  const JsonPath path_;
  const FieldTest test_;
  std::string quoted_name_;                        // the last name of the path, in quotes; empty: it has none
  std::string anchor_;                             // the phrase's longest literal, if only strings can match
  std::optional<tokenizer::PhraseFinder> finder_;  // kWord
  std::optional<RegexMatcher> regex_;              // kRegex
  tokenizer::TextFolder folder_;
  std::string unescaped_;

  // The text at hand.
  const char* begin_ = nullptr;
  const char* p_ = nullptr;
  const char* end_ = nullptr;
  tokenizer::TextTraits traits_;
  std::vector<ByteSpan>* spans_ = nullptr;  // find_all's: what passes goes there, and the walk goes on
  size_t limit_ = 0;
};

}  // namespace kseek::query
