// Every route of the endpoint, over real sockets, against a real store and broker.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

#include "tests/server/world.h"

namespace kseek::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using Json = nlohmann::json;

std::vector<std::string> member_names(const Json& json) {
  std::vector<std::string> names;
  for (const auto& member : json.items()) names.push_back(member.key());
  return names;
}

/// The answer is an error of the contract's form with this status and code.
void expect_error(const RawAnswer& answer, int status, const std::string& code, const std::string& part = "") {
  EXPECT_EQ(answer.status, status) << answer.body;
  const Json json = Json::parse(answer.body, nullptr, false);
  ASSERT_TRUE(json.is_object()) << answer.body;
  ASSERT_TRUE(json.contains("error")) << answer.body;
  EXPECT_THAT(member_names(json["error"]), ElementsAre("code", "hint", "message"));
  EXPECT_EQ(json["error"]["code"], code);
  EXPECT_THAT(json["error"]["message"].get<std::string>(), HasSubstr(part));
}

class Routes : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    world = new World;
    world->open("orders", 3);
  }
  static void TearDownTestSuite() {
    delete world;
    world = nullptr;
  }
  static World* world;
};
World* Routes::world = nullptr;

TEST_F(Routes, Health) {
  EXPECT_EQ(world->get("/healthz").json()["status"], "ok");
  EXPECT_EQ(world->get("/readyz").json()["status"], "ready");
  EXPECT_EQ(world->call("HEAD", "/healthz").status, 200);
}

TEST_F(Routes, UnknownPathsMethodsAndParameters) {
  expect_error(world->get("/nothing"), 404, "not_found");
  EXPECT_THAT(world->get("/nothing").body, HasSubstr("GET /openapi.json lists"));
  expect_error(world->get("/api/v1/topics/"), 404, "not_found");
  expect_error(world->get("/api/v1/topics?x=1"), 400, "invalid", "\"x\"");
  expect_error(world->get("/api/v1/search?topic=orders&patition=1"), 400, "invalid", "patition");
  const RawAnswer refused = world->call("PUT", "/api/v1/topics");
  expect_error(refused, 405, "invalid");
  EXPECT_EQ(refused.headers.at("allow"), "GET, HEAD, POST");
  expect_error(world->get("/api/v1/topics/%zz"), 400, "invalid", "hexadecimal");
}

TEST_F(Routes, SearchAnswerHasTheContractsForm) {
  indexer::OutgoingMessage message{"orders", PartitionId{1}, "form-1", "the payment timeout of 你好",
                                   {},       Timestamp{1000}};
  message.headers = {{"trace-id", "abc"}, {"none", std::nullopt}};
  const auto sent = world->send(message);
  const RawAnswer answer = world->get("/api/v1/search?topic=orders&key=form-1&value=payment+timeout&explain=1");
  ASSERT_EQ(answer.status, 200) << answer.body;
  EXPECT_EQ(answer.headers.at("content-type"), "application/json");
  const Json json = answer.json();
  EXPECT_THAT(member_names(json), ElementsAre("complete", "coverage", "cursor", "explain", "hits", "more", "took_ms"));
  EXPECT_EQ(json["complete"], true);
  EXPECT_EQ(json["more"], false);
  EXPECT_TRUE(json["cursor"].is_null());
  ASSERT_EQ(json["hits"].size(), 1U);
  const Json& hit = json["hits"][0];
  EXPECT_THAT(member_names(hit),
              ElementsAre("create_time", "headers", "ingest_time", "key", "key_size", "matched", "offset", "partition",
                          "timestamp", "timestamp_type", "tombstone", "topic", "truncated", "value", "value_size"));
  EXPECT_EQ(hit["topic"], "orders");
  EXPECT_EQ(hit["partition"], 1);
  EXPECT_EQ(hit["offset"], sent.offset.value);
  EXPECT_EQ(hit["timestamp"], "1970-01-01T00:00:01.000Z");
  EXPECT_EQ(hit["timestamp_type"], "create");
  EXPECT_EQ(hit["value_size"], 29);
  EXPECT_EQ(hit["tombstone"], false);
  EXPECT_EQ(hit["headers"], Json::parse(R"([{"name":"trace-id","value":"abc"},{"name":"none","value":null}])"));
  EXPECT_EQ(hit["matched"], Json::parse(R"([{"in":"key","begin":0,"end":6},{"in":"value","begin":4,"end":19}])"));
  ASSERT_EQ(json["coverage"].size(), 3U);
  EXPECT_THAT(member_names(json["coverage"][0]),
              ElementsAre("dead_letters", "end", "indexed_to", "lag", "low", "partition", "topic"));
  EXPECT_TRUE(json["explain"].contains("blocks_total"));
}

