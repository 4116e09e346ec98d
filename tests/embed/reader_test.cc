// A directory that an import made, read by the library: searches, paging, messages, errors.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <kseek/kseek.h>

#include <string>
#include <thread>
#include <vector>

#include "tests/system/system.h"

namespace kseek::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

constexpr int64_t kBase = 1'763'632'800'000;

/// 50 orders in partition 0, a second apart; a message with everything odd at the end of partition 1.
std::string dump() {
  std::string lines;
  for (int i = 0; i < 50; ++i) {
    const Json value{{"id", i}, {"paid", i % 2 == 0}, {"note", "order number " + std::to_string(i)}};
    const Json line{{"topic", "orders"},      {"partition", 0},     {"offset", i},
                    {"ts", kBase + i * 1000}, {"tstype", "create"}, {"key", "order-" + std::to_string(i)},
                    {"payload", value.dump()}};
    lines += line.dump() + "\n";
  }
  return lines + R"({"topic":"orders","partition":1,"offset":7,"tstype":"create","ts":1,"key":null,"payload":null,)" +
         R"("headers":["trace","4bf9","none",null]})" + "\n";
}

class ReaderTest : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    dir = new TempDir;
    const Finished imported = kseek({"import", "orders", "-", "--data-dir", dir->file("data")}, dump());
    ASSERT_EQ(imported.code, 0) << imported.err;
  }
  static void TearDownTestSuite() {
    delete dir;
    dir = nullptr;
  }
  static Reader open() {
    auto reader = Reader::open(dir->file("data"));
    if (!reader) throw std::runtime_error(reader.error().message);
    return *std::move(reader);
  }
  static SearchRequest orders(const std::string& text = "") {
    SearchRequest request;
    request.topics = {"orders"};
    request.text = text;
    return request;
  }
  static std::vector<int64_t> offsets(const SearchAnswer& answer) {
    std::vector<int64_t> all;
    for (const Hit& hit : answer.hits) all.push_back(hit.message.offset);
    return all;
  }
  static TempDir* dir;
};
TempDir* ReaderTest::dir = nullptr;

