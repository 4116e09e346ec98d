// Databases of the GlassWriter as Xapian sees them: it checks them without a complaint and reads what was written.
#include "store/glass_writer.h"

#include <gtest/gtest.h>
#include <xapian.h>

#include <map>

#include "tests/store/random_messages.h"

namespace kseek::store {
namespace {

using Model = std::map<std::string, std::vector<uint32_t>>;  // term to positions

void write(const std::filesystem::path& directory, uint32_t documents, const Model& model) {
  std::filesystem::create_directory(directory);
  auto writer = GlassWriter::create(directory, documents);
  ASSERT_TRUE(writer) << describe(writer.error());
  for (const auto& [term, positions] : model) (*writer)->add(term, positions);
  const auto finished = (*writer)->finish();
  ASSERT_TRUE(finished) << describe(finished.error());
}

void expect_model(const Xapian::Database& database, uint32_t documents, const Model& model) {
  EXPECT_EQ(database.get_doccount(), documents);
  EXPECT_EQ(database.get_lastdocid(), documents);
  Model found;
  for (auto term = database.allterms_begin(); term != database.allterms_end(); ++term) {
    std::vector<uint32_t>& positions = found[*term];
    for (auto each = database.postlist_begin(*term); each != database.postlist_end(*term); ++each) {
      positions.push_back(*each - 1);
    }
    EXPECT_EQ(term.get_termfreq(), positions.size());
  }
  EXPECT_EQ(found, model);
}

Model random_model(RandomMessages& random, uint32_t documents, size_t terms) {
  Model model;
  while (model.size() < terms) {
    std::string term(random.one_in(3) ? 1 + random.below(3) : 1 + random.below(GlassWriter::kMaxTermBytes), 'a');
    for (char& byte : term) {
      if (random.one_in(2)) byte = static_cast<char>(1 + random.below(255));
    }
    std::vector<uint32_t>& positions = model[term];
    if (!positions.empty()) continue;
    const uint64_t sparse = 1 + random.below(documents + 1);
    for (uint32_t position = 0; position < documents; ++position) {
      if (random.one_in(sparse)) positions.push_back(position);
    }
    if (positions.empty()) positions.push_back(static_cast<uint32_t>(random.below(documents)));
  }
  return model;
}

TEST(GlassWriter, XapianReadsAndChecksWhatItWrites) {
  for (uint64_t seed = 1; seed <= 16; ++seed) {
    SCOPED_TRACE(fmt::format("seed {}", seed));
    RandomMessages random(seed);
    const ScratchDirectory scratch;
    const std::string path = (scratch.path() / "database").string();
    const auto documents = static_cast<uint32_t>(seed == 1 ? 1 : seed == 2 ? 256 : 1 + random.below(256));
    const size_t kSizes[] = {0, 1, 40, 300, 2000};  // up to three levels of the B-tree
    const Model model = random_model(random, documents, seed == 3 ? 40'000 : kSizes[seed % 5]);
    write(path, documents, model);
    expect_model(Xapian::Database(path), documents, model);
    std::ostringstream complaints;
    EXPECT_EQ(Xapian::Database::check(path, Xapian::DBCHECK_SHOW_STATS, &complaints), 0U) << complaints.str();
  }
}

TEST(GlassWriter, XapianMergesWhatItWrites) {
  RandomMessages random(5);
  const ScratchDirectory scratch;
  Model both = random_model(random, 3, 3000);
  write(scratch.path() / "a", 3, both);
  const Model second = random_model(random, 200, 3000);
  write(scratch.path() / "b", 200, second);
  for (const auto& [term, positions] : second) {
    for (const uint32_t position : positions) both[term].push_back(3 + position);
  }
  Xapian::Database inputs((scratch.path() / "a").string());
  inputs.add_database(Xapian::Database((scratch.path() / "b").string()));
  const std::string path = (scratch.path() / "merged").string();
  inputs.compact(path, Xapian::DBCOMPACT_SINGLE_FILE);
  expect_model(Xapian::Database(path), 203, both);
}

TEST(GlassWriter, FailureToWriteIsUnavailable) {
  const auto missing = GlassWriter::create("/nowhere at all", 1);
  ASSERT_FALSE(missing);
  EXPECT_EQ(missing.error().code, ErrorCode::kUnavailable);
  const ScratchDirectory scratch;
  std::filesystem::create_symlink("/dev/full", scratch.path() / "postlist.glass");
  auto writer = GlassWriter::create(scratch.path(), 1);
  ASSERT_TRUE(writer);
  const std::vector<uint32_t> positions = {0};
  for (int i = 0; i < 10'000; ++i) (*writer)->add(fmt::format("V{:08}", i), positions);
  const auto finished = (*writer)->finish();
  ASSERT_FALSE(finished);
  EXPECT_EQ(finished.error().code, ErrorCode::kUnavailable);
}

}  // namespace
}  // namespace kseek::store
