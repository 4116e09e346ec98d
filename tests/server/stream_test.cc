// Searches told as server-sent events, and live tails.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <set>
#include <thread>

#include "server/event_stream.h"
#include "server/stream_hub.h"
#include "tests/server/event_reader.h"
#include "tests/server/world.h"

namespace kseek::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using Json = nlohmann::json;

/// Retries until it holds; false after 30 s.
template <class Condition>
bool eventually(Condition&& condition) {
  const auto until = std::chrono::steady_clock::now() + std::chrono::seconds(30);
  while (std::chrono::steady_clock::now() < until) {
    if (condition()) return true;
    std::this_thread::yield();
  }
  return false;
}

std::vector<std::string> keys_of(const Json& hits) {
  std::vector<std::string> keys;
  for (const Json& hit : hits) keys.push_back(hit["key"].get<std::string>());
  return keys;
}

void send_numbered(World& world, const std::string& topic, int from, int to, int partitions) {
  std::vector<indexer::OutgoingMessage> messages;
  for (int i = from; i < to; ++i) {
    messages.push_back({topic,
                        PartitionId{i % partitions},
                        std::to_string(i),
                        i % 2 == 0 ? "even one" : "odd one",
                        {},
                        Timestamp{1000 + i}});
  }
  world.send_all(topic, messages);
}

/// Reads hits until there are so many; the stream must not end before.
std::vector<std::string> read_keys(EventReader& events, size_t count) {
  std::vector<std::string> keys;
  while (keys.size() < count) {
    const auto event = events.next();
    if (!event) break;
    if (event->name != "hits") continue;
    for (std::string& key : keys_of(event->data["hits"])) keys.push_back(std::move(key));
  }
  return keys;
}

/// Reads to the summary.
Json read_summary(EventReader& events, std::vector<std::string>* keys = nullptr) {
  while (auto event = events.next()) {
    if (event->name == "summary") return event->data;
    if (event->name == "hits" && keys != nullptr) {
      for (std::string& key : keys_of(event->data["hits"])) keys->push_back(std::move(key));
    }
  }
  return {};
}

TEST(Stream, ToldInPartsItIsTheSameAnswer) {
  World world;
  world.open("t", 3);
  send_numbered(world, "t", 0, 60, 3);
  const std::string search = "/api/v1/search?topic=t&q=even&explain=1";
  const Json whole = world.get(search).json();
  EventReader events(world.url(), search + "&stream=1");
  ASSERT_EQ(events.head().status, 200);
  EXPECT_THAT(events.head().headers.at("content-type"), HasSubstr("text/event-stream"));
  std::vector<std::string> keys;
  const Json summary = read_summary(events, &keys);
  EXPECT_EQ(keys, keys_of(whole["hits"]));
  for (const char* same : {"complete", "more", "coverage"}) EXPECT_EQ(summary[same], whole[same]) << same;
  EXPECT_EQ(summary["explain"]["messages_verified"], whole["explain"]["messages_verified"]);
  EXPECT_FALSE(summary.contains("hits"));
  EXPECT_FALSE(events.next());
  EXPECT_TRUE(events.ended());

  EventReader older(world.url(), search + "&stream=1&cursor=" + summary["cursor"].get<std::string>());
  keys.clear();
  read_summary(older, &keys);
  EXPECT_EQ(keys.front(), "38");
  EXPECT_EQ(keys.size(), 10U);
}

/// A search that takes several rounds says how far it is, and finds what one long search finds.
TEST(Stream, ALongSearchTellsProgress) {
  World world;
  constexpr int kPartitions = 8;
  world.open("slow", kPartitions);
  std::string text;  // has both words everywhere, the phrase nowhere
  while (text.size() < 6'000'000) text += "a b ";
  world.send({"slow", PartitionId{0}, "found", "b b", {}, Timestamp{1}});
  for (int i = 0; i < 4 * kPartitions; ++i) {
    world.send({"slow", PartitionId{i % kPartitions}, std::to_string(i), text, {}, Timestamp{1000 + i}});
  }
  EventReader events(world.url(), "/api/v1/search?topic=slow&value=b+b&stream=1");
  size_t rounds = 0;
  uint64_t read = 0;
  std::vector<std::string> keys;
  Json summary;
  while (auto event = events.next()) {
    if (event->name == "hits") keys = keys_of(event->data["hits"]);
    if (event->name == "summary") summary = event->data;
    if (event->name != "progress") continue;
    EXPECT_EQ(event->data["rounds"], ++rounds);
    EXPECT_GE(event->data["bytes_read"].get<uint64_t>(), read);
    read = event->data["bytes_read"].get<uint64_t>();
  }
  EXPECT_GT(rounds, 0U) << "too quick to tell";
  EXPECT_THAT(keys, ElementsAre("found"));
  EXPECT_EQ(summary["complete"], true) << summary.dump();
  EXPECT_EQ(summary["more"], false);
}

