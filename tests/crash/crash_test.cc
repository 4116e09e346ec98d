// Crashes of the real program: SIGKILL at random moments and at every named point (base/fault_point.h), and power loss.
// KSEEK_CRASH_ROUNDS sets how many crashes a life (a data directory) has, KSEEK_SEED which ones.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <csignal>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <regex>
#include <set>

#include "tests/crash/crash_world.h"
#include "tests/source_dir.h"

namespace kseek::testing {
namespace {

namespace fs = std::filesystem;
using std::chrono::milliseconds;

constexpr int kLives = 8;
constexpr int kPowerLives = 4;
// At these a write has said what takes another's place, which goes next: here nothing may be left to be synced.
constexpr const char* kIrrevocable[] = {"generation.adopted", "merge.committed", "rebuild.swapped",
                                        "recreate.committed"};
static_assert(std::size(kIrrevocable) == kPowerLives);
constexpr std::chrono::seconds kPatience{60};  // to reach a point, on a machine that does other things as well
// A server on the test broker doesn't come by: an import does, and Kafka's compaction (compact_test.cc).
constexpr const char* kElsewhere[] = {"flush.positions", "compact.before_commit", "compact.committed",
                                      "rewrite.before_commit", "rewrite.committed"};

uint64_t number_from(const char* variable, uint64_t otherwise) {
  const char* const text = std::getenv(variable);  // NOLINT: no thread changes the environment
  return text == nullptr ? otherwise : std::stoull(text);
}

/// The names of all points that a server can reach here, as they stand in the sources.
std::set<std::string> named_points() {
  std::set<std::string> names;
  const std::regex call(R"((fault_point|crash_point)\(([^;]*)\))");
  const std::regex literal(R"("([a-z_]+\.[a-z_]+)\")");
  for (const char* folder : {"store", "indexer", "query", "server", "cli"}) {
    for (const auto& file : fs::recursive_directory_iterator(fs::path(source_dir()) / folder)) {
      if (file.path().extension() != ".cc") continue;
      std::ifstream in(file.path());
      const std::string text(std::istreambuf_iterator<char>(in), {});
      for (std::sregex_iterator found(text.begin(), text.end(), call), end; found != end; ++found) {
        const std::string arguments = (*found)[2];
        for (std::sregex_iterator name(arguments.begin(), arguments.end(), literal); name != end; ++name) {
          names.insert((*name)[1]);
        }
      }
    }
  }
  for (const char* name : kElsewhere) EXPECT_EQ(names.erase(name), 1U) << name;
  return names;
}

/// Runs until the point has ended the server. False: it was not reached.
bool die_at(CrashWorld& world, const std::string& point) {
  if (point.starts_with("open.")) world.plant_orphan();
  if (point.starts_with("scrub.")) world.damage_segments();
  if (point.starts_with("recreate.")) world.plant_foreign_message();
  const bool seldom = point.starts_with("open.") || point.starts_with("scrub.") || point.starts_with("recreate.");
  const uint64_t pass = seldom ? 1 : 1 + world.random()() % 2;
  world.aim_at(point);
  world.start(fmt::format("{}:kill:{}", point, pass));
  if (!world.has_died()) world.work(kPatience);
  world.aim_at("");
  return world.has_died();
}

class CrashTest : public ::testing::TestWithParam<int> {};

/// Each named point in one of the lives, random moments in all.
TEST_P(CrashTest, NothingIsLostOrDoubledByKilling) {
  const uint64_t seed = number_from("KSEEK_SEED", 1) * 1'000 + static_cast<uint64_t>(GetParam());
  SCOPED_TRACE(fmt::format("seed {}", seed));
  std::set<std::string> mine;
  size_t i = 0;
  const auto points = named_points();
  for (const std::string& point : points) {
    if (i++ % kLives == static_cast<size_t>(GetParam())) mine.insert(point);
  }
  CrashWorld world(seed);
  const uint64_t rounds = number_from("KSEEK_CRASH_ROUNDS", 25);
  auto next = mine.begin();
  std::set<std::string> missed;
  for (uint64_t round = 0; round < rounds && !HasFailure(); ++round) {
    SCOPED_TRACE(fmt::format("round {}", round));
    if (round > 2 && round % 2 == 0 && next != mine.end()) {
      SCOPED_TRACE(*next);
      if (!die_at(world, *next)) missed.insert(*next);
      ++next;
    } else {
      if (round % 8 == 5) world.plant_orphan();
      world.start("");
      world.work(milliseconds(world.random()() % 250));
    }
    world.kill();
    world.check_directory();
  }
  if (HasFailure()) return;
  EXPECT_EQ(next, mine.end()) << "more points than rounds";
  EXPECT_EQ(missed, std::set<std::string>()) << "points that were never reached";
  world.check_everything();
}

INSTANTIATE_TEST_SUITE_P(Lives, CrashTest, ::testing::Range(0, kLives));

class PowerLossTest : public ::testing::TestWithParam<int> {};

TEST_P(PowerLossTest, NothingDurableIsLostAndNothingIsDoubled) {
  const uint64_t seed = number_from("KSEEK_SEED", 1) * 1'000 + 100 + static_cast<uint64_t>(GetParam());
  SCOPED_TRACE(fmt::format("seed {}", seed));
  CrashWorld world(seed);
  world.use_shim();
  const uint64_t rounds = number_from("KSEEK_CRASH_ROUNDS", 25);
  const auto points = named_points();
  const std::string irrevocable = kIrrevocable[GetParam()];
  for (uint64_t round = 0; round < rounds && !HasFailure(); ++round) {
    if (round == 5 || round == 15) {
      SCOPED_TRACE(fmt::format("round {}, {}", round, irrevocable));
      EXPECT_TRUE(die_at(world, irrevocable)) << "it was never reached";
      world.lose_power(true);
      world.check_directory();
      continue;
    }
    const bool strict = world.random()() % 2 == 0;
    const auto point = std::next(points.begin(), static_cast<int64_t>(world.random()() % points.size()));
    const bool at_point = world.random()() % 2 == 0;
    const std::string fault = at_point ? fmt::format("{}:kill:{}", *point, 1 + world.random()() % 3) : "";
    SCOPED_TRACE(fmt::format("round {}, strict {}, {}", round, strict, fault));
    world.aim_at(at_point ? *point : "");
    world.start(fault);
    if (!world.has_died()) world.work(milliseconds(world.random()() % 300));
    world.lose_power(strict);
    world.check_directory();
  }
  if (!HasFailure()) world.check_everything();
}

/// Nothing else goes on that would sync it by chance.
TEST(AnsweredTest, SurvivesPowerLossAtOnce) {
  CrashWorld world(1);
  world.use_shim();
  world.start("");
  world.produce("orders", 100);
  world.lose_power(true);
  world.check_directory();
  for (const size_t change : {0, 1, 2, 1, 3, 0}) {
    SCOPED_TRACE(fmt::format("change {}", change));
    world.start("");
    world.change_side(change);
    world.lose_power(true);
    world.check_directory();
  }
  world.start("");
  world.reindex("store", true);
  world.lose_power(true);
  world.check_directory();
}

INSTANTIATE_TEST_SUITE_P(Lives, PowerLossTest, ::testing::Range(0, kPowerLives));

/// A dump of the topic "orders", and imports of it. There is no Kafka that would give it again.
class ImportTest : public ::testing::Test {
 protected:
  static constexpr int kMessages = 9'000;

