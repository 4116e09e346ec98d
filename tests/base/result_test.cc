// Result<T>, its macros, and Error.
#include "base/result.h"

#include <gtest/gtest.h>

#include <memory>

namespace kseek {
namespace {

Error failure() { return {ErrorCode::kNotFound, "no such topic", "open it first"}; }

Result<int> half(int n) {
  if (n % 2 != 0) return Error{ErrorCode::kInvalid, "odd", ""};
  return n / 2;
}

Result<int> quarter(int n) {
  KSEEK_ASSIGN(const int once, half(n));
  KSEEK_ASSIGN(const int twice, half(once));
  return twice;
}

Result<void> check_even(int n, int& steps) {
  KSEEK_TRY(half(n));
  ++steps;
  return {};
}

TEST(Result, HoldsAValueOrAnError) {
  const Result<int> good = 3;
  ASSERT_TRUE(good.has_value());
  EXPECT_TRUE(static_cast<bool>(good));
  EXPECT_EQ(*good, 3);
  EXPECT_EQ(good.value(), 3);
  const Result<int> bad = failure();
  ASSERT_FALSE(bad.has_value());
  EXPECT_EQ(bad.error().code, ErrorCode::kNotFound);
}

TEST(Result, OfVoidIsGoodUnlessToldOtherwise) {
  EXPECT_TRUE(Result<void>().has_value());
  const Result<void> bad = failure();
  ASSERT_FALSE(bad);
  EXPECT_EQ(bad.error().message, "no such topic");
}

TEST(Result, MovesWhatCanOnlyBeMoved) {
  Result<std::unique_ptr<int>> made = std::make_unique<int>(7);
  EXPECT_EQ(**made, 7);
  const std::unique_ptr<int> taken = *std::move(made);
  EXPECT_EQ(*taken, 7);
  Result<std::string> text = std::string("abc");
  text->append("d");
  EXPECT_EQ(text->size(), 4U);
}

TEST(ResultMacros, ReturnTheFirstError) {
  EXPECT_EQ(*quarter(12), 3);
  EXPECT_EQ(quarter(6).error().message, "odd");
  EXPECT_EQ(quarter(5).error().message, "odd");
  int steps = 0;
  EXPECT_TRUE(check_even(4, steps).has_value());
  EXPECT_FALSE(check_even(5, steps).has_value());
  EXPECT_EQ(steps, 1);
}

TEST(Error, IsDescribedInOneLine) {
  EXPECT_EQ(describe(failure()), "no such topic; open it first");
  EXPECT_EQ(describe({ErrorCode::kInternal, "only this", ""}), "only this");
}

TEST(ErrorCode, HasANameThatHttpUses) {
  EXPECT_STREQ(to_string(ErrorCode::kInvalid), "invalid");
  EXPECT_STREQ(to_string(ErrorCode::kNotFound), "not_found");
  EXPECT_STREQ(to_string(ErrorCode::kConflict), "conflict");
  EXPECT_STREQ(to_string(ErrorCode::kUnavailable), "unavailable");
  EXPECT_STREQ(to_string(ErrorCode::kTooLarge), "too_large");
  EXPECT_STREQ(to_string(ErrorCode::kTimeout), "timeout");
  EXPECT_STREQ(to_string(ErrorCode::kCorrupt), "corrupt");
  EXPECT_STREQ(to_string(ErrorCode::kUnauthorized), "unauthorized");
  EXPECT_STREQ(to_string(ErrorCode::kForbidden), "forbidden");
  EXPECT_STREQ(to_string(ErrorCode::kTooMany), "too_many");
  EXPECT_STREQ(to_string(ErrorCode::kInternal), "internal");
}

}  // namespace
}  // namespace kseek
