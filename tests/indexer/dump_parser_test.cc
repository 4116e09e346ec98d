// One line of a kcat -J dump at a time.
#include "indexer/dump_parser.h"

#include <gtest/gtest.h>

#include "base/message.h"

namespace kseek::indexer {
namespace {

struct Parsed {
  Result<DumpLine> line = DumpLine{};
  std::string arena;
};

Parsed parse(std::string text) {
  const size_t size = text.size();
  text.resize(size + kLinePadding, '#');
  Parsed parsed;
  DumpParser parser;
  parsed.arena = "before";
  parsed.line = parser.parse(std::string_view(text).substr(0, size), parsed.arena);
  return parsed;
}

TEST(DumpParser, ReadsEveryField) {
  const auto parsed = parse(R"({"topic":"t","partition":3,"offset":42,"tstype":"create","ts":1700000000123,"broker":1,)"
                            R"("headers":["a","1","b",null,"","x"],"key":"k","payload":"{\"a\":\"\u4f60\\n\"} 好"})");
  ASSERT_TRUE(parsed.line) << describe(parsed.line.error());
  EXPECT_EQ(parsed.line->partition->value, 3);
  EXPECT_EQ(parsed.line->offset->value, 42);
  EXPECT_EQ(parsed.line->time.ms, 1'700'000'000'123);
  EXPECT_EQ(parsed.line->timestamp_type, TimestampType::kCreateTime);
  EXPECT_EQ(parsed.line->key.in(parsed.arena), "k");
  EXPECT_EQ(parsed.line->value.in(parsed.arena), "{\"a\":\"你\\n\"} 好");
  std::string expected;
  append_header(expected, "a", "1");
  append_header(expected, "b", std::nullopt);
  append_header(expected, "", "x");
  EXPECT_EQ(parsed.line->headers.in(parsed.arena), expected);
}

TEST(DumpParser, NullAbsentAndEmptyDiffer) {
  const auto nulls = parse(R"({"key":null,"payload":null,"headers":null})");
  ASSERT_TRUE(nulls.line);
  EXPECT_EQ(nulls.line->key.in(nulls.arena), std::nullopt);
  EXPECT_EQ(nulls.line->value.in(nulls.arena), std::nullopt);
  const auto absent = parse(R"({"payload":null})");
  ASSERT_TRUE(absent.line);
  EXPECT_EQ(absent.line->key.in(absent.arena), std::nullopt);
  EXPECT_EQ(absent.line->offset, std::nullopt);
  EXPECT_EQ(absent.line->partition, std::nullopt);
  EXPECT_EQ(absent.line->time.ms, -1);
  const auto empty = parse(R"({"key":"","payload":"","headers":[]})");
  ASSERT_TRUE(empty.line);
  EXPECT_EQ(empty.line->key.in(empty.arena), "");
  EXPECT_EQ(empty.line->value.in(empty.arena), "");
  EXPECT_EQ(empty.line->headers.in(empty.arena), std::nullopt);
}

TEST(DumpParser, KeepsBytesThatAreNotUtf8) {
  std::string every_byte;
  for (int byte = 1; byte < 256; ++byte) {
    const char c = static_cast<char>(byte);
    if (byte >= 0x20 && c != '"' && c != '\\') every_byte.push_back(c);
  }
  const auto parsed =
      parse("{\"headers\":[\"n\",\"\xff\"],\"key\":\"\xc3\xa9\",\"payload\":\"\\u0000" + every_byte + "\\u4f60\"}");
  ASSERT_TRUE(parsed.line) << describe(parsed.line.error());
  EXPECT_EQ(parsed.line->key.in(parsed.arena), "\xc3\xa9");
  EXPECT_EQ(parsed.line->value.in(parsed.arena), std::string(1, '\0') + every_byte + "你");
  std::string header;
  append_header(header, "n", "\xff");
  EXPECT_EQ(parsed.line->headers.in(parsed.arena), header);
}

TEST(DumpParser, KeepsDecodedPayloadsAsTheirJson) {
  const auto parsed = parse(R"({"payload":{"a":[1,2]},"key":7})");
  ASSERT_TRUE(parsed.line) << describe(parsed.line.error());
  EXPECT_EQ(parsed.line->value.in(parsed.arena), R"({"a":[1,2]})");
  EXPECT_EQ(parsed.line->key.in(parsed.arena), "7");
}

TEST(DumpParser, SaysWhatItExpected) {
  for (const char* bad : {"nonsense",
                          "[1]",
                          "{\"offset\":",
                          "{\"offset\":\"x\"}",
                          "{\"offset\":-1}",
                          "{\"partition\":3000000000}",
                          "{\"ts\":1.5}",
                          "{\"headers\":[\"a\"]}",
                          "{\"headers\":[null,\"a\"]}",
                          "{\"headers\":7}",
                          "{\"key\":\"a\"} {}",
                          "{\"key\":\"a\"}}",
                          "{}",
                          R"({"order_id":1,"event":"paid"})",
                          R"({"topic":"t","partition":0,"offset":3,"key":"k","value":"as other tools write it"})",
                          R"({"offset":9223372036854775807,"payload":"x"})",
                          R"({"offset":9223372036854775808,"payload":"x"})",
                          "{\"tstype\":1}",
                          "{\"key\":\"\xff",
                          "\xff"}) {
    const auto parsed = parse(bad);
    ASSERT_FALSE(parsed.line) << bad;
    EXPECT_EQ(parsed.line.error().code, ErrorCode::kInvalid) << bad;
    EXPECT_NE(parsed.line.error().message.find("expected"), std::string::npos) << parsed.line.error().message;
  }
  const auto last = parse(R"({"offset":9223372036854775806,"payload":"x"})");
  ASSERT_TRUE(last.line) << describe(last.line.error());
  EXPECT_EQ(last.line->offset->value, 9'223'372'036'854'775'806);
}

}  // namespace
}  // namespace kseek::indexer