TEST(Stream, WrongOnesAreRefusedBeforeTheyBegin) {
  World world;
  world.open("t", 1);
  for (const char* search : {"topic=t&q=(a&stream=1", "topic=t&stream=2", "topic=t&follow=1&order=oldest",
                             "topic=t&follow=1&cursor=x", "stream=1"}) {
    const RawAnswer answer = world.get(std::string("/api/v1/search?") + search);
    EXPECT_EQ(answer.status, 400) << search;
    EXPECT_EQ(answer.json()["error"]["code"], "invalid") << search;
  }
  EXPECT_EQ(world.get("/api/v1/search?topic=none&follow=1").status, 404);
  EXPECT_EQ(world.get("/api/v1/search?topic=no*&stream=1").status, 404);
}

TEST(Follow, TheNewestTenThenEachMatchOnceInOrder) {
  World world;
  world.open("a1", 3);
  world.open("a2", 1);
  send_numbered(world, "a1", 0, 30, 3);
  EventReader events(world.url(), "/api/v1/search?topic=a*&q=even&follow=1");
  std::vector<std::string> first;
  const Json summary = read_summary(events, &first);
  EXPECT_THAT(first, ElementsAre("28", "26", "24", "22", "20", "18", "16", "14", "12", "10"));
  EXPECT_EQ(summary["coverage"].size(), 4U);
  send_numbered(world, "a1", 30, 230, 3);
  std::vector<std::string> expected;
  for (int i = 30; i < 230; i += 2) expected.push_back(std::to_string(i));
  std::vector<std::string> got = read_keys(events, expected.size());
  const auto number = [](const std::string& a, const std::string& b) { return std::stoi(a) < std::stoi(b); };
  std::sort(got.begin(), got.end(), number);
  EXPECT_EQ(got, expected);
  world.send({"a2", PartitionId{0}, "x", "not it", {}, {}});
  world.send({"a2", PartitionId{0}, "y", "even it", {}, {}});
  EXPECT_THAT(read_keys(events, 1), ElementsAre("y"));
}

TEST(Follow, ConditionsAndPartitionsHold) {
  World world;
  world.open("t", 2);
  EventReader events(world.url(), "/api/v1/search?topic=t&partition=1&value=even&offset=5..&follow=1");
  EXPECT_EQ(read_summary(events)["complete"], true);
  for (int i = 0; i < 20; ++i) {
    world.send({"t", PartitionId{i % 2}, std::to_string(i), "even", {}, {}});
  }
  EXPECT_THAT(read_keys(events, 5), ElementsAre("11", "13", "15", "17", "19"));
}

TEST(Follow, EndsWithAnErrorWhenItsTopicIsClosed) {
  World world;
  world.open("gone", 1);
  EventReader events(world.url(), "/api/v1/search?topic=gone&follow=1");
  read_summary(events);
  ASSERT_EQ(world.call("DELETE", "/api/v1/topics/gone").status, 204);
  const auto event = events.next();
  ASSERT_TRUE(event);
  EXPECT_EQ(event->name, "error");
  EXPECT_EQ(event->data["error"]["code"], "not_found");
  EXPECT_FALSE(events.next());
  EXPECT_TRUE(events.ended());
}

