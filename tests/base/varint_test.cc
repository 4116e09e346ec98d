// Variable-length integers and zigzag: borders, random round trips, and broken bytes.
#include "base/varint.h"

#include <gtest/gtest.h>

#include <limits>
#include <random>

namespace kseek {
namespace {

std::string encoded(uint64_t n) {
  std::string out;
  put_varint(out, n);
  return out;
}

std::optional<uint64_t> decoded(std::string_view bytes) {
  const auto n = take_varint(bytes);
  EXPECT_TRUE(!n || bytes.empty());
  return n;
}

TEST(Varint, HasTheBytesOfProtocolBuffers) {
  EXPECT_EQ(encoded(0), std::string(1, '\0'));
  EXPECT_EQ(encoded(1), "\x01");
  EXPECT_EQ(encoded(127), "\x7F");
  EXPECT_EQ(encoded(128), "\x80\x01");
  EXPECT_EQ(encoded(300), "\xAC\x02");
  EXPECT_EQ(encoded(UINT64_MAX), "\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\x01");
}

TEST(Varint, IsReadBackAtEveryBorder) {
  for (unsigned bit = 0; bit < 64; ++bit) {
    for (const uint64_t n : {(uint64_t{1} << bit) - 1, uint64_t{1} << bit, (uint64_t{1} << bit) + 1}) {
      EXPECT_EQ(decoded(encoded(n)), n);
      const size_t bits = n == 0 ? 1 : 64 - static_cast<size_t>(__builtin_clzll(n));
      EXPECT_EQ(encoded(n).size(), (bits + 6) / 7) << n;
    }
  }
}

TEST(Varint, RefusesWhatIsCutShortOrTooLong) {
  for (const uint64_t n : {uint64_t{0}, uint64_t{128}, uint64_t{1} << 40, UINT64_MAX}) {
    const std::string bytes = encoded(n);
    for (size_t size = 0; size < bytes.size(); ++size) {
      EXPECT_EQ(decoded(std::string_view(bytes).substr(0, size)), std::nullopt) << n << " cut to " << size;
    }
  }
  EXPECT_EQ(decoded("\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\x02"), std::nullopt);      // 65 bits
  EXPECT_EQ(decoded("\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\x81\x00"), std::nullopt);  // eleven bytes
  EXPECT_EQ(decoded(std::string(20, '\x80')), std::nullopt);
}

TEST(Varint, TakesItsBytesAndLeavesTheRest) {
  std::string bytes;
  std::mt19937_64 random(7);
  std::vector<uint64_t> numbers;
  for (int i = 0; i < 10'000; ++i) {
    numbers.push_back(random() >> random() % 64);
    put_varint(bytes, numbers.back());
  }
  bytes += "rest";
  std::string_view in = bytes;
  for (const uint64_t n : numbers) ASSERT_EQ(take_varint(in), n);
  EXPECT_EQ(in, "rest");
}

TEST(Zigzag, KeepsSmallNumbersSmallAndComesBack) {
  EXPECT_EQ(zigzag(0), 0U);
  EXPECT_EQ(zigzag(-1), 1U);
  EXPECT_EQ(zigzag(1), 2U);
  EXPECT_EQ(zigzag(-2), 3U);
  EXPECT_EQ(zigzag(std::numeric_limits<int64_t>::max()), UINT64_MAX - 1);
  EXPECT_EQ(zigzag(std::numeric_limits<int64_t>::min()), UINT64_MAX);
  std::mt19937_64 random(11);
  for (int i = 0; i < 10'000; ++i) {
    const auto n = static_cast<int64_t>(random()) >> random() % 64;
    ASSERT_EQ(unzigzag(zigzag(n)), n);
  }
}

}  // namespace
}  // namespace kseek
