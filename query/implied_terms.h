// What a condition on text implies of the tokens of that text: the index's side of each kind of condition.
#pragma once

#include <string>
#include <vector>

#include "query/condition.h"
#include "query/regex_filter.h"

namespace kseek::query {

/// Every text that satisfies the condition (kPhrase, kRegex, kField; a text is one key, value or header value) has for
/// each clause a token, or the mark store::kUnusualNumber, that one of the clause's patterns matches. Empty: nothing is
/// implied.
///
///   a phrase      each of its words, but not a lone *
///   /regex/       regex_filter.h
///   value.a.b:x   the words of the names in the path; then, for a string, its words; for a number, the digits before
///                 its point, or the mark; for a regular expression, its tokens
[[nodiscard]] std::vector<TokenClause> implied_clauses(const Condition& condition);

/// Two exact words.
struct WordPair {
  std::string first;
  std::string second;
  bool operator==(const WordPair&) const = default;
};

/// Every text that satisfies the condition has, for each pair, these two words next to each other: neighbours of a
/// phrase, of a field's string and of a name in its path, neither of them with a wildcard.
[[nodiscard]] std::vector<WordPair> implied_pairs(const Condition& condition);

}  // namespace kseek::query
