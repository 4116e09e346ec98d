// A thousand partitions with as many open files as a shell usually allows, and in a gigabyte.
// KSEEK_LIMIT_MEGABYTES makes a run by hand with so many MB of messages, which fills what may be kept in memory.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <iostream>

#include "tests/faults/fault_world.h"

namespace kseek::testing {
namespace {

using ::testing::HasSubstr;

constexpr int kPartitions = 1'000;
constexpr double kGigabyte = 1e9;

TEST(Limits, AThousandPartitionsFitIntoAThousandFilesAndAGigabyte) {
  const char* const megabytes = std::getenv("KSEEK_LIMIT_MEGABYTES");  // NOLINT: no thread changes the environment
  const int messages = megabytes == nullptr ? 6 * kPartitions : std::atoi(megabytes) * 1'000;
  const std::string seal_after = megabytes == nullptr ? "2s" : "5m";  // by hand: only memory's limit seals
  FaultWorld world(kPartitions,
                   fmt::format("[indexer]\nseal_after = \"{}\"\nmetadata_interval = \"500ms\"\n", seal_after));
  world.produce(messages, 1'000);
  world.start({"prlimit", "--nofile=1024:1024"});
  ASSERT_EQ(world.metric("process_max_fds"), 1'024);
  world.open();
  double files = 0;
  double memory = 0;
  const auto look = [&] {
    files = std::max(files, world.metric("process_open_fds"));
    memory = std::max(memory, world.metric("process_resident_memory_bytes"));
  };
  ASSERT_TRUE(eventually(
      [&] {
        look();
        return world.server().taken_in("orders") == messages;
      },
      std::chrono::seconds(120)));
  for (int round = 0; round < 20; ++round) {
    const int number = round * (messages / 20);
    const auto found = world.server().get(fmt::format("/api/v1/search?topic=orders&q=n{}", number)).json();
    EXPECT_EQ(found["hits"].size(), 1U) << number;
    look();
  }
  EXPECT_TRUE(eventually([&] {
    look();
    const Json details = world.details();
    return details["state"] == "running" && (megabytes != nullptr || details["memory_bytes"] < 100'000'000);
  })) << world.details().dump(2);
  EXPECT_THAT(world.server().process().errors(), ::testing::Not(HasSubstr("open files")));
  EXPECT_LT(files, 1'024);
  EXPECT_LT(memory, kGigabyte);
  std::cout << fmt::format("{} partitions, {} messages of 1 kB: at most {:.0f} open files, {:.0f} MB\n", kPartitions,
                           messages, files, memory / 1e6);
}

TEST(Limits, FewOpenFilesAreNamedWithWhatToRaise) {
  const TempDir dir;
  const ServerProcess low(dir.file("data"), "", "", {"prlimit", "--nofile=256:256"});
  ASSERT_TRUE(low.ready()) << low.process().errors();
  EXPECT_THAT(low.process().errors(), HasSubstr("only 256 files may be open"));
  EXPECT_THAT(low.process().errors(), HasSubstr("ulimit -n"));
  std::vector<std::string> arguments{"prlimit", "--nofile=12:12"};
  for (auto& argument : kseek_arguments({"serve", "--data-dir", dir.file("other"), "--listen", "127.0.0.1:0"})) {
    arguments.push_back(std::move(argument));
  }
  const Finished none = run(arguments);
  EXPECT_EQ(none.code, 1) << none.err;
  EXPECT_THAT(none.err, HasSubstr("ulimit -n"));
}

}  // namespace
}  // namespace kseek::testing
