// Paths into JSON values: what is read, what is written back, what is refused.
#include "query/json_path.h"

#include <gtest/gtest.h>

namespace kseek::query {
namespace {

using Step = JsonPath::Step;

Step name(std::string text) { return {Step::Kind::kName, std::move(text), 0}; }
Step index(uint64_t n) { return {Step::Kind::kIndex, "", n}; }
Step any() { return {Step::Kind::kAny, "", 0}; }

TEST(JsonPath, IsReadStepByStep) {
  const std::vector<std::pair<std::string, std::vector<Step>>> cases = {
      {"id", {name("id")}},
      {"customer.id", {name("customer"), name("id")}},
      {"items[*].sku", {name("items"), any(), name("sku")}},
      {"rows[0][18446744073709551615]", {name("rows"), index(0), index(UINT64_MAX)}},
      {"[2].a", {index(2), name("a")}},
      {R"(a\.b.c\[0\])", {name("a.b"), name("c[0]")}},
      {R"(back\\slash)", {name("back\\slash")}},
      {"价格.元", {name("价格"), name("元")}},
  };
  for (const auto& [text, steps] : cases) {
    const auto path = parse_json_path(text);
    ASSERT_TRUE(path) << text << ": " << describe(path.error());
    EXPECT_EQ(path->steps, steps) << text;
    EXPECT_EQ(path->to_string(), text);
  }
}

TEST(JsonPath, WritesNamesSoThatTheyAreReadBack) {
  const JsonPath path{{name("a b:c\"(d)\t*?/\n"), index(7), name(".."), any()}};
  const auto again = parse_json_path(path.to_string());
  ASSERT_TRUE(again) << path.to_string();
  EXPECT_EQ(*again, path);
}

TEST(JsonPath, RefusesWhatIsNoPath) {
  for (const char* text : {"", ".", "a.", ".a", "a..b", "a[", "a[]", "a[x]", "a[-1]", "a[+1]", "a[1", "a[0]b", "a[0].",
                           "a[18446744073709551616]", "[*]x", "a.[0]"}) {
    const auto path = parse_json_path(text);
    ASSERT_FALSE(path) << text;
    EXPECT_EQ(path.error().code, ErrorCode::kInvalid);
    EXPECT_FALSE(path.error().hint.empty());
  }
}

TEST(JsonPath, HasALimit) {
  std::string text = "a";
  for (size_t i = 1; i < kMaxJsonPathSteps; ++i) text += "[0]";
  EXPECT_TRUE(parse_json_path(text));
  EXPECT_FALSE(parse_json_path(text + "[0]"));
}

}  // namespace
}  // namespace kseek::query
