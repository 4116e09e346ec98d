// Which tokens a regular expression implies, so that the index can say where it can't match.
//
// RE2's prefilter gives the literal pieces that a match contains, in lower case. A run of ASCII letters and digits in a
// piece stands in one token. Behind an ASCII separator other than a backslash the token begins with it. Behind anything
// else it may go on to the left, and its first letters may belong to a JSON escape (the expression is about the text as
// sent, the index about what escapes spell): the token contains what no escape can take of the run. If a separator
// other than a backslash follows, the token ends with the run. Else it goes on, and the run's last character may
// compose with a mark that follows: the token has the run less that.
#pragma once

#include <vector>

#include "query/regex_matcher.h"
#include "tokenizer/pattern.h"

namespace kseek::query {

/// At least one of these: exact tokens, or a literal before, behind or between `*`. Never empty.
using TokenClause = std::vector<tokenizer::TokenPattern>;

/// Every text in which the expression is found, also spelled-out JSON escapes and ill-formed UTF-8, has for each clause
/// a token that one of its patterns matches. Empty: nothing is implied. The same holds of a JSON text one of whose
/// strings, unescaped, has a match. At most 64 clauses of 64 patterns. Takes microseconds to milliseconds, once a
/// query; any thread.
///
///   timeout after \d+ms          *imeout and after  (the t may be of a \t)
///   ERROR .* code=(42|43)\b      *rror and code     (the 4 is a prefix too short to be worth a scan)
///   "state":"(FAILED|TIMEOUT)"   state, and failed or timeout
[[nodiscard]] std::vector<TokenClause> implied_tokens(const Regex& regex);

}  // namespace kseek::query
