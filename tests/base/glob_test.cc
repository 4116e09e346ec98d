#include "base/glob.h"

#include <gtest/gtest.h>

#include <string>

namespace kseek {
namespace {

TEST(Glob, StarsAreAnyRun) {
  EXPECT_TRUE(matches_glob("orders", "orders"));
  EXPECT_FALSE(matches_glob("orders", "orders2"));
  EXPECT_FALSE(matches_glob("orders", "order"));
  EXPECT_FALSE(matches_glob("", "a"));
  EXPECT_TRUE(matches_glob("", ""));
  for (const char* name : {"", "a", "orders.eu"}) EXPECT_TRUE(matches_glob("*", name)) << name;
  EXPECT_TRUE(matches_glob("orders.*", "orders.eu"));
  EXPECT_TRUE(matches_glob("orders.*", "orders."));
  EXPECT_FALSE(matches_glob("orders.*", "ordersXeu")) << "a dot is a dot";
  EXPECT_TRUE(matches_glob("*.eu", "a.eu.eu"));
  EXPECT_TRUE(matches_glob("a**b*", "ab"));
  EXPECT_FALSE(matches_glob("*a*b", "bab.")) << "the last part stands at the end";
  EXPECT_FALSE(matches_glob("Orders", "orders"));
}

/// The quadratic worst case, not an exponential one.
TEST(Glob, ManyStarsEnd) {
  std::string pattern;
  for (int i = 0; i < 100; ++i) pattern += "*a";
  EXPECT_FALSE(matches_glob(pattern, std::string(10'000, 'a') + "b"));
}

}  // namespace
}  // namespace kseek
