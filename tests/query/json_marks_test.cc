// Where a field's match stands in the text: what a hit marks.
#include "query/json_field.h"

#include <gtest/gtest.h>

#include "tests/query/field_tests.h"
#include "tokenizer/tokenizer.h"

namespace kseek::query {
namespace {

using Kind = FieldTest::Kind;

/// The parts of the text that find_all() gives.
std::vector<std::string> marked(std::string_view path, const FieldTest& test, std::string_view json,
                                size_t limit = 32) {
  JsonFieldMatcher matcher(*parse_json_path(path), test);
  std::vector<std::string> parts;
  for (const ByteSpan& span : matcher.find_all(json, tokenizer::classify(json), limit)) {
    parts.emplace_back(json.substr(span.begin, span.end - span.begin));
  }
  return parts;
}

using Parts = std::vector<std::string>;

TEST(JsonMarks, FindsWhereItMatches) {
  const std::string_view json =
      R"({"id":42,"b":false,"n":null,"s":"an Error, error!","list":["error", 7,{"id":42}],"id":"x 42 y","e":""})";
  EXPECT_EQ(marked("id", word("42"), json), (Parts{"42", "42"})) << "a number, and a word in a string";
  EXPECT_EQ(marked("list[*].id", word("42"), json), Parts{"42"});
  EXPECT_EQ(marked("s", word("error"), json), (Parts{"Error", "error"}));
  EXPECT_EQ(marked("s", word("an error"), json), Parts{"an Error"});
  EXPECT_EQ(marked("s", word("err*"), json, 1), Parts{"Error"}) << "no more than asked for";
  EXPECT_EQ(marked("s", regex("[Ee]rr"), json), (Parts{"Err", "err"}));
  EXPECT_EQ(marked("b", word("false"), json), Parts{"false"});
  EXPECT_EQ(marked("n", of_kind(Kind::kNull), json), Parts{"null"});
  EXPECT_EQ(marked("id", range(40, false, 50, false), json), Parts{"42"});
  EXPECT_EQ(marked("list[*]", of_kind(Kind::kExists), json), (Parts{"error", "7"})) << "no objects";
  EXPECT_EQ(marked("e", of_kind(Kind::kExists), json), Parts()) << "what is empty has no place";
  EXPECT_EQ(marked("id", word("43"), json), Parts());
  EXPECT_EQ(marked("id", word("42"), R"({"id":42)"), Parts()) << "not JSON";
}

TEST(JsonMarks, FindsWhereItMatchesAmongEscapes) {
  const std::string_view json = R"({"\u0061":"say \u4f60\u597d\nline","q":"a\"b"})";
  EXPECT_EQ(marked("a", word("你好"), json), Parts{R"(\u4f60\u597d)"}) << "bytes as they were sent";
  EXPECT_EQ(marked("a", word("line"), json), Parts{"line"});
  EXPECT_EQ(marked("a", regex("你."), json), Parts{R"(say \u4f60\u597d\nline)"}) << "the whole string";
  EXPECT_EQ(marked("q", of_kind(Kind::kExists), json), Parts{R"(a\"b)"});
}

}  // namespace
}  // namespace kseek::query