TEST_F(ReaderTest, SearchesByTextAndByQuery) {
  const Reader reader = open();
  SearchRequest request = orders("number 4*");
  request.limit = 3;
  const SearchAnswer answer = reader.search(request).value();
  EXPECT_THAT(offsets(answer), ElementsAre(49, 48, 47));
  EXPECT_TRUE(answer.complete) << "a dump is all there is";
  EXPECT_TRUE(answer.more);
  ASSERT_EQ(answer.coverage.size(), 2U);
  EXPECT_EQ(answer.coverage[0].indexed_to, 50);
  const Hit& hit = answer.hits[0];
  EXPECT_EQ(hit.message.key, "order-49");
  EXPECT_EQ(hit.message.timestamp->time_since_epoch().count(), kBase + 49'000);
  EXPECT_EQ(hit.message.timestamp_type, TimestampType::kCreateTime);
  std::vector<std::string> matched;
  for (const MatchedPart& part : hit.matched) {
    const std::string& text = *(part.in == MatchedPart::In::kKey ? hit.message.key : hit.message.value);
    matched.push_back(text.substr(part.begin, part.end - part.begin));
  }
  EXPECT_THAT(matched, ElementsAre("49", "49", "number", "49")) << "in the key, then in the value";

  request = orders();
  request.query = Query::field_is("paid", true) && Query::field_between("id", "10", "20");
  request.order = Order::kOldest;
  request.partitions = {0};
  request.last_offset = 18;
  request.first_time = TimePoint(std::chrono::milliseconds(kBase + 12'000));
  EXPECT_THAT(offsets(reader.search(request).value()), ElementsAre(12, 14, 16, 18));
}

TEST_F(ReaderTest, OddMessagesComeWhole) {
  const Reader reader = open();
  const std::optional<Message> message = reader.get("orders", 1, 7).value();
  ASSERT_TRUE(message);
  EXPECT_FALSE(message->key);
  EXPECT_FALSE(message->value);
  ASSERT_EQ(message->headers.size(), 2U);
  EXPECT_EQ(message->headers[0].value, "4bf9");
  EXPECT_FALSE(message->headers[1].value);
  EXPECT_FALSE(reader.get("orders", 1, 8).value());
  EXPECT_EQ(reader.get("none", 0, 0).error().code, ErrorCode::kNotFound);
  SearchRequest request = orders();
  request.query = Query::phrase("4bf9", Where::header("trace"));
  EXPECT_THAT(offsets(reader.search(request).value()), ElementsAre(7));
}

TEST_F(ReaderTest, AStreamGivesEachOnce) {
  const Reader reader = open();
  for (const size_t page : {1U, 3U, 10U}) {
    SearchRequest request = orders("number");
    request.limit = page;
    HitStream stream = reader.find(request);
    int64_t expected = 49;
    for (;; --expected) {
      const auto hit = stream.next().value();
      if (!hit) break;
      EXPECT_EQ(hit->message.offset, expected);
    }
    EXPECT_EQ(expected, -1);
    EXPECT_TRUE(stream.complete());
    EXPECT_EQ(stream.coverage().size(), 2U);
    EXPECT_FALSE(stream.next().value()) << "it stays at its end";
  }
  HitStream wrong = reader.find(orders("(number"));
  EXPECT_EQ(wrong.next().error().code, ErrorCode::kInvalid);
  EXPECT_FALSE(wrong.next().value()) << "after an error it ends";
}

TEST_F(ReaderTest, MessagesFromAPositionOn) {
  const Reader reader = open();
  MessagesAnswer answer = reader.messages_from_offset("orders", 0, 45).value();
  ASSERT_EQ(answer.messages.size(), 5U);
  EXPECT_EQ(answer.messages[0].key, "order-45");
  EXPECT_EQ(answer.next_offset, 50);
  EXPECT_FALSE(answer.more);
  answer = reader.messages_from_offset("orders", 1, 0).value();
  ASSERT_EQ(answer.messages.size(), 1U);
  const TimePoint time(std::chrono::milliseconds(kBase + 30'000));
  answer = reader.messages_from_time("orders", time, std::vector<std::int32_t>{0}).value();
  ASSERT_EQ(answer.messages.size(), 10U);
  EXPECT_EQ(answer.messages[0].offset, 30);
  answer = reader.messages_from_time("orders", time, std::vector<std::int32_t>{0}, answer.cursor).value();
  EXPECT_EQ(answer.messages[0].offset, 40);
  EXPECT_EQ(reader.messages_from_offset("orders", 9, 0).error().code, ErrorCode::kNotFound);
  EXPECT_EQ(reader.messages_from_offset("orders", 0, -1).error().code, ErrorCode::kInvalid);
  EXPECT_EQ(reader.messages_from_offset("orders", 0, 0, 11).error().code, ErrorCode::kInvalid);
}

TEST_F(ReaderTest, ErrorsSayWhatAndWhere) {
  const Reader reader = open();
  EXPECT_THAT(reader.search(orders("(number")).error().message, HasSubstr("at character 1"));
  SearchRequest request = orders();
  request.query = Query::regex("(");
  EXPECT_EQ(reader.search(request).error().code, ErrorCode::kInvalid);
  request = orders();
  request.topics = {"none"};
  EXPECT_EQ(reader.search(request).error().code, ErrorCode::kNotFound);
  request = orders();
  request.limit = 11;
  EXPECT_EQ(reader.search(request).error().code, ErrorCode::kInvalid);
  request = orders();
  request.cursor = "nonsense";
  EXPECT_EQ(reader.search(request).error().code, ErrorCode::kInvalid);
  request = orders();
  const std::atomic<bool> cancelled{true};
  request.cancelled = &cancelled;
  EXPECT_EQ(reader.search(request).error().code, ErrorCode::kTimeout);
  const auto missing = Reader::open(dir->file("nowhere"));
  ASSERT_FALSE(missing);
  EXPECT_EQ(missing.error().code, ErrorCode::kNotFound);
  write_file(dir->file("file"), "x");
  EXPECT_EQ(Reader::open(dir->file("file")).error().code, ErrorCode::kInvalid);
}

TEST_F(ReaderTest, TopicsAndTheirPartitions) {
  const Reader reader = open();
  const std::vector<TopicInfo> topics = reader.topics();
  ASSERT_EQ(topics.size(), 1U);
  EXPECT_EQ(topics[0].name, "orders");
  EXPECT_EQ(topics[0].messages, 51U);
  EXPECT_EQ(topics[0].retention, "forever");
  ASSERT_EQ(topics[0].partitions.size(), 2U);
  EXPECT_EQ(topics[0].partitions[1].sealed_to, 8);
  EXPECT_EQ(reader.topic("orders").value().name, "orders");
  EXPECT_EQ(reader.topic("none").error().code, ErrorCode::kNotFound);
}

TEST_F(ReaderTest, ManyThreadsSearchWhileOneRefreshes) {
  Reader reader = open();
  std::atomic<int> wrong{0};
  std::vector<std::thread> threads;
  for (int t = 0; t < 3; ++t) {
    threads.emplace_back([&reader, &wrong] {
      for (int i = 0; i < 20; ++i) {
        const auto answer = reader.search(orders("number 4*"));
        if (!answer || answer->hits.size() != 10) ++wrong;
      }
    });
  }
  for (int i = 0; i < 3; ++i) EXPECT_TRUE(reader.refresh());
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(wrong, 0);
  const Reader moved = std::move(reader);
  EXPECT_EQ(moved.topics().size(), 1U);
}

}  // namespace
}  // namespace kseek::testing
