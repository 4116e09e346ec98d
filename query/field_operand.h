// From an operand of the query text to the condition it stands for.
#pragma once

#include "query/condition.h"
#include "query/query_scanner.h"

namespace kseek::query {

/// A phrase, a word with wildcards or a regular expression in a key, a value or headers. kInvalid says what is wrong.
[[nodiscard]] Result<Condition> text_condition(const Target& target, const Operand& operand);

/// A test of a field of a JSON value: null, true, 42, >=100, 1..5, *, a phrase, a word with wildcards, /regex/.
[[nodiscard]] Result<Condition> json_condition(const JsonPath& path, const Operand& operand);

}  // namespace kseek::query
