// The server's small parsers: targets, shown text, query text, search parameters, bodies.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>

#include "server/json_body.h"
#include "server/search_params.h"
#include "server/shown_headers.h"
#include "server/shown_text.h"
#include "server/url.h"

namespace kseek::server {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

TEST(Target, DecodesPathAndQuery) {
  const auto target = parse_target("/a/b%2Fc/?q=x+y%20z%00%ff&empty=&flag");
  ASSERT_TRUE(target);
  EXPECT_THAT(target->path, ElementsAre("a", "b/c", ""));
  ASSERT_EQ(target->query.size(), 3U);
  EXPECT_EQ(target->query[0].value, std::string("x y z\0\xff", 7));
  EXPECT_EQ(target->query[1].value, "");
  EXPECT_EQ(target->query[2].name, "flag");
  EXPECT_TRUE(parse_target("/")->path.empty());
  EXPECT_THAT(parse_target("/a+b")->path, ElementsAre("a+b"));
}

TEST(Target, RefusesBrokenEscapesAndRepeats) {
  for (const char* target : {"/a%", "/a%2", "/?q=%zz", "/?q=%f"}) {
    const auto parsed = parse_target(target);
    ASSERT_FALSE(parsed) << target;
    EXPECT_THAT(parsed.error().message, HasSubstr("hexadecimal"));
  }
  EXPECT_THAT(parse_target("/?q=%zz").error().message, HasSubstr("byte 4"));
  EXPECT_THAT(parse_target("/?a=1&a=2").error().message, HasSubstr("\"a\" is given twice"));
}

TEST(Target, EncodingComesBack) {
  std::string bytes;
  for (int i = 0; i < 256; ++i) bytes.push_back(static_cast<char>(i));
  const auto target = parse_target("/" + percent_encode(bytes) + "?x=" + percent_encode(bytes));
  ASSERT_TRUE(target);
  EXPECT_THAT(target->path, ElementsAre(bytes));
  EXPECT_EQ(target->query[0].value, bytes);
}

TEST(ShownText, CutsAtACharacter) {
  EXPECT_EQ(show_text("你好", 5).text, "你");
  EXPECT_TRUE(show_text("你好", 5).truncated);
  EXPECT_FALSE(show_text("你好", 6).truncated);
  EXPECT_EQ(show_text("a\xff\xe4\xbdz", 100).text, "a\uFFFD\uFFFD\uFFFDz");
  EXPECT_EQ(show_text("\xed\xa0\x80\xc0\x80\xf4\x90\x80\x80", 100).text.size(), 9U * 3);
}

TEST(ShownText, AroundAMatchBehindTheCut) {
  const std::string text = std::string(2000, 'a') + " 你好 needle and another needle";
  const auto begin = static_cast<uint32_t>(text.find("needle"));
  const auto again = static_cast<uint32_t>(text.rfind("needle"));
  const Snippet snippet = show_around(text, 30, {{begin, begin + 6}, {again, again + 6}});
  EXPECT_EQ(snippet.shown.text, text.substr(snippet.at, 30));
  EXPECT_EQ(snippet.at, begin - 10);
  EXPECT_THAT(snippet.shown.ranges, ElementsAre(ByteRange{10, 16}, ByteRange{29, 30}));
  for (size_t limit = 1; limit < 40; ++limit) {  // wherever it begins, it begins and ends with whole characters
    const Snippet cut = show_around(text, limit, {{begin, begin + 6}});
    EXPECT_EQ(cut.shown.text.find("\uFFFD"), std::string::npos) << limit;
    EXPECT_EQ(text.compare(cut.at, cut.shown.text.size(), cut.shown.text), 0) << limit;
  }
  EXPECT_EQ(show_around("needle", 30, {{0, 6}}).shown.text, "needle");
  const std::string stray(50, '\x80');
  EXPECT_EQ(show_around(stray, 9, {{30, 31}}).shown.text, "\uFFFD\uFFFD\uFFFD");
}

TEST(ShownText, RangesFollowTheirText) {
  const auto shown = show_text("\xff 你好 end of it", 12, {{2, 8}, {9, 12}, {13, 15}});
  EXPECT_EQ(shown.text, "\uFFFD 你好 e");
  EXPECT_THAT(shown.ranges, ElementsAre(ByteRange{4, 10}, ByteRange{11, 12}));
}

/// Any bytes: valid UTF-8 comes out, within the limit, and valid input unchanged.
TEST(ShownText, RandomBytes) {
  std::mt19937_64 random(20261121);
  for (int round = 0; round < 20'000; ++round) {
    std::string bytes(random() % 40, '\0');
    for (char& c : bytes) c = static_cast<char>(random() % 3 == 0 ? random() : 0xE0 + random() % 0x20);
    const size_t limit = random() % 60;
    const ShownText shown = show_text(bytes, limit);
    ASSERT_LE(shown.text.size(), limit);
    ASSERT_EQ(show_text(shown.text, limit).text, shown.text);
    ASSERT_FALSE(show_text(shown.text, limit).truncated);
  }
}

HeaderList header_list(std::string& encoded, const std::vector<std::pair<std::string, std::string>>& headers) {
  for (const auto& [name, value] : headers) append_header(encoded, name, value);
  return HeaderList(encoded);
}

TEST(ShownHeaders, TheLongestAreCut) {
  std::string encoded;
  const std::string a(500, 'a');
  const std::string b(400, 'b');
  const HeaderList headers = header_list(encoded, {{"a", a}, {"b", b}, {"short", "c"}});
  const ShownHeaders all = show_headers(headers, {1024, 1024});
  EXPECT_FALSE(all.truncated);
  EXPECT_EQ(all.list[0].value, a);
  const ShownHeaders cut = show_headers(headers, {1024, 600});
  EXPECT_TRUE(cut.truncated);
  ASSERT_EQ(cut.list.size(), 3U);
  EXPECT_EQ(cut.list[0].value->size(), cut.list[1].value->size());
  EXPECT_GT(cut.list[0].value->size(), 250U);
  EXPECT_EQ(cut.list[2].value, "c");
  EXPECT_TRUE(show_headers(headers, {450, 10'000}).truncated);
  EXPECT_EQ(show_headers(headers, {450, 10'000}).list[1].value, b);
}

TEST(ShownHeaders, TooManyAreLeftOutAtTheEnd) {
  std::string encoded;
  std::vector<std::pair<std::string, std::string>> many;
  for (int i = 0; i < 10'000; ++i) many.emplace_back("name" + std::to_string(i), "value of thirty bytes, about it");
  const ShownHeaders shown = show_headers(header_list(encoded, many), {1024, 16'384});
  EXPECT_TRUE(shown.truncated);
  EXPECT_GT(shown.list.size(), 250U);
  EXPECT_LT(shown.list.size(), 400U);
  for (size_t i = 0; i + 1 < shown.list.size(); ++i) ASSERT_EQ(shown.list[i].value, many[i].second) << i;
}

/// Whatever the headers, what is shown is within the limits, and says when it is not all.
TEST(ShownHeaders, RandomOnes) {
  std::mt19937_64 random(20261122);
  for (int round = 0; round < 2'000; ++round) {
    std::string encoded;
    std::vector<std::pair<std::string, std::string>> headers(random() % 20);
    for (auto& [name, value] : headers) {
      name.assign(random() % 30, 'n');
      value.assign(random() % 3 == 0 ? random() % 2000 : random() % 20, random() % 4 == 0 ? '\xff' : 'v');
    }
    const HeaderLimits limits{random() % 1500, random() % 4000};
    const ShownHeaders shown = show_headers(header_list(encoded, headers), limits);
    size_t bytes = 0;
    bool same = shown.list.size() == headers.size();
    for (size_t i = 0; i < shown.list.size(); ++i) {
      ASSERT_LE(shown.list[i].value->size(), limits.text_bytes);
      bytes += shown.list[i].name.size() + shown.list[i].value->size();
      const std::string whole = show_text(headers[i].second, SIZE_MAX).text;
      same = same && shown.list[i].name == headers[i].first && shown.list[i].value == whole;
    }
    ASSERT_LE(bytes, limits.total_bytes) << "round " << round;
    ASSERT_EQ(shown.truncated, !same) << "round " << round;
  }
}

TEST(SearchParameters, ReadsAll) {
  const auto request = parse_search({{"topic", "a,b"},
                                     {"partition", "0,3"},
                                     {"offset", "5..9"},
                                     {"time", "100..200"},
                                     {"key", "k"},
                                     {"value", "v w"},
                                     {"q", "x"},
                                     {"limit", "3"},
                                     {"order", "oldest"},
                                     {"explain", "1"}},
                                    Timestamp{1000});
  ASSERT_TRUE(request) << request.error().message;
  EXPECT_THAT(request->topics, ElementsAre("a", "b"));
  EXPECT_THAT(*request->partitions, ElementsAre(PartitionId{0}, PartitionId{3}));
  EXPECT_EQ(request->offsets, (query::OffsetRange{Offset{5}, Offset{9}}));
  EXPECT_EQ(request->times.last.ms, 200);
  EXPECT_EQ(request->limit, 3U);
  EXPECT_EQ(request->order, query::Order::kOldest);
  EXPECT_TRUE(request->explain);
  EXPECT_EQ(request->where->children.size(), 3U);
}

TEST(SearchParameters, NamesWhatIsWrong) {
  const std::vector<std::pair<Parameter, std::string>> cases{
      {{"limit", "0"}, "limit"},         {{"limit", "11"}, "limit"},
      {{"limit", "x"}, "limit"},         {{"order", "up"}, "order"},
      {{"explain", "2"}, "explain"},     {{"topic", "a,,b"}, "topic"},
      {{"partition", "x"}, "partition"}, {{"offset", "9..5"}, "offset"},
      {{"time", "tomorrow"}, "time"},    {{"key", "!!"}, "key"},
      {{"value", "--"}, "value"},        {{"q", "nofield:x"}, "query"},
      {{"bogus", "1"}, "bogus"}};
  for (const auto& [parameter, named] : cases) {
    const auto request = parse_search({parameter, {"topic", "t"}}, Timestamp{0});
    ASSERT_FALSE(request) << parameter.name << "=" << parameter.value;
    EXPECT_EQ(request.error().code, ErrorCode::kInvalid);
    EXPECT_THAT(request.error().message, HasSubstr(named));
  }
  EXPECT_THAT(parse_search({}, Timestamp{0}).error().message, HasSubstr("topic"));
}

TEST(Body, OpenAndSend) {
  const auto open =
      parse_open_body(R"({"topic":"t","from":"latest","time":"ingest","retention":"7d","labels":["a","b"]})");
  ASSERT_TRUE(open) << open.error().message;
  EXPECT_EQ(open->time_kind, TimeKind::kIngest);
  EXPECT_THAT(open->labels, ElementsAre("a", "b"));
  const auto send = parse_send_body(
      "t", R"({"key":null,"value":"v","partition":2,"headers":[{"name":"n","value":null}],"timestamp":5})");
  ASSERT_TRUE(send) << send.error().message;
  EXPECT_FALSE(send->key);
  EXPECT_EQ(send->partition, PartitionId{2});
  EXPECT_EQ(send->timestamp, Timestamp{5});
  EXPECT_FALSE(send->headers[0].second);
}

TEST(Body, SaysWhatIsWrong) {
  const std::vector<std::pair<const char*, const char*>> opens{{"{\"topic\":", "byte"},
                                                               {"[]", "not a JSON object"},
                                                               {"{}", "\"topic\" is missing"},
                                                               {R"({"topic":1})", "string"},
                                                               {R"({"topic":"t","form":"x"})", "form"},
                                                               {R"({"topic":"t","time":"x"})", "time"},
                                                               {R"({"topic":"t","labels":"x"})", "labels"},
                                                               {"\xff", "byte 1"},
                                                               {"", "byte"}};
  for (const auto& [body, named] : opens) {
    const auto open = parse_open_body(body);
    ASSERT_FALSE(open) << body;
    EXPECT_THAT(open.error().message, HasSubstr(named)) << body;
  }
  for (const char* body :
       {R"({"partition":-1})", R"({"partition":1.5})", R"({"partition":4294967296})", R"({"headers":[{"value":"x"}]})",
        R"({"headers":{}})", R"({"value":{"a":1}})", R"({"x":1})"}) {
    EXPECT_FALSE(parse_send_body("t", body)) << body;
  }
}

}  // namespace
}  // namespace kseek::server
