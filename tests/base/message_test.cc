// Header encoding, MessageView, and the strong types.
#include "base/message.h"

#include <gtest/gtest.h>

#include <random>
#include <type_traits>
#include <vector>

#include "base/bytes.h"
#include "base/varint.h"

namespace kseek {
namespace {

using OwnedHeader = std::pair<std::string, std::optional<std::string>>;

std::string encode(const std::vector<OwnedHeader>& headers) {
  std::string encoded;
  for (const auto& [name, value] : headers) {
    append_header(encoded, name, value ? std::optional<std::string_view>(*value) : std::nullopt);
  }
  return encoded;
}

std::vector<OwnedHeader> decode(std::string_view encoded) {
  std::vector<OwnedHeader> headers;
  for (const Header& header : HeaderList(encoded)) {
    headers.emplace_back(header.name, header.value ? std::optional<std::string>(*header.value) : std::nullopt);
  }
  return headers;
}

TEST(HeaderList, IsReadAsItWasWritten) {
  const std::vector<OwnedHeader> headers = {
      {"trace-id", "4bf92f35"}, {"null", std::nullopt}, {"empty", ""},  {"", "no name"},
      {"", std::nullopt},       {"twice", "1"},         {"twice", "2"}, {"long", std::string(1000, '\0')}};
  EXPECT_EQ(decode(encode(headers)), headers);
  EXPECT_TRUE(HeaderList().empty());
  EXPECT_TRUE(decode("").empty());
  EXPECT_FALSE(HeaderList(encode(headers)).empty());
}

TEST(HeaderList, HasTheBytesThatItsCommentSays) {
  EXPECT_EQ(encode({{"ab", "c"}}),
            "\x02"
            "ab\x02"
            "c");
  EXPECT_EQ(encode({{"ab", std::nullopt}}), std::string("\x02"
                                                        "ab\0",
                                                        4));
  EXPECT_EQ(encode({{"ab", ""}}),
            "\x02"
            "ab\x01");
}

TEST(HeaderList, IsAForwardRange) {
  const std::string encoded = encode({{"a", "1"}, {"b", "2"}});
  const HeaderList list(encoded);
  auto at = list.begin();
  const auto first = at;
  EXPECT_EQ(at, first);
  EXPECT_EQ(at->name, "a");
  ++at;
  EXPECT_NE(at, first);
  EXPECT_EQ(at->value, "2");
  ++at;
  EXPECT_EQ(at, list.end());
  EXPECT_EQ(first->name, "a");
}

TEST(HeaderListProperty, ReadsAnyHeadersBackAndEndsAtAnyBrokenTail) {
  const uint64_t seed = std::random_device{}();
  SCOPED_TRACE(testing::Message() << "seed " << seed);
  std::mt19937_64 random(seed);
  const auto text = [&random] {
    std::string bytes(random() % 4 == 0 ? random() % 300 : random() % 5, ' ');
    for (char& c : bytes) c = static_cast<char>(random());
    return bytes;
  };
  for (int i = 0; i < 5'000; ++i) {
    std::vector<OwnedHeader> headers;
    for (size_t n = random() % 5; n > 0; --n) {
      headers.emplace_back(text(), random() % 3 == 0 ? std::nullopt : std::optional<std::string>(text()));
    }
    const std::string encoded = encode(headers);
    ASSERT_EQ(decode(encoded), headers);
    if (encoded.empty()) continue;
    // Cut short: what is whole is read, no more.
    const std::vector<char> cut(encoded.begin(), encoded.begin() + static_cast<ptrdiff_t>(random() % encoded.size()));
    const std::vector<OwnedHeader> read = decode({cut.data(), cut.size()});
    ASSERT_LT(read.size(), headers.size());
    ASSERT_TRUE(std::equal(read.begin(), read.end(), headers.begin()));
    // Changed: anything may come out, but it ends, inside the bytes.
    std::string changed = encoded;
    changed[random() % changed.size()] = static_cast<char>(random());
    ASSERT_LE(decode(changed).size(), changed.size());
  }
}

TEST(MessageView, KnowsItsTimesAndBytes) {
  MessageView message;
  message.create_time = {5};
  message.ingest_time = {7};
  EXPECT_EQ(message.time(TimeKind::kCreate), Timestamp{5});
  EXPECT_EQ(message.time(TimeKind::kIngest), Timestamp{7});
  EXPECT_EQ(message.raw_bytes(), 0U);
  message.key = "";
  message.value = "12345";
  const std::string headers = encode({{"a", "b"}});
  message.headers = HeaderList(headers);
  EXPECT_EQ(message.raw_bytes(), 5 + headers.size());
}

TEST(Ids, CantBeSwapped) {
  static_assert(!std::is_convertible_v<Offset, PartitionId>);
  static_assert(!std::is_convertible_v<int64_t, Offset>);
  static_assert(!std::is_convertible_v<Timestamp, Offset>);
  static_assert(!std::is_convertible_v<BlockId, SegmentId>);
  EXPECT_EQ(Offset{41}.next(), Offset{42});
  EXPECT_LT(Timestamp{-1}, Timestamp{0});
  EXPECT_LT(kMinTimestamp, kMaxTimestamp);
}

TEST(Bytes, HaveTheirUnit) {
  EXPECT_EQ(4_KiB, 4096U);
  EXPECT_EQ(kMaxMessageBytes, 10U * 1024 * 1024);
  EXPECT_EQ(1_GiB, 1024 * 1_MiB);
}

}  // namespace
}  // namespace kseek