TEST_F(Routes, TimesThatAProducerMadeUpAreShown) {  // World holds each answer against openapi.json
  const auto sent = world->send({"orders", PartitionId{1}, "far-1", "v", {}, Timestamp{479'476'136'124'903}});
  const Json answer = world->get("/api/v1/search?topic=orders&key=far-1").json();
  EXPECT_EQ(answer["hits"].at(0)["timestamp"], "479476136124903");
  EXPECT_EQ(world->get("/api/v1/topics/orders/progress").json()["partitions"][1]["last_message_time"],
            "479476136124903");
  EXPECT_EQ(world->get("/api/v1/timeline?topic=orders&buckets=10").status, 200);
  const std::string path = "/api/v1/topics/orders/messages/1/" + std::to_string(sent.offset.value);
  EXPECT_EQ(world->get(path).json()["create_time"], "479476136124903");
}

TEST_F(Routes, ValuesAreCutAndBytesThatAreNotTextAreShown) {
  const std::string big = std::string(2000, 'a') + " needle";
  world->send({"orders", PartitionId{0}, std::string("cut\xff\x00-1", 7), big, {}, {}});
  world->send({"orders", PartitionId{0}, "tomb-1", std::nullopt, {}, {}});
  const Json cut = world->get("/api/v1/search?topic=orders&q=needle").json()["hits"][0];
  EXPECT_EQ(cut["value"].get<std::string>(), std::string(1024, 'a'));
  EXPECT_EQ(cut["value_size"], big.size());
  EXPECT_EQ(cut["truncated"], true);
  EXPECT_TRUE(cut["matched"].empty());
  ASSERT_TRUE(cut.contains("snippet")) << "where the match is, when it lies behind what is shown";
  const Json& snippet = cut["snippet"];
  EXPECT_EQ(snippet["in"], "value");
  EXPECT_EQ(big.substr(snippet["at"].get<size_t>()), snippet["text"].get<std::string>());
  ASSERT_EQ(snippet["matched"].size(), 1U);
  EXPECT_EQ(snippet["at"].get<size_t>() + snippet["matched"][0]["begin"].get<size_t>(), 2001U);
  EXPECT_EQ(cut["key"].get<std::string>(), std::string("cut\uFFFD\0-1", 9));
  const Json tombstone = world->get("/api/v1/search?topic=orders&key=tomb-1").json()["hits"][0];
  EXPECT_TRUE(tombstone["value"].is_null());
  EXPECT_EQ(tombstone["tombstone"], true);
}

TEST_F(Routes, LongHeadersAreCutAndTheOthersStay) {
  indexer::OutgoingMessage message{"orders", PartitionId{0}, "heads-1", "v", {}, {}};
  const std::string large(3'000'000, 'h');
  message.headers = {{"large", large}, {"trace-id", "4bf92f35"}, {"none", std::nullopt}};
  const auto sent = world->send(message);
  const Json whole = world->get("/api/v1/topics/orders/messages/0/" + std::to_string(sent.offset.value)).json();
  EXPECT_EQ(whole["truncated"], true);
  ASSERT_EQ(whole["headers"].size(), 3U);
  const std::string shown = whole["headers"][0]["value"];
  EXPECT_GT(shown.size(), 1'000'000U) << "as long as a value";
  EXPECT_LE(shown.size(), 1'048'576U);
  EXPECT_EQ(whole["headers"][1], Json::parse(R"({"name":"trace-id","value":"4bf92f35"})"));
  EXPECT_EQ(whole["headers"][2], Json::parse(R"({"name":"none","value":null})"));
  const Json hit = world->get("/api/v1/search?topic=orders&key=heads-1").json()["hits"][0];
  EXPECT_EQ(hit["truncated"], true);
  EXPECT_EQ(hit["headers"][0]["value"], std::string(1024, 'h'));
  EXPECT_EQ(hit["headers"][1]["value"], "4bf92f35");
}