TEST(Follow, SoManyStreamsAndNoMore) {
  World world({.listen = "127.0.0.1:0", .search_threads = 1, .max_streams = 3});
  world.open("t", 1);
  world.send({"t", PartitionId{0}, "k", "v", {}, {}});
  const std::string follow = "/api/v1/search?topic=t&follow=1";
  std::vector<std::unique_ptr<EventReader>> open;
  for (int i = 0; i < 3; ++i) {
    open.push_back(std::make_unique<EventReader>(world.url(), follow));
    EXPECT_EQ(read_keys(*open.back(), 1).size(), 1U);
    read_summary(*open.back());
  }
  const RawAnswer refused = world.get(follow);
  EXPECT_EQ(refused.status, 503);
  EXPECT_EQ(refused.headers.at("retry-after"), "5");
  // The only search thread is not held by those that rest, and a client that leaves makes room.
  EXPECT_EQ(world.get("/api/v1/search?topic=t").json()["hits"].size(), 1U);
  open.pop_back();
  EXPECT_TRUE(eventually([&] { return EventReader(world.url(), follow).head().status == 200; }));
}

TEST(Follow, StoppingTheServerEndsTheStreams) {
  World world;
  world.open("t", 1);
  EventReader resting(world.url(), "/api/v1/search?topic=t&follow=1");
  read_summary(resting);
  world.stop_http();
  EXPECT_FALSE(resting.next());
}

/// A client that takes nothing gets nothing pushed at it: what waits for it stays bounded, and it loses nothing.
TEST(Follow, ASlowClientIsWaitedFor) {
  World world;
  world.open("t", 1);
  EventReader slow(world.url(), "/api/v1/search?topic=t&follow=1");
  read_summary(slow);
  const std::string big(1000, 'x');
  constexpr int kMessages = 20'000;
  std::vector<indexer::OutgoingMessage> messages;
  for (int i = 0; i < kMessages; ++i) messages.push_back({"t", PartitionId{0}, std::to_string(i), big, {}, {}});
  world.send_all("t", messages);
  std::vector<std::string> keys = read_keys(slow, kMessages);
  ASSERT_EQ(keys.size(), static_cast<size_t>(kMessages));
  EXPECT_EQ(std::set<std::string>(keys.begin(), keys.end()).size(), keys.size());
}

TEST(EventStream, ReadsWhatWasSentThenSuspendsThenEnds) {
  server::EventStream stream(nullptr);
  int resumed = 0;
  int suspended = 0;
  stream.attach([&] { ++resumed; });
  std::array<char, 8> out{};
  const auto read = [&] { return stream.read(out.data(), out.size(), [&] { ++suspended; }); };
  EXPECT_EQ(read(), 0U);
  EXPECT_EQ(suspended, 1);
  stream.send("a", "1");
  EXPECT_EQ(resumed, 1);
  EXPECT_EQ(stream.waiting_bytes(), 18U);
  EXPECT_EQ(read(), 8U);
  EXPECT_EQ(std::string(out.data(), 8), "event: a");
  EXPECT_EQ(read(), 8U);
  EXPECT_EQ(read(), 2U);
  EXPECT_EQ(read(), 0U);
  stream.close();
  EXPECT_EQ(resumed, 2);
  EXPECT_EQ(read(), std::nullopt);
  stream.detach();
  stream.send("b", "2");
  EXPECT_EQ(resumed, 2);
}

TEST(Timeline, CountsEveryMessageOnce) {
  World world;
  world.open("t", 2);
  send_numbered(world, "t", 0, 100, 2);  // at 1000 to 1099 ms
  const Json line = world.get("/api/v1/timeline?topic=t&buckets=10").json();
  EXPECT_EQ(line["messages"], 100);
  EXPECT_EQ(line["spread"], 0) << "they are in memory, so each counts at its own time";
  EXPECT_EQ(line["bucket_ms"], 10);
  EXPECT_EQ(line["buckets"], Json::parse("[10,10,10,10,10,10,10,10,10,10]"));
  const Json part = world.get("/api/v1/timeline?topic=t&partition=1&time=1020..1039&buckets=2").json();
  EXPECT_EQ(part["buckets"], Json::parse("[5,5]"));
  EXPECT_EQ(part["from"], "1970-01-01T00:00:01.020Z");
  EXPECT_TRUE(world.get("/api/v1/timeline?topic=t&partition=7").json().is_null());
  EXPECT_EQ(world.get("/api/v1/timeline?topic=t&buckets=0").status, 400);
  EXPECT_EQ(world.get("/api/v1/timeline?topic=t&q=x").status, 400);
  EXPECT_EQ(world.get("/api/v1/timeline?topic=none").status, 404);
}

}  // namespace
}  // namespace kseek::testing
