// GET /api/v1/topics/{t}/messages: from an offset, from a time, and where to go on.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>
#include <string>
#include <vector>

#include "tests/server/world.h"

namespace kseek::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using Json = nlohmann::json;

class MessagesRoute : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    world = new World;
    world->open("orders", 2);
    std::vector<indexer::OutgoingMessage> messages;
    for (int i = 0; i < 30; ++i) {
      messages.push_back({"orders",
                          PartitionId{i % 2},
                          "k" + std::to_string(i),
                          std::to_string(i),
                          {},
                          Timestamp{1'000'000 + i * 1000}});
    }
    world->send_all("orders", messages);
  }
  static void TearDownTestSuite() {
    delete world;
    world = nullptr;
  }
  static Json ask(const std::string& query) {
    const RawAnswer answer = world->get("/api/v1/topics/orders/messages" + query);
    EXPECT_EQ(answer.status, 200) << answer.body;
    return answer.json();
  }
  static std::vector<std::string> values(const Json& answer) {
    std::vector<std::string> all;
    for (const Json& message : answer["messages"]) all.push_back(message["value"].get<std::string>());
    return all;
  }
  static void expect_refused(const std::string& query, int status, const std::string& text) {
    const RawAnswer answer = world->get("/api/v1/topics/orders/messages" + query);
    EXPECT_EQ(answer.status, status) << answer.body;
    EXPECT_THAT(answer.body, HasSubstr(text));
  }
  static World* world;
};
World* MessagesRoute::world = nullptr;

TEST_F(MessagesRoute, FromAnOffset) {
  const Json first = ask("?partition=1&offset=3");
  EXPECT_THAT(values(first), ElementsAre("7", "9", "11", "13", "15", "17", "19", "21", "23", "25"));
  EXPECT_EQ(first["complete"], true);
  EXPECT_EQ(first["more"], true);
  EXPECT_EQ(first["begins_at"], 3);
  EXPECT_EQ(first["next_offset"], 13);
  EXPECT_TRUE(first["cursor"].is_null());
  EXPECT_TRUE(first["gaps"].empty());
  EXPECT_TRUE(first["notes"].empty());
  ASSERT_EQ(first["coverage"].size(), 1U);
  EXPECT_EQ(first["messages"][0]["offset"], 3);
  EXPECT_EQ(first["messages"][0]["key"], "k7");
  EXPECT_FALSE(first["messages"][0].contains("matched"));
  const Json last = ask("?partition=1&offset=13");
  EXPECT_THAT(values(last), ElementsAre("27", "29"));
  EXPECT_EQ(last["more"], false);
  EXPECT_EQ(last["next_offset"], 15) << "where the next one will stand";
  EXPECT_THAT(values(ask("?partition=0&limit=2")), ElementsAre("0", "2")) << "a partition alone, from its beginning";
}

TEST_F(MessagesRoute, FromATime) {
  const Json first = ask("?time=1018000&limit=5");
  EXPECT_THAT(values(first), ElementsAre("18", "19", "20", "21", "22"));
  EXPECT_TRUE(first["next_offset"].is_null());
  const Json next = ask("?time=1018000&cursor=" + first["cursor"].get<std::string>());
  EXPECT_THAT(values(next), ElementsAre("23", "24", "25", "26", "27", "28", "29"));
  EXPECT_EQ(next["more"], false);
  EXPECT_TRUE(next["cursor"].is_null());
  EXPECT_THAT(values(ask("?partition=1&time=1970-01-01T00:17:05Z")), ElementsAre("25", "27", "29"));
}

TEST_F(MessagesRoute, RefusesWhatMakesNoSense) {
  expect_refused("", 400, "where the messages begin");
  expect_refused("?offset=1", 400, "partition");
  expect_refused("?partition=0,1&offset=1", 400, "partition");
  expect_refused("?partition=0&offset=1..2", 400, "offset is");
  expect_refused("?partition=0&offset=-1", 400, "offset is");
  expect_refused("?partition=0&offset=1&time=1", 400, "said twice");
  expect_refused("?partition=9&offset=1", 404, "partition 9");
  expect_refused("?time=soon", 400, "time: ");
  expect_refused("?time=1&limit=11", 400, "limit");
  expect_refused("?time=1&cursor=nonsense", 400, "cursor");
  expect_refused("?q=1", 400, "q");
  EXPECT_EQ(world->get("/api/v1/topics/none/messages?time=1").status, 404);
}

}  // namespace
}  // namespace kseek::testing
