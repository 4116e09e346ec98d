// Random JSON values of small shapes from small alphabets, and tests of their fields, that meet often.
#pragma once

#include <string>
#include <vector>

#include "tests/query/random_text.h"

namespace kseek::query {

/// An object or array: names and strings with and without escapes, members of the same name, numbers in many spellings.
[[nodiscard]] std::string random_json(RandomText& random);

/// A number in one of its spellings: exponents, trailing zeros, long fractions, more digits than 64 bits hold.
[[nodiscard]] const std::string& random_number(RandomText& random);

/// `text` (well-formed UTF-8) as a JSON string; each character may be written as an escape.
[[nodiscard]] std::string random_json_string(RandomText& random, std::string_view text);

/// ".a[0].b" as a query writes it after `value`, with escapes for what is special in names; its steps go to `steps`.
[[nodiscard]] std::string random_path(RandomText& random, std::vector<OracleStep>& steps);

}  // namespace kseek::query
