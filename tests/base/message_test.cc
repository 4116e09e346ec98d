// Headers in their stored encoding, varints, and results.
#include "base/message.h"

#include <gtest/gtest.h>

#include <limits>
#include <string>
#include <utility>
#include <vector>

#include "base/result.h"
#include "base/varint.h"

namespace kseek {
namespace {

using Plain = std::vector<std::pair<std::string, std::optional<std::string>>>;

Plain plain(HeaderList headers) {
  Plain all;
  for (const Header& header : headers) {
    all.emplace_back(header.name, header.value ? std::optional<std::string>(*header.value) : std::nullopt);
  }
  return all;
}

std::string encode(const Plain& headers) {
  std::string encoded;
  for (const auto& [name, value] : headers) append_header(encoded, name, value);
  return encoded;
}

TEST(Headers, NullIsNotEmptyAndNamesRepeat) {
  const Plain headers = {
      {"a", "1"}, {"a", std::nullopt}, {"", ""}, {"b", std::string(300, 'x')}, {"a", std::string(1, '\0')}};
  EXPECT_EQ(plain(HeaderList(encode(headers))), headers);
  EXPECT_TRUE(plain(HeaderList()).empty());
}

TEST(Headers, AnyCutEndsTheIteration) {
  const Plain headers = {{"name", "value"}, {"other", std::nullopt}, {"third", "x"}};
  const std::string encoded = encode(headers);
  for (size_t bytes = 0; bytes < encoded.size(); ++bytes) {
    const Plain some = plain(HeaderList(std::string_view(encoded).substr(0, bytes)));
    ASSERT_LT(some.size(), headers.size());
    EXPECT_TRUE(std::equal(some.begin(), some.end(), headers.begin()));
  }
}

TEST(Headers, LengthsBeyondTheEndAreRefused) {
  std::string encoded;
  put_varint(encoded, std::numeric_limits<uint64_t>::max());
  EXPECT_TRUE(plain(HeaderList(encoded)).empty());
  encoded.clear();
  put_varint(encoded, 1);
  encoded += "n";
  put_varint(encoded, std::numeric_limits<uint64_t>::max());
  EXPECT_TRUE(plain(HeaderList(encoded)).empty());
}

TEST(Message, RawBytesAreKeyValueAndHeaders) {
  std::string headers;
  append_header(headers, "n", "v");
  MessageView message;
  EXPECT_EQ(message.raw_bytes(), 0U);
  message.key = "key";
  message.value = "value";
  message.headers = HeaderList(headers);
  EXPECT_EQ(message.raw_bytes(), 3 + 5 + headers.size());
  message.create_time = {1};
  message.ingest_time = {2};
  EXPECT_EQ(message.time(TimeKind::kCreate), Timestamp{1});
  EXPECT_EQ(message.time(TimeKind::kIngest), Timestamp{2});
}

TEST(Varint, ComesBackAtEveryWidth) {
  for (unsigned bits = 0; bits <= 64; ++bits) {
    const uint64_t n = bits == 64 ? std::numeric_limits<uint64_t>::max() : (uint64_t{1} << bits) - 1;
    std::string bytes;
    put_varint(bytes, n);
    bytes += "rest";
    std::string_view in = bytes;
    EXPECT_EQ(take_varint(in), n);
    EXPECT_EQ(in, "rest");
  }
}

TEST(Varint, RefusesCutAndOverlongOnes) {
  for (const std::string& bytes : {std::string(), std::string("\x80"), std::string(10, '\xFF'),
                                   std::string(9, '\xFF') + '\x02', std::string(11, '\x80') + '\x01'}) {
    std::string_view in = bytes;
    EXPECT_EQ(take_varint(in), std::nullopt);
  }
}

TEST(Varint, ZigzagComesBack) {
  for (const int64_t n : {int64_t{0}, int64_t{-1}, int64_t{1}, std::numeric_limits<int64_t>::min(),
                          std::numeric_limits<int64_t>::max()}) {
    EXPECT_EQ(unzigzag(zigzag(n)), n);
  }
  EXPECT_EQ(zigzag(-1), 1U);
  EXPECT_EQ(zigzag(1), 2U);
}

Result<int> half(int n) {
  if (n % 2 != 0) return Error{ErrorCode::kInvalid, "odd", "give an even number"};
  return n / 2;
}
Result<int> quarter(int n) {
  KSEEK_ASSIGN(const int once, half(n));
  return half(once);
}
Result<void> check_even(int n) {
  KSEEK_TRY(half(n));
  return {};
}

TEST(Result, ValuesAndErrorsPassThroughTheMacros) {
  EXPECT_EQ(*quarter(8), 2);
  EXPECT_EQ(quarter(6).error().message, "odd");
  EXPECT_TRUE(check_even(2));
  ASSERT_FALSE(check_even(3));
  EXPECT_EQ(describe(check_even(3).error()), "odd; give an even number");
  EXPECT_EQ(describe({ErrorCode::kTimeout, "late", ""}), "late");
  EXPECT_STREQ(to_string(ErrorCode::kNotFound), "not_found");
}

}  // namespace
}  // namespace kseek