TEST_F(Routes, OneMessageAndItsBytes) {
  const std::string key("k\x00\xfe", 3);
  const std::string value = std::string(3000, 'v') + "\xff";
  const auto sent = world->send({"orders", PartitionId{2}, key, value, {}, {}});
  const std::string path = "/api/v1/topics/orders/messages/2/" + std::to_string(sent.offset.value);
  const Json whole = world->get(path).json();
  EXPECT_EQ(whole["value"].get<std::string>(), std::string(3000, 'v') + "\uFFFD");
  EXPECT_EQ(whole["truncated"], false);
  const RawAnswer raw = world->get(path + "/value");
  EXPECT_EQ(raw.body, value);
  EXPECT_EQ(raw.headers.at("content-type"), "application/octet-stream");
  EXPECT_THAT(raw.headers.at("content-disposition"), HasSubstr("attachment"));
  EXPECT_EQ(world->get(path + "/key").body, key);
  const auto tombstone = world->send({"orders", PartitionId{2}, "t", std::nullopt, {}, {}});
  const std::string tomb_path = "/api/v1/topics/orders/messages/2/" + std::to_string(tombstone.offset.value);
  expect_error(world->get(tomb_path + "/value"), 404, "not_found", "null");
  expect_error(world->get("/api/v1/topics/orders/messages/2/999999"), 404, "not_found", "offset 999999");
  expect_error(world->get("/api/v1/topics/orders/messages/9/0"), 404, "not_found");
  expect_error(world->get("/api/v1/topics/orders/messages/x/0"), 400, "invalid", "partition");
  expect_error(world->get("/api/v1/topics/orders/messages/0/-1"), 400, "invalid", "offset");
  expect_error(world->get("/api/v1/topics/none/messages/0/0"), 404, "not_found", "none");
}

TEST_F(Routes, SendsATestMessageThatIsFound) {
  const RawAnswer sent =
      world->call("POST", "/api/v1/topics/orders/messages",
                  R"({"key":"sent-7","value":"by a test","partition":1,"headers":[{"name":"a","value":"b"}]})");
  ASSERT_EQ(sent.status, 201) << sent.body;
  EXPECT_EQ(sent.json()["partition"], 1);
  const std::string path = "/api/v1/topics/orders/messages/1/" + std::to_string(sent.json()["offset"].get<int64_t>());
  const auto until = std::chrono::steady_clock::now() + std::chrono::seconds(30);
  while (world->get(path).status != 200 && std::chrono::steady_clock::now() < until) continue;
  EXPECT_EQ(world->get(path).json()["key"], "sent-7");
  expect_error(world->call("POST", "/api/v1/topics/orders/messages", "{"), 400, "invalid", "byte");
  expect_error(world->call("POST", "/api/v1/topics/none/messages", "{}"), 404, "not_found");
  const RawAnswer no_partition =
      world->call("POST", "/api/v1/topics/orders/messages", R"({"value":"x","partition":77})");
  expect_error(no_partition, 404, "not_found");
}

