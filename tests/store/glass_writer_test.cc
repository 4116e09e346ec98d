// Databases of the GlassWriter as Xapian sees them: it checks them without a complaint and reads what was written.
#include "store/glass_writer.h"

#include <gtest/gtest.h>
#include <xapian.h>

#include <map>

#include "tests/store/random_messages.h"

namespace kseek::store {
namespace {

using Model = std::map<std::string, std::string>;

void write(const std::filesystem::path& directory, const Model& model) {
  std::filesystem::create_directory(directory);
  auto writer = GlassWriter::create(directory);
  ASSERT_TRUE(writer) << describe(writer.error());
  for (const auto& [key, value] : model) (*writer)->add(key, value);
  const auto finished = (*writer)->finish();
  ASSERT_TRUE(finished) << describe(finished.error());
}

void expect_model(const Xapian::Database& database, const Model& model) {
  EXPECT_EQ(database.get_doccount(), 0U);
  Model found;
  for (auto key = database.metadata_keys_begin(); key != database.metadata_keys_end(); ++key) {
    found[*key] = database.get_metadata(*key);
  }
  EXPECT_EQ(found, model);
}

std::string random_bytes(RandomMessages& random, size_t most) {
  std::string bytes(random.one_in(3) ? 1 + random.below(3) : 1 + random.below(most), 'a');
  for (char& byte : bytes) {
    if (random.one_in(2)) byte = static_cast<char>(1 + random.below(255));
  }
  return bytes;
}

Model random_model(RandomMessages& random, size_t items, size_t value_bytes) {
  Model model;
  while (model.size() < items) {
    const std::string key = random_bytes(random, GlassWriter::kMaxKeyBytes);
    model[key] = random_bytes(random, std::min(value_bytes, GlassWriter::kMaxItemBytes - key.size()));
  }
  return model;
}

TEST(GlassWriter, XapianReadsAndChecksWhatItWrites) {
  for (uint64_t seed = 1; seed <= 20; ++seed) {
    SCOPED_TRACE(fmt::format("seed {}", seed));
    RandomMessages random(seed);
    const ScratchDirectory scratch;
    const std::string path = (scratch.path() / "database").string();
    const size_t kItems[] = {0, 1, 40, 300, 2000};  // up to three levels of the B-tree
    const size_t kValues[] = {1, 30, 2000, GlassWriter::kMaxItemBytes};
    const Model model = random_model(random, seed == 3 ? 20'000 : kItems[seed % 5], kValues[seed % 4]);
    write(path, model);
    expect_model(Xapian::Database(path), model);
    std::ostringstream complaints;
    EXPECT_EQ(Xapian::Database::check(path, Xapian::DBCHECK_SHOW_STATS, &complaints), 0U) << complaints.str();
  }
}

TEST(GlassWriter, ItemsOfItsRoomFillTheBlocks) {
  const ScratchDirectory scratch;
  const std::string path = (scratch.path() / "database").string();
  std::filesystem::create_directory(path);
  auto writer = GlassWriter::create(path);
  ASSERT_TRUE(writer);
  Model model;
  for (int i = 0; i < 3000; ++i) {
    const std::string key = fmt::format("{:08}", i);
    model[key] = std::string((*writer)->room() - key.size(), static_cast<char>('a' + i % 26));
    (*writer)->add(key, model[key]);
  }
  ASSERT_TRUE((*writer)->finish());
  expect_model(Xapian::Database(path), model);
  EXPECT_EQ(Xapian::Database::check(path, 0, nullptr), 0U);
  const auto bytes = std::filesystem::file_size(path + "/postlist.glass");
  EXPECT_LT(bytes, 3020U * 8192) << "a block each, and few above them";
}

TEST(GlassWriter, FailureToWriteIsUnavailable) {
  const auto missing = GlassWriter::create("/nowhere at all");
  ASSERT_FALSE(missing);
  EXPECT_EQ(missing.error().code, ErrorCode::kUnavailable);
  const ScratchDirectory scratch;
  std::filesystem::create_symlink("/dev/full", scratch.path() / "postlist.glass");
  auto writer = GlassWriter::create(scratch.path());
  ASSERT_TRUE(writer);
  for (int i = 0; i < 1'000; ++i) (*writer)->add(fmt::format("V{:08}", i), std::string(1000, 'x'));
  const auto finished = (*writer)->finish();
  ASSERT_FALSE(finished);
  EXPECT_EQ(finished.error().code, ErrorCode::kUnavailable);
}

}  // namespace
}  // namespace kseek::store
