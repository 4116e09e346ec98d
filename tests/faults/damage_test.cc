// Files of the data directory that are not what was written, under the real program: what can't be trusted is never
// answered with, it is said what and where, and the documented way brings everything back.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "tests/faults/fault_world.h"

namespace kseek::testing {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;

std::vector<fs::path> files_of(const fs::path& dir, const std::string& extension) {
  std::vector<fs::path> found;
  for (const auto& entry : fs::recursive_directory_iterator(dir)) {
    if (entry.path().extension() == extension) found.push_back(entry.path());
  }
  return found;
}

void flip_byte(const fs::path& path, uint64_t at) {
  std::fstream file(path, std::ios::in | std::ios::out | std::ios::binary);
  file.seekg(static_cast<std::streamoff>(at));
  const char old = static_cast<char>(file.get());
  file.seekp(static_cast<std::streamoff>(at));
  file.put(static_cast<char>(old ^ 0x10));
}

class DamageTest : public ::testing::Test {
 protected:
  /// Messages in RocksDB's tables, and the program at rest.
  DamageTest() {
    world_.start();
    world_.open();
    world_.produce(4'000, 2'000);
    world_.wait_until_taken_in();
    EXPECT_TRUE(eventually([&] {
      const Json details = world_.details();
      return details["segments"] > 0 && details["unindexed_blocks"] == 0 && details["memory_bytes"] == 0;
    })) << world_.details().dump(2);
    EXPECT_EQ(world_.stop(), 0);
  }

  [[nodiscard]] fs::path database() const { return fs::path(world_.data()) / "db"; }
  [[nodiscard]] fs::path largest_table() const {
    fs::path largest;
    for (const auto& path : files_of(database(), ".sst")) {
      if (largest.empty() || fs::file_size(path) > fs::file_size(largest)) largest = path;
    }
    return largest;
  }
  [[nodiscard]] Json scan() {
    // Nothing that the index could help with: every block is read.
    return world_.server().get("/api/v1/search?topic=orders&q=value:/n0b0dyhasth1s/").json();
  }

  FaultWorld world_{3};
};

TEST_F(DamageTest, ADamagedBlockIsNamedAndReadFromKafkaAgain) {
  const fs::path table = largest_table();
  ASSERT_GT(fs::file_size(table), 300'000U);
  flip_byte(table, fs::file_size(table) / 2);
  world_.start();
  world_.wait_until_taken_in();
  const Json answer = scan();
  EXPECT_EQ(answer["complete"], false);
  EXPECT_THAT(answer["incomplete_because"].dump(), HasSubstr("orders, partition "));
  EXPECT_THAT(answer["incomplete_because"].dump(), HasSubstr("can't be read"));
  EXPECT_THAT(answer["incomplete_because"].dump(), HasSubstr("kseek reindex orders --source kafka"));
  EXPECT_EQ(world_.details()["damaged_blocks"], 1);
  EXPECT_EQ(world_.metric(R"(kseek_topic_damaged_blocks{topic="orders"})"), 1);
  EXPECT_EQ(world_.server().get("/api/v1/search?topic=orders&limit=10").json()["hits"].size(), 10U);
  const Finished again = kseek({"reindex", "orders", "--source", "kafka", "--server", world_.server().url()});
  EXPECT_EQ(again.code, 0) << again.out << again.err;
  EXPECT_EQ(world_.details()["damaged_blocks"], 0);
  EXPECT_TRUE(eventually([&] { return scan()["complete"] == true; })) << scan().dump(2);
  world_.expect_each_once();
}

TEST_F(DamageTest, DamagedSegmentsAreCountedAndBuiltAgainWhileSearchesGoOn) {
  size_t damaged = 0;
  for (const auto& file : files_of(fs::path(world_.data()) / "segments", ".glass")) {
    if (file.filename() != "postlist.glass") continue;
    if (damaged++ % 2 == 0) {
      flip_byte(file, fs::file_size(file) / 2);
    } else {
      fs::resize_file(file, fs::file_size(file) / 2);
    }
  }
  ASSERT_GT(damaged, 0U);
  world_.start();
  // Each is met by a search, or by the reading of all that goes on in the background.
  EXPECT_TRUE(eventually([&] {
    EXPECT_EQ(world_.server().get("/api/v1/search?topic=orders&q=n1234").json()["hits"].size(), 1U);
    const Json details = world_.details();
    return details["damaged_segments"] == damaged && details["restored_segments"] == damaged;
  })) << world_.details().dump(2);
  EXPECT_EQ(world_.metric(R"(kseek_topic_segments_restored_total{topic="orders"})"), static_cast<double>(damaged));
  EXPECT_EQ(world_.details()["unindexed_blocks"], 0);
  world_.expect_each_once();
}

TEST_F(DamageTest, ADamagedDatabaseIsAClearErrorAndTheDocumentedWayBringsItBack) {
  const fs::path good = world_.scratch().file("good");
  fs::copy(world_.data(), good, fs::copy_options::recursive);
  const auto manifest = [&] {
    for (const auto& entry : fs::directory_iterator(database())) {
      if (entry.path().filename().string().starts_with("MANIFEST")) return entry.path();
    }
    return fs::path();
  };
  const std::vector<std::pair<std::string, std::function<void()>>> damages = {
      {"CURRENT is rubbish", [&] { write_file(database() / "CURRENT", "rubbish"); }},
      {"CURRENT names nothing", [&] { write_file(database() / "CURRENT", "MANIFEST-999999\n"); }},
      {"the manifest is damaged", [&] { flip_byte(manifest(), fs::file_size(manifest()) / 3); }},
      {"the manifest is empty", [&] { fs::resize_file(manifest(), 0); }},
      {"a table is gone", [&] { fs::remove(largest_table()); }},
      {"a table is cut off", [&] { fs::resize_file(largest_table(), fs::file_size(largest_table()) / 2); }}};
  for (const auto& [what, damage] : damages) {
    SCOPED_TRACE(what);
    fs::remove_all(world_.data());
    fs::copy(good, world_.data(), fs::copy_options::recursive);
    damage();
    std::vector<Finished> all{kseek({"serve", "--data-dir", world_.data(), "--listen", "127.0.0.1:0"})};
    // A reader opens tables when it needs them.
    if (!what.starts_with("a table")) all.push_back(kseek({"search", "orders", "word1", "--data-dir", world_.data()}));
    for (const Finished& refused : all) {
      EXPECT_EQ(refused.code, 1) << refused.err;
      EXPECT_THAT(refused.err, HasSubstr(world_.data() + "/db"));
      EXPECT_THAT(refused.err, HasSubstr("move the data directory away"));
      EXPECT_THAT(refused.err, HasSubstr("kseek open"));
    }
  }
  fs::rename(world_.data(), world_.scratch().file("damaged"));
  world_.start();
  world_.open();
  world_.expect_each_once();
}

}  // namespace
}  // namespace kseek::testing