  ImportTest() {
    std::string dump;
    for (int i = 0; i < kMessages; ++i) {
      const MessageOf message{"orders", i % kPartitions, i / kPartitions};
      dump += fmt::format(R"({{"topic":"orders","partition":{},"offset":{},"ts":{},"key":"{}","payload":"word{}"}})",
                          message.partition, message.offset, 1'700'000'000'000 + i, message.key(), i % 7) +
              "\n";
    }
    write_file(dir_.file("dump"), dump);
  }

  Finished import(std::vector<std::string> environment) const {
    std::vector<std::string> arguments{"env"};
    std::move(environment.begin(), environment.end(), std::back_inserter(arguments));
    for (auto& argument : kseek_arguments({"import", "orders", dir_.file("dump"), "--data-dir", dir_.file("data")})) {
      arguments.push_back(std::move(argument));
    }
    return run(arguments);
  }

  /// How many of the messages are there; each that is, once.
  [[nodiscard]] size_t count() const {
    const auto store = store::Store::open(dir_.file("data"), store::OpenMode::kReadOnly, {});
    if (!store || (*store)->topic("orders") == nullptr) return 0;
    const auto topic = (*store)->topic("orders");
    std::set<std::string> keys;
    topic->view().blocks->for_each([&](const store::BlockMeta& meta) {
      const auto block = topic->read_block(meta);
      ASSERT_TRUE(block && *block) << describe(block.error());
      for (size_t i = 0; i < (*block)->size(); ++i) {
        EXPECT_TRUE(keys.insert(std::string((*block)->message(i).key.value_or(""))).second);
      }
    });
    return keys.size();
  }

  TempDir dir_;
};

TEST_F(ImportTest, WhatReturnedSurvivesPowerLoss) {
  const ShimmedDisk disk(dir_.file("data"), dir_.file("disk"));
  disk.remember_all();
  const Finished imported = import(disk.environment());
  ASSERT_EQ(imported.code, 0) << imported.err;
  std::mt19937_64 random(1);
  disk.lose_power(true, random);
  EXPECT_EQ(count(), kMessages);
}

TEST_F(ImportTest, KilledAndGivenAgainItIsThereOnce) {
  for (const char* fault : {"create.committed:kill:1", "partition.committed:kill:2", "seal.committed:kill:2",
                            "segment.renamed:kill:1", "flush.positions:kill:1"}) {
    SCOPED_TRACE(fault);
    const ShimmedDisk disk(dir_.file("data"), dir_.file("disk"));
    disk.remember_all();
    std::vector<std::string> environment = disk.environment();
    environment.push_back(std::string("KSEEK_FAULT=") + fault);
    ASSERT_EQ(import(environment).code, 128 + SIGKILL) << "it was not reached";
    std::mt19937_64 random(2);
    disk.lose_power(false, random);
    const Finished again = import({});
    ASSERT_EQ(again.code, 0) << again.err;
    EXPECT_EQ(count(), kMessages);
    fs::remove_all(dir_.file("data"));
  }
}

}  // namespace
}  // namespace kseek::testing
