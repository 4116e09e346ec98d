// A disk that is full, or fails, while the real program indexes: it says so, searching goes on, it goes on by itself
// when the disk takes writes again, and nothing is lost or there twice. KSEEK_SEED sets the moments.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <random>

#include "tests/crash/disk.h"
#include "tests/faults/fault_world.h"

namespace kseek::testing {
namespace {

using ::testing::HasSubstr;

uint64_t seed() {
  const char* const text = std::getenv("KSEEK_SEED");  // NOLINT: no thread changes the environment
  return text == nullptr ? 1 : std::stoull(text);
}

class DiskTest : public ::testing::TestWithParam<const char*> {
 protected:
  DiskTest() : disk_(world_.data(), world_.scratch().file("disk")) {
    disk_.remember_all();
    world_.start(disk_.environment());
    world_.open();
  }

  /// While the disk takes nothing.
  void expect_that_it_says_so(const std::string& error) {
    const Json stalled = world_.wait_for_state("stalled");
    const std::string reason = stalled["reason"].is_string() ? stalled["reason"].get<std::string>() : "";
    EXPECT_THAT(reason, HasSubstr(error == "EIO" ? "Input/output error" : "o space left on")) << stalled.dump();
    EXPECT_THAT(reason, HasSubstr(world_.data()));
    const Json ready = world_.server().get("/readyz").json();
    EXPECT_EQ(ready["status"], "degraded");
    EXPECT_EQ(ready["topics"][0]["state"], "stalled");
    EXPECT_EQ(world_.metric(R"(kseek_topic_state{topic="orders",state="stalled"})"), 1);
    const Finished topics = kseek({"topics", "--server", world_.server().url()});
    EXPECT_THAT(topics.out, HasSubstr("stalled"));
    EXPECT_THAT(topics.out, HasSubstr("(retried)"));
    // What was taken in before is found, and a new message too: it waits in memory.
    const int last = world_.produced() - 1;
    EXPECT_TRUE(eventually([&] {
      return world_.server().get(fmt::format("/api/v1/search?topic=orders&q=n{}", last)).json()["hits"].size() == 1;
    }));
    EXPECT_EQ(world_.server().get("/api/v1/search?topic=orders&q=n0").json()["hits"].size(), 1U);
  }

  FaultWorld world_{2};
  const ShimmedDisk disk_;
};

TEST_P(DiskTest, ItStallsSearchesAndGoesOn) {
  const std::string error = GetParam();
  SCOPED_TRACE(fmt::format("seed {}", seed()));
  std::mt19937_64 random(seed());
  world_.produce(500);
  world_.wait_until_taken_in();
  constexpr int kRounds = 3;
  for (int round = 0; round < kRounds && !HasFailure(); ++round) {
    SCOPED_TRACE(fmt::format("round {}", round));
    // In the midst of sealing, building and merging, or while nothing is written.
    world_.produce(static_cast<int>(random() % 1'500), 100 + random() % 900);
    if (round % 2 == 0) world_.wait_until_taken_in();
    disk_.make_full(error);
    world_.produce(300);
    expect_that_it_says_so(error);
    disk_.make_room();
    EXPECT_TRUE(eventually([&] { return world_.details()["state"] == "running"; })) << world_.details().dump(2);
    EXPECT_EQ(world_.server().get("/readyz").json()["status"], "ready");
  }
  if (HasFailure()) return;
  world_.expect_each_once();
  EXPECT_EQ(world_.stop(), 0);
  world_.start();
  world_.expect_each_once();
}

INSTANTIATE_TEST_SUITE_P(Errors, DiskTest, ::testing::Values("ENOSPC", "EIO"));

/// A topic that can't be opened is not half there afterwards, and what fails when it is closed or paused is whole.
TEST_P(DiskTest, WhatIsAskedForMeanwhileFailsWhole) {
  world_.produce(200);
  world_.wait_until_taken_in();
  disk_.make_full(GetParam());
  for (const auto& [method, target] :
       {std::pair("POST", "/api/v1/topics/orders/pause"), std::pair("DELETE", "/api/v1/topics/orders")}) {
    const RawAnswer refused = world_.server().call(method, target);
    EXPECT_EQ(refused.status, 503) << refused.body;
    EXPECT_THAT(refused.body, HasSubstr("hint"));
  }
  disk_.make_room();
  world_.produce(100);
  world_.wait_for_state("running");
  world_.expect_each_once();
  EXPECT_EQ(world_.stop(), 0);
  world_.start();
  world_.expect_each_once();
  EXPECT_EQ(world_.server().call("DELETE", "/api/v1/topics/orders").status, 204);
}

/// Each named operation fails once.
TEST(FailingOperations, AreTriedAgain) {
  FaultWorld world(2);
  std::string faults;
  for (const char* name : {"seal.before_commit", "index.before_commit", "merge.before_commit", "expire.before_commit",
                           "partition.before_commit", "segment.built", "segment.synced", "reclaim.synced"}) {
    faults += fmt::format("{}{}:ENOSPC:1,{}:EIO:3", faults.empty() ? "" : ",", name, name);
  }
  world.start({"KSEEK_FAULT=" + faults});
  world.open();
  for (int round = 0; round < 4; ++round) {
    world.produce(600);
    world.wait_until_taken_in();
  }
  EXPECT_TRUE(eventually([&] {
    const Json details = world.details();
    return details["state"] == "running" && details["unindexed_blocks"] == 0;
  })) << world.details().dump(2);
  world.expect_each_once();
}

}  // namespace
}  // namespace kseek::testing