TEST_F(Routes, CursorPagesThroughAllOnce) {
  world->open("paged", 4);
  std::vector<indexer::OutgoingMessage> messages;
  for (int i = 0; i < 57; ++i) {
    messages.push_back({"paged", PartitionId{i % 4}, std::to_string(i), "page me", {}, Timestamp{1000 + i / 3}});
  }
  world->send_all("paged", messages);
  for (const std::string order : {"newest", "oldest"}) {
    std::set<std::string> keys;
    std::string cursor;
    size_t hits = 0;
    for (int pages = 0; pages < 10; ++pages) {
      const Json answer = world->get("/api/v1/search?topic=paged&q=page&order=" + order + "&cursor=" + cursor).json();
      for (const Json& hit : answer["hits"]) keys.insert(hit["key"].get<std::string>());
      hits += answer["hits"].size();
      if (answer["cursor"].is_null()) break;
      cursor = answer["cursor"].get<std::string>();
    }
    EXPECT_EQ(hits, 57U) << order;
    EXPECT_EQ(keys.size(), 57U) << order;
  }
  expect_error(world->get("/api/v1/search?topic=paged&cursor=nonsense"), 400, "invalid");
}

/// For what is too long for an address.
TEST_F(Routes, ParametersAsABody) {
  std::string text;
  for (int i = 0; i < 3000; ++i) text += "载";
  const auto sent = world->send({"orders", PartitionId{2}, "long-1", text, {}, Timestamp{7000}});
  const auto ask = [](const std::string& path, const Json& body) { return world->call("POST", path, body.dump()); };
  const Json asked{{"topic", "orders"}, {"q", "\"" + text + "\""}, {"limit", 1}, {"explain", true}, {"key", nullptr}};
  const RawAnswer found = ask("/api/v1/search", asked);
  ASSERT_EQ(found.status, 200) << found.body;
  ASSERT_EQ(found.json()["hits"].size(), 1U);
  EXPECT_EQ(found.json()["hits"][0]["key"], "long-1");
  EXPECT_TRUE(found.json().contains("explain"));
  const Json from{{"partition", 2}, {"offset", sent.offset.value}, {"limit", "1"}};
  const RawAnswer message = ask("/api/v1/topics/orders/messages/read", from);
  ASSERT_EQ(message.status, 200) << message.body;
  EXPECT_EQ(message.json()["messages"][0]["key"], "long-1");
  expect_error(ask("/api/v1/search", {{"topic", "orders"}, {"patition", 1}}), 400, "invalid", "patition");
  expect_error(ask("/api/v1/search", {{"topic", "orders"}, {"q", {"a"}}}), 400, "invalid", "\"q\" must be a string");
  expect_error(ask("/api/v1/search", {{"topic", "orders"}, {"q", 1}}), 400, "invalid", "\"q\" must be a string");
  expect_error(ask("/api/v1/search", {{"topic", "orders"}, {"time", true}}), 400, "invalid", "\"time\" must be");
  expect_error(ask("/api/v1/search", {{"topic", "orders"}, {"limit", 11}}), 400, "invalid", "limit");
  expect_error(ask("/api/v1/search?topic=orders", {{"q", "x"}}), 400, "invalid", "topic");
  expect_error(ask("/api/v1/search", Json::array()), 400, "invalid", "object");
  expect_error(ask("/api/v1/topics/none/messages/read", {{"time", 1}}), 404, "not_found", "none");
}

TEST_F(Routes, BadSearches) {
  expect_error(world->get("/api/v1/search"), 400, "invalid", "topic");
  expect_error(world->get("/api/v1/search?topic=none"), 404, "not_found", "none");
  expect_error(world->get("/api/v1/search?topic=no*"), 404, "not_found", "no*");
  EXPECT_EQ(world->get("/api/v1/search?topic=ord*").status, 200) << "a pattern over the opened topics";
  expect_error(world->get("/api/v1/search?topic=orders&q=nofield:x"), 400, "invalid", "at character 1");
  expect_error(world->get("/api/v1/search?topic=orders&offset=9..1"), 400, "invalid", "offset");
  expect_error(world->get("/api/v1/search?topic=orders&time=soon"), 400, "invalid", "time");
  expect_error(world->get("/api/v1/search?topic=orders&limit=11"), 400, "invalid", "limit");
  expect_error(world->get("/api/v1/search?topic=orders&q=%"), 400, "invalid", "hexadecimal");
  expect_error(world->get("/api/v1/search?topic=orders&topic=orders"), 400, "invalid", "twice");
  expect_error(world->get("/api/v1/search?topic=%ff%00"), 404, "not_found");
  EXPECT_EQ(world->get("/api/v1/search?topic=orders&q=%00a%ff").status, 200);
  EXPECT_EQ(world->get("/api/v1/search?topic=orders&q=&key=&partition=").status, 200);
}

