// Jobs and dead letters over HTTP.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <thread>

#include "tests/server/world.h"

namespace kseek::testing {
namespace {

using ::testing::HasSubstr;
using Json = nlohmann::json;

class JobRoutes : public ::testing::Test {
 protected:
  JobRoutes() {
    world_.open("orders", 2);
    std::vector<indexer::OutgoingMessage> messages(200);
    for (size_t i = 0; i < messages.size(); ++i) {
      messages[i].topic = "orders";
      messages[i].partition = PartitionId{static_cast<int32_t>(i % 2)};
      messages[i].value = "message " + std::to_string(i);
    }
    world_.send_all("orders", messages);
  }

  Json wait_ended(uint64_t id) {
    const auto until = std::chrono::steady_clock::now() + std::chrono::seconds(60);
    for (;;) {
      Json job = world_.get("/api/v1/jobs/" + std::to_string(id)).json();
      if (job["state"] != "queued" && job["state"] != "running") return job;
      if (std::chrono::steady_clock::now() > until) return job;
      std::this_thread::sleep_for(std::chrono::milliseconds(5));
    }
  }

  /// What is read again is taken in now.
  static Json without_ingest_times(Json hits) {
    for (Json& hit : hits) hit.erase("ingest_time");
    return hits;
  }

  World world_;
};

TEST_F(JobRoutes, ReindexFromTheStoreAndFromKafka) {
  EXPECT_TRUE(world_.get("/api/v1/jobs").json()["jobs"].empty());
  const RawAnswer started = world_.call("POST", "/api/v1/topics/orders/reindex");
  ASSERT_EQ(started.status, 202) << started.body;
  EXPECT_EQ(started.json()["id"], 1);
  EXPECT_EQ(started.json()["source"], "store");
  EXPECT_EQ(wait_ended(1)["state"], "done");
  const RawAnswer again =
      world_.call("POST", "/api/v1/topics/orders/reindex", R"({"source":"kafka","from":"0:50","rate_limit":100})");
  ASSERT_EQ(again.status, 202) << again.body;
  EXPECT_EQ(again.json()["rate_limit"], 100.0);
  const Json done = wait_ended(2);
  EXPECT_EQ(done["state"], "done") << done;
  EXPECT_EQ(done["messages_done"], done["messages_total"]);
  EXPECT_EQ(world_.get("/api/v1/jobs").json()["jobs"][0]["id"], 2) << "newest first";
  const auto search = [&] { return world_.get("/api/v1/search?topic=orders&partition=0&order=oldest").json(); };
  Json found = search();
  const auto until = std::chrono::steady_clock::now() + std::chrono::seconds(60);
  while (found["complete"] != true && std::chrono::steady_clock::now() < until) found = search();  // it starts again
  EXPECT_EQ(found["hits"][0]["offset"], 50);
  EXPECT_EQ(found["complete"], true) << found;
}

/// Nothing is produced, so nothing lags: a swap is nothing that an answer may show.
TEST_F(JobRoutes, EachAnswerIsCompleteAndExactWhileReindexingSwapsTheTopic) {
  const auto search = [&] { return world_.get("/api/v1/search?topic=orders&q=message&offset=7..9").json(); };
  const auto until = std::chrono::steady_clock::now() + std::chrono::seconds(60);
  Json expected = search();
  while (expected["complete"] != true && std::chrono::steady_clock::now() < until) expected = search();
  ASSERT_EQ(expected["hits"].size(), 6U) << expected;
  const auto ended = [&](const std::string& id) {
    const std::string state = world_.get("/api/v1/jobs/" + id).json()["state"];
    return state != "queued" && state != "running";
  };
  const auto running = [&] { return world_.get("/api/v1/topics/orders").json()["state"] == "running"; };
  for (int swap = 1; swap <= 5; ++swap) {
    const RawAnswer started = world_.call("POST", "/api/v1/topics/orders/reindex", R"({"source":"kafka"})");
    ASSERT_EQ(started.status, 202) << started.body;
    const std::string id = started.json()["id"].dump();
    for (bool over = false; !over && std::chrono::steady_clock::now() < until;) {
      over = ended(id) && running();  // looked at before the search: the last one comes after it
      for (int times = 0; times < 5; ++times) {
        const Json answer = search();
        ASSERT_EQ(answer["complete"], true) << "swap " << swap << ": " << answer["incomplete_because"];
        ASSERT_EQ(without_ingest_times(answer["hits"]), without_ingest_times(expected["hits"])) << "swap " << swap;
      }
    }
    EXPECT_EQ(world_.get("/api/v1/jobs/" + id).json()["state"], "done");
  }
}

TEST_F(JobRoutes, OneATopicAndCancel) {
  const RawAnswer slow =
      world_.call("POST", "/api/v1/topics/orders/reindex", R"({"source":"kafka","rate_limit":0.0001})");
  ASSERT_EQ(slow.status, 202) << slow.body;
  const RawAnswer second = world_.call("POST", "/api/v1/topics/orders/reindex");
  EXPECT_EQ(second.status, 409);
  EXPECT_THAT(second.json()["error"]["hint"].get<std::string>(), HasSubstr("kseek jobs cancel 1"));
  const RawAnswer cancelled = world_.call("DELETE", "/api/v1/jobs/1");
  EXPECT_EQ(cancelled.status, 200);
  EXPECT_EQ(cancelled.json()["state"], "cancelled");
  EXPECT_EQ(world_.get("/api/v1/search?topic=orders").json()["complete"], true);
}

TEST_F(JobRoutes, WrongRequests) {
  const auto status = [&](const std::string& body) {
    return world_.call("POST", "/api/v1/topics/orders/reindex", body).status;
  };
  EXPECT_EQ(status("[]"), 400);
  EXPECT_EQ(status(R"({"source":"elsewhere"})"), 400);
  EXPECT_EQ(status(R"({"rate_limit":0})"), 400);
  EXPECT_EQ(status(R"({"rate_limit":"fast"})"), 400);
  EXPECT_EQ(status(R"({"from":"earliest"})"), 400);
  EXPECT_EQ(status(R"({"source":"kafka","from":"whenever"})"), 400);
  EXPECT_EQ(status(R"({"what":1})"), 400);
  EXPECT_EQ(world_.call("POST", "/api/v1/topics/others/reindex").status, 404);
  EXPECT_EQ(world_.get("/api/v1/jobs/1").status, 404);
  EXPECT_EQ(world_.get("/api/v1/jobs/x").status, 404);
  EXPECT_EQ(world_.call("DELETE", "/api/v1/jobs/1").status, 404);
  EXPECT_EQ(world_.get("/api/v1/topics/orders/dead-letters?limit=0").status, 400);
  EXPECT_EQ(world_.get("/api/v1/topics/orders/dead-letters?before=1,2").status, 400);
  EXPECT_EQ(world_.get("/api/v1/topics/others/dead-letters").status, 404);
}

TEST_F(JobRoutes, NoDeadLetters) {
  const Json none = world_.get("/api/v1/topics/orders/dead-letters").json();
  EXPECT_TRUE(none["dead_letters"].empty());
  EXPECT_TRUE(none["next"].is_null());
}

}  // namespace
}  // namespace kseek::testing
