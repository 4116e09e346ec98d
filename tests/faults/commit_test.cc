// What the consumer group of a topic was told survives power loss: it is synced before.
#include <gtest/gtest.h>

#include <csignal>
#include <map>
#include <random>
#include <utility>

#include "store/store.h"
#include "tests/crash/disk.h"
#include "tests/faults/fault_world.h"
#include "tests/indexer/committed.h"

namespace kseek::testing {
namespace {

constexpr int kPartitions = 2;
constexpr int kRounds = 8;

/// No segment is built, whose commit would sync what was sealed before it, by chance.
constexpr const char* kConfig = R"([store]
block_max_messages = 50
blocks_per_segment = 1000
[indexer]
seal_after = "200ms"
watermark_interval = "50ms"
commit_interval = "20ms"
workers = 2
)";

std::map<int, int64_t> durable_offsets(const std::string& data) {
  std::map<int, int64_t> durable;
  const auto store = store::Store::open(data, store::OpenMode::kReadOnly, {});
  const auto orders = store ? (*store)->topic("orders") : nullptr;
  EXPECT_NE(orders, nullptr);
  if (!orders) return durable;
  for (const auto& partition : orders->view().partitions) {
    durable[partition.partition.value] = partition.sealed_to.value;
  }
  return durable;
}

int64_t committed_sum(FaultWorld& world) {
  int64_t sum = 0;
  for (const auto& [partition, offset] : committed_offsets(world.brokers(), "kseek-orders", "orders", kPartitions)) {
    sum += offset;
  }
  return sum;
}

TEST(CommittedOffsets, NeverRunAheadOfWhatSurvivesPowerLoss) {
  FaultWorld world(kPartitions, kConfig);
  const ShimmedDisk disk(world.data(), world.scratch().file("disk"));
  std::mt19937_64 random(1);
  int64_t last = 0;
  int rose = 0;
  for (int round = 0; round < kRounds && !HasFailure(); ++round) {
    SCOPED_TRACE(round);
    disk.remember_all();
    world.start(disk.environment());
    if (round == 0) world.open();
    world.produce(400 + static_cast<int>(random() % 400));
    // In the midst of it, at another moment each time.
    const int64_t enough = world.produced() - static_cast<int64_t>(random() % 300);
    ASSERT_TRUE(eventually([&] { return world.server().taken_in("orders") >= enough; }));
    const bool wait = round % 2 == 0;  // else it may be killed before anything was committed
    ASSERT_TRUE(!wait || eventually([&] { return committed_sum(world) > last; }));
    world.server().process().signal(SIGKILL);
    ASSERT_TRUE(world.server().process().wait());
    disk.lose_power(true, random);
    int64_t sum = 0;
    auto durable = durable_offsets(world.data());
    for (const auto& [partition, offset] : committed_offsets(world.brokers(), "kseek-orders", "orders", kPartitions)) {
      EXPECT_LE(offset, durable[partition]) << "partition " << partition;
      sum += offset;
    }
    if (sum > std::exchange(last, sum)) ++rose;
  }
  EXPECT_GE(rose, kRounds / 2) << "too little was committed to say anything";
}

}  // namespace
}  // namespace kseek::testing
