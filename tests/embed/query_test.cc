// Queries built in code say what their query text says, and keep what is wrong with them.
#include <gtest/gtest.h>
#include <kseek/kseek.h>

#include <chrono>
#include <string>
#include <utility>
#include <vector>

namespace kseek {
namespace {

using std::chrono::milliseconds;

TEST(BuiltQuery, SaysWhatTheTextSays) {
  const TimePoint ten(milliseconds(1'763'632'800'000));
  const std::vector<std::pair<Query, std::string>> same = {
      {Query::phrase("payment timeout"), "\"payment timeout\""},
      {Query::phrase("order-10427*", Where::key()), "key:order-10427*"},
      {Query::phrase("AliKafkaTe*", Where::value()), "value:AliKafkaTe*"},
      {Query::phrase("4bf92f35*", Where::header("trace-id")), "header.trace-id:4bf92f35*"},
      {Query::phrase("4bf92f35*", Where::any_header()), "header:4bf92f35*"},
      {Query::phrase("SKU-17134", Where::field("items[*].sku")), "value.items[*].sku:\"SKU-17134\""},
      {Query::regex("timeout after \\d+ms", Where::value()), "value:/timeout after \\d+ms/"},
      {Query::regex("^error", {}, true), "/^error/i"},
      {Query::regex("^a/b", Where::field("path")), "value.path:/^a\\/b/"},
      {Query::field_exists("amount"), "value.amount:*"},
      {Query::field_is_null("reason"), "value.reason:null"},
      {Query::field_is("paid", true), "value.paid:true"},
      {Query::field_equals("amount", "120.5"), "value.amount:120.5..120.5"},
      {Query::field_equals("id", -42), "value.id:-42..-42"},
      {Query::field_between("amount", "100", ""), "value.amount:>=100"},
      {Query::field_between("amount", "1", "2e3"), "value.amount:1..2e3"},
      {Query::partitions({3, 0, 3}), "partition:0,3"},
      {Query::offsets(1000, 2000), "offset:1000..2000"},
      {Query::offsets(7), "offset:7.."},
      {Query::times(ten, std::nullopt), "time:2025-11-20T10:00:00Z.."},
      {Query::phrase("a") && !Query::phrase("b") && Query::phrase("c", Where::key()), "(a NOT b) key:c"},
      {Query::phrase("a") || Query::all_of({Query::phrase("b"), Query::phrase("c")}), "a OR b c"},
      {Query::any_of({Query::phrase("a")}), "a"},
  };
  for (const auto& [built, text] : same) {
    ASSERT_FALSE(built.error()) << text << ": " << built.error()->message;
    const Query parsed = Query::text(text);
    ASSERT_FALSE(parsed.error()) << text << ": " << parsed.error()->message;
    EXPECT_EQ(built.to_string(), parsed.to_string()) << text;
  }
}

TEST(BuiltQuery, EverythingIsNeutral) {
  const Query a = Query::phrase("a");
  EXPECT_EQ(Query().to_string(), "");
  EXPECT_EQ((a && Query()).to_string(), a.to_string());
  EXPECT_EQ((a || Query()).to_string(), "");
  EXPECT_EQ(Query::all_of({}).to_string(), "");
}

TEST(BuiltQuery, KeepsWhatIsWrong) {
  const std::vector<Query> wrong = {
      Query::phrase("..."),
      Query::phrase(""),
      Query::phrase("a", Where::header("")),
      Query::phrase("a", Where::field("a..b")),
      Query::regex("("),
      Query::text("(timeout"),
      Query::field_equals("a", "x"),
      Query::field_between("a", "", ""),
      Query::field_between("a", "2", "1"),
      Query::partitions({}),
      Query::partitions({-1}),
      Query::offsets(5, 4),
      Query::times(TimePoint(milliseconds(2)), TimePoint(milliseconds(1))),
      Query::any_of({}),
      !Query(),
  };
  for (size_t i = 0; i < wrong.size(); ++i) {
    ASSERT_TRUE(wrong[i].error()) << i;
    EXPECT_EQ(wrong[i].error()->code, ErrorCode::kInvalid) << i;
    EXPECT_NE(wrong[i].error()->message, "") << i;
    const Query around = !(Query::phrase("a") && (Query::phrase("b") || wrong[i]));
    ASSERT_TRUE(around.error()) << i;
    EXPECT_EQ(around.error()->message, wrong[i].error()->message) << i;
  }
}

TEST(PublicResult, HasStdExpectedsMembers) {
  Result<std::string> good = std::string("x");
  ASSERT_TRUE(good);
  EXPECT_EQ(*good, "x");
  EXPECT_EQ(good->size(), 1U);
  EXPECT_EQ(std::move(good).value(), "x");
  const Result<std::string> bad = Error{ErrorCode::kNotFound, "m", "h"};
  EXPECT_FALSE(bad.has_value());
  EXPECT_EQ(bad.error().hint, "h");
  EXPECT_THROW(static_cast<void>(bad.value()), std::bad_variant_access);
  EXPECT_TRUE(Result<void>());
  EXPECT_FALSE(Result<void>(Error{}));
  EXPECT_STREQ(version(), KSEEK_VERSION);
}

}  // namespace
}  // namespace kseek
