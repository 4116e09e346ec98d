// Makers of what a JSON field is tested for.
#pragma once

#include <string>
#include <string_view>
#include <utility>

#include "query/json_field.h"
#include "tokenizer/tokenizer.h"

namespace kseek::query {

inline FieldTest word(std::string_view text) {
  FieldTest test;
  test.kind = FieldTest::Kind::kWord;
  test.phrase = *tokenizer::parse_phrase(text);
  test.number = parse_json_number(text);
  if (text == "true" || text == "false") test.boolean = text == "true";
  return test;
}
inline FieldTest of_kind(FieldTest::Kind kind) {
  FieldTest test;
  test.kind = kind;
  return test;
}
inline FieldTest range(long double low, bool low_open, long double high, bool high_open) {
  FieldTest test = of_kind(FieldTest::Kind::kInRange);
  test.low = low;
  test.low_open = low_open;
  test.high = high;
  test.high_open = high_open;
  return test;
}
inline FieldTest regex(std::string pattern, bool ignore_case = false) {
  FieldTest test = of_kind(FieldTest::Kind::kRegex);
  test.regex = {std::move(pattern), ignore_case};
  return test;
}

}  // namespace kseek::query
