// Which tokens a regular expression implies, so that the index can say where it can't match.
//
// RE2's prefilter gives the literal pieces that a match contains, in lower case. A piece tells of a token only where it
// holds the token's beginning: a run of ASCII letters and digits behind an ASCII separator other than a backslash
// (behind anything else the run may go on to the left; behind a backslash its first letters may belong to a JSON
// escape, for the expression is about the text as sent, the index about what escapes spell). If a separator other than
// a backslash follows, the token is known exactly. Else it begins with the run less its last character, which may
// compose with a mark that follows.
#pragma once

#include <vector>

#include "query/regex_matcher.h"
#include "tokenizer/pattern.h"

namespace kseek::query {

/// At least one of these: exact tokens, or a literal prefix and `*`. Never empty.
using TokenClause = std::vector<tokenizer::TokenPattern>;

/// Every text in which the expression is found, also spelled-out JSON escapes and ill-formed UTF-8, has for each clause
/// a token that one of its patterns matches. Empty: nothing is implied. The same holds of a JSON text one of whose
/// strings, unescaped, has a match. At most 64 clauses of 64 patterns. Takes microseconds to milliseconds, once a
/// query; any thread.
///
///   timeout after \d+ms          after
///   ERROR .* code=(42|43)\b      code      (the 4 is a prefix too short to be worth a scan)
///   "state":"(FAILED|TIMEOUT)"   state, and failed or timeout
[[nodiscard]] std::vector<TokenClause> implied_tokens(const Regex& regex);

}  // namespace kseek::query