TEST_F(Routes, TopicsFromOpenToClose) {
  ASSERT_TRUE(world->broker().create_topic("life", 2));
  const RawAnswer opened = world->call("POST", "/api/v1/topics", R"({"topic":"life","labels":["x"],"retention":"3d"})");
  ASSERT_EQ(opened.status, 201) << opened.body;
  EXPECT_EQ(opened.json()["name"], "life");
  EXPECT_EQ(opened.json()["retention"], "3d");
  expect_error(world->call("POST", "/api/v1/topics", R"({"topic":"life"})"), 409, "conflict", "life");
  expect_error(world->call("POST", "/api/v1/topics", R"({"topic":"a b"})"), 400, "invalid");
  expect_error(world->call("POST", "/api/v1/topics", R"({"topic":)"), 400, "invalid", "byte");
  expect_error(world->call("POST", "/api/v1/topics", R"({"topic":"empty","labels":["x",""]})"), 400, "invalid",
               "a label is empty");
  world->send({"life", PartitionId{0}, "k", "v", {}, {}});
  EXPECT_EQ(world->get("/api/v1/topics/life").json()["labels"], Json::parse(R"(["x"])"));
  std::set<std::string> names;
  const Json list = world->get("/api/v1/topics").json();
  for (const Json& topic : list["topics"]) names.insert(topic["name"].get<std::string>());
  EXPECT_TRUE(names.count("life") == 1 && names.count("orders") == 1);
  const Json progress = world->get("/api/v1/topics/life/progress").json();
  ASSERT_EQ(progress["partitions"].size(), 2U);
  EXPECT_EQ(progress["partitions"][0]["indexed_to"], 1);
  const RawAnswer paused = world->call("POST", "/api/v1/topics/life/pause");
  EXPECT_EQ(paused.json()["state"], "paused") << paused.body;
  EXPECT_EQ(world->call("POST", "/api/v1/topics/life/resume").status, 200);
  for (const char* change : {"/api/v1/topics/life/pause", "/api/v1/topics/life/resume"}) {
    expect_error(world->call("POST", change, R"({"partition":0})"), 400, "invalid", "unknown member \"partition\"");
    expect_error(world->call("POST", change, "[]"), 400, "invalid", "not a JSON object");
    expect_error(world->call("POST", change, "{"), 400, "invalid", "byte");
    EXPECT_EQ(world->call("POST", change, "{}").status, 200) << change;
  }
  const RawAnswer patched = world->call("PATCH", "/api/v1/topics/life", R"({"retention":"forever"})");
  ASSERT_EQ(patched.status, 200) << patched.body;
  EXPECT_EQ(patched.json()["retention"], "forever");
  EXPECT_EQ(patched.json()["effective_retention"], "forever, whatever Kafka drops");
  EXPECT_EQ(patched.json()["events"].back()["text"], "retention changed: 3d to forever");
  expect_error(world->call("PATCH", "/api/v1/topics/life", R"({"retention":"soon"})"), 400, "invalid", "soon");
  expect_error(world->call("PATCH", "/api/v1/topics/life", R"({"from":"latest"})"), 400, "invalid", "from");
  expect_error(world->call("PATCH", "/api/v1/topics/none", R"({"retention":"7d"})"), 404, "not_found");
  EXPECT_EQ(world->call("DELETE", "/api/v1/topics/life").status, 204);
  expect_error(world->get("/api/v1/topics/life"), 404, "not_found", "life");
  expect_error(world->get("/api/v1/topics/life/progress"), 404, "not_found");
  expect_error(world->call("POST", "/api/v1/topics/life/pause"), 404, "not_found");
  expect_error(world->call("DELETE", "/api/v1/topics/life"), 404, "not_found");
}

}  // namespace
}  // namespace kseek::testing
