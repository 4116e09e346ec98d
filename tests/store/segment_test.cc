// Segments against a map from term to blocks: fresh ones, merged ones, merged again.
#include "store/segment.h"

#include <gtest/gtest.h>
#include <xapian.h>

#include <fstream>
#include <map>
#include <sstream>
#include <thread>

#include "store/segment_database.h"
#include "store/segment_files.h"
#include "store/term_pages.h"
#include "tests/store/random_messages.h"
#include "tokenizer/tokenizer.h"

namespace kseek::store {
namespace {

namespace fs = std::filesystem;

using Model = std::map<std::string, std::vector<Posting>>;

std::shared_ptr<const BlockTerms> terms_of(const std::vector<std::string>& words, Field field = Field::kValue) {
  TermCollector collector;
  for (const std::string& word : words) collector.add(field, word, {.ascii = true});
  return collector.take();
}

/// Terms of a block whose number of words is up to `most`; one in five has none.
std::shared_ptr<const BlockTerms> random_terms(RandomMessages& random, size_t most) {
  TermCollector collector;
  for (size_t left = random.one_in(5) ? 0 : random.below(most); left > 0; --left) {
    constexpr Field kFields[] = {Field::kHeader, Field::kKey, Field::kValue};
    const std::string word =
        random.one_in(40) ? std::string(60 + random.below(8), 'z') : fmt::format("w{}", random.below(most));
    if (random.one_in(2)) collector.set_slices(static_cast<SliceMask>(1U << random.below(kBlockSlices)));
    collector.add(kFields[random.below(3)], word, {.ascii = true});
  }
  return collector.take();
}

void add_to_model(Model& model, const BlockTerms& terms, uint32_t position, bool sliced = true) {
  for (const std::string_view term : terms.sorted()) {
    model[std::string(term)].push_back({position, sliced ? slices_of(term) : kAllSlices});
  }
}

std::vector<Posting> postings(SegmentReader& reader, std::string_view term) {
  std::vector<Posting> found;
  const auto done = reader.postings(term, found);
  EXPECT_TRUE(done) << describe(done.error());
  return found;
}

std::string random_piece(RandomMessages& random, const std::string& term) {
  const size_t at = random.below(term.size());
  return term.substr(at, 1 + random.below(term.size() - at));
}

void expect_scan(SegmentReader& reader, const Model& model, const std::string& prefix, const std::string& literal) {
  Model expected;
  for (const auto& [term, blocks] : model) {
    const bool wanted = term.find(literal) != std::string::npos || term.back() == tokenizer::kCutMark;
    if (wanted && term.starts_with(prefix)) expected.emplace(term, blocks);
  }
  Model found;
  const auto done = reader.scan_terms({.prefix = prefix, .literal = literal}, [&](std::string_view term) {
    found[std::string(term)] = postings(reader, term);
    return true;
  });
  ASSERT_TRUE(done) << describe(done.error());
  EXPECT_TRUE(*done);
  EXPECT_EQ(found, expected) << prefix << ", " << literal;
}

void expect_model(const Segment& segment, const Model& model, RandomMessages& random) {
  auto lease = segment.borrow();
  ASSERT_TRUE(lease) << describe(lease.error());
  SegmentReader& reader = *lease->operator->();
  Model found;
  ASSERT_TRUE(reader.scan_terms({}, [&](std::string_view term) {
    found[std::string(term)] = postings(reader, term);
    return true;
  }));
  EXPECT_EQ(found, model);
  for (const auto& [term, blocks] : model) {
    if (!random.one_in(20)) continue;
    const auto count = reader.block_count(term);
    ASSERT_TRUE(count);
    EXPECT_EQ(*count, blocks.size());
    const std::string prefix = term.substr(0, 1 + random.below(term.size()));
    std::vector<std::string> expected;
    for (auto each = model.lower_bound(prefix); each != model.end() && each->first.starts_with(prefix); ++each) {
      expected.push_back(each->first);
    }
    std::vector<std::string> scanned;
    ASSERT_TRUE(reader.scan_terms({.prefix = prefix}, [&scanned](std::string_view each) {
      scanned.emplace_back(each);
      return true;
    }));
    EXPECT_EQ(scanned, expected) << prefix;
    expect_scan(reader, model, prefix.substr(0, random.below(3)), random_piece(random, term));
  }
  for (const std::string& absent : {std::string("Vabsent"), std::string(), std::string(1000, 'V'), std::string("X")}) {
    EXPECT_EQ(postings(reader, absent), std::vector<Posting>());
    EXPECT_EQ(*reader.block_count(absent), 0U);
  }
}

void expect_checked(const Segment& segment) {
  std::ostringstream complaints;
  EXPECT_EQ(Xapian::Database::check(segment.path().string(), Xapian::DBCHECK_SHOW_STATS, &complaints), 0U)
      << complaints.str();
}

class SegmentTest : public ::testing::Test {
 protected:
  fs::path next_path() { return scratch_.path() / fmt::format("{:06}", ++paths_); }

  std::shared_ptr<const Segment> write(const std::vector<SegmentInput>& inputs) {
    const fs::path path = next_path();
    auto meta = write_segment(path, {paths_}, inputs);
    EXPECT_TRUE(meta) << describe(meta.error());
    return std::make_shared<Segment>(path, *meta);
  }
  std::shared_ptr<const Segment> merge(const std::vector<std::shared_ptr<const Segment>>& inputs) {
    const fs::path path = next_path();
    auto meta = merge_segments(path, {paths_}, inputs);
    EXPECT_TRUE(meta) << describe(meta.error());
    return std::make_shared<Segment>(path, *meta);
  }
  /// A segment as they were before there were pages of terms: a document a block; merged ones were single files.
  std::shared_ptr<const Segment> write_documents(const std::vector<std::shared_ptr<const BlockTerms>>& blocks,
                                                 BlockId first, bool single_file) {
    const fs::path path = next_path();
    SegmentMeta meta;
    meta.id = {paths_};
    Xapian::WritableDatabase database(path.string(), Xapian::DB_CREATE | Xapian::DB_BACKEND_GLASS);
    for (const auto& terms : blocks) {
      Xapian::Document document;
      for (const std::string_view term : terms->sorted()) document.add_boolean_term(std::string(term));
      database.add_document(document);
      meta.blocks.push_back({first.value + meta.blocks.size()});
    }
    database.commit();
    if (single_file) {
      const fs::path compacted = next_path();
      fs::create_directory(compacted);
      database.compact((compacted / kSingleFileName).string(), Xapian::DBCOMPACT_SINGLE_FILE);
      fs::remove_all(path);
      fs::rename(compacted, path);
    }
    database.close();
    const auto digest = digest_files(path);
    EXPECT_TRUE(digest);
    meta.bytes = digest->bytes;
    meta.checksum = digest->checksum;
    return std::make_shared<Segment>(path, meta);
  }
  size_t entries() const {
    return static_cast<size_t>(std::distance(fs::directory_iterator(scratch_.path()), fs::directory_iterator()));
  }

  ScratchDirectory scratch_;
  uint64_t paths_ = 0;
};

TEST_F(SegmentTest, AnswersAsAMapDoesAlsoWhenMergedTwice) {
  for (uint64_t seed = 1; seed <= 12; ++seed) {
    SCOPED_TRACE(fmt::format("seed {}", seed));
    RandomMessages random(seed);
    Model all;
    std::vector<BlockId> all_blocks;
    std::vector<std::shared_ptr<const Segment>> level1;
    for (size_t merged = 2; merged > 0; --merged) {
      Model level1_model;
      uint32_t level1_blocks = 0;
      std::vector<std::shared_ptr<const Segment>> fresh;
      for (size_t segments = 1 + random.below(4); segments > 0; --segments) {
        Model model;
        std::vector<SegmentInput> inputs;
        for (size_t blocks = 1 + random.below(5); blocks > 0; --blocks) {
          const auto terms = random_terms(random, 1 + random.below(seed % 4 == 0 ? 5000 : 200));
          add_to_model(model, *terms, static_cast<uint32_t>(inputs.size()));
          add_to_model(level1_model, *terms, level1_blocks++);
          add_to_model(all, *terms, static_cast<uint32_t>(all_blocks.size()));
          inputs.push_back({BlockId{100 + all_blocks.size()}, terms});
          all_blocks.push_back(inputs.back().block);
        }
        fresh.push_back(write(inputs));
        EXPECT_EQ(fresh.back()->meta().level, 0U);
        expect_model(*fresh.back(), model, random);
      }
      level1.push_back(merge(fresh));
      EXPECT_EQ(level1.back()->meta().level, 1U);
      expect_model(*level1.back(), level1_model, random);
    }
    const auto segment = merge(level1);
    EXPECT_EQ(segment->meta().level, 2U);
    EXPECT_EQ(segment->meta().blocks, all_blocks);
    EXPECT_TRUE(verify_segment(segment->path(), segment->meta()));
    expect_checked(*segment);
    expect_model(*segment, all, random);
  }
}

TEST_F(SegmentTest, BlocksWithoutTermsKeepTheirPlace) {
  const auto none = terms_of({});
  const auto first = write({{{1}, none}, {{2}, terms_of({"a"})}, {{3}, none}});
  const auto empty = write({{{4}, none}});
  const auto last = write({{{5}, none}, {{6}, terms_of({"a", "b"})}, {{7}, none}});
  const auto merged = merge({merge({first, empty}), last});
  EXPECT_EQ(merged->meta().blocks, (std::vector<BlockId>{{1}, {2}, {3}, {4}, {5}, {6}, {7}}));
  const auto lease = merged->borrow();
  ASSERT_TRUE(lease) << describe(lease.error());
  EXPECT_EQ(postings(*lease->operator->(), "Va"), (std::vector<Posting>{{1}, {5}}));
  EXPECT_EQ(postings(*lease->operator->(), "Vb"), (std::vector<Posting>{{5}}));
  const auto nothing = merge({empty});
  ASSERT_TRUE(nothing->borrow());
}

TEST_F(SegmentTest, MayHaveManyBlocks) {
  const auto both = terms_of({"even", "every"});
  const auto one = terms_of({"every"});
  const auto last = terms_of({"every", "last"});
  std::vector<SegmentInput> inputs;
  std::vector<Posting> even;
  for (uint32_t i = 0; i < 20'000; ++i) {
    inputs.push_back({{i}, i == 19'999 ? last : i % 2 == 0 ? both : one});
    if (i % 2 == 0) even.push_back({i});
  }
  const auto segment = write(inputs);
  for (uint32_t i = 20'000; i < 60'000; i += 2) even.push_back({i});
  const auto merged = merge({segment, segment, segment});
  EXPECT_EQ(merged->meta().blocks.size(), kMaxSegmentBlocks);
  const auto lease = merged->borrow();
  ASSERT_TRUE(lease) << describe(lease.error());
  EXPECT_EQ(*(*lease)->block_count("Vevery"), 60'000U);
  EXPECT_EQ(postings(*lease->operator->(), "Veven"), even);
  EXPECT_EQ(postings(*lease->operator->(), "Vlast"), (std::vector<Posting>{{19'999}, {39'999}, {59'999}}));
  expect_checked(*merged);
  const auto too_many = merge_segments(next_path(), {9}, {merged, segment});
  ASSERT_FALSE(too_many);
  EXPECT_EQ(too_many.error().code, ErrorCode::kTooLarge);
  inputs.resize(kMaxSegmentBlocks + 1, inputs.front());
  const auto as_many = write_segment(next_path(), {9}, inputs);
  ASSERT_FALSE(as_many);
  EXPECT_EQ(as_many.error().code, ErrorCode::kTooLarge);
}

TEST_F(SegmentTest, SegmentsWithADocumentABlockAreReadAndMerged) {
  for (uint64_t seed = 1; seed <= 6; ++seed) {
    SCOPED_TRACE(fmt::format("seed {}", seed));
    RandomMessages random(seed);
    Model all;
    std::vector<BlockId> all_blocks;
    std::vector<std::shared_ptr<const Segment>> segments;
    for (const bool single_file : {false, true}) {
      Model model;
      std::vector<std::shared_ptr<const BlockTerms>> blocks;
      for (size_t left = 1 + random.below(700); left > 0; --left) {
        blocks.push_back(random_terms(random, 30));
        add_to_model(model, *blocks.back(), static_cast<uint32_t>(blocks.size() - 1), false);
        add_to_model(all, *blocks.back(), static_cast<uint32_t>(all_blocks.size()), false);
        all_blocks.push_back({all_blocks.size()});
      }
      segments.push_back(write_documents(blocks, all_blocks[all_blocks.size() - blocks.size()], single_file));
      expect_model(*segments.back(), model, random);
    }
    const auto terms = random_terms(random, 300);
    add_to_model(all, *terms, static_cast<uint32_t>(all_blocks.size()));
    all_blocks.push_back({all_blocks.size()});
    segments.push_back(write({{all_blocks.back(), terms}}));
    const auto merged = merge(segments);
    EXPECT_EQ(merged->meta().blocks, all_blocks);
    for (auto& [term, blocks] : all) {  // as term_pages.h has it
      if (blocks.size() == 1 && all_blocks.size() > kMaxBlocksOfSlicedSingles) blocks.front().slices = kAllSlices;
    }
    expect_model(*merged, all, random);
    expect_checked(*merged);
  }
}

TEST_F(SegmentTest, IsReadWhileItIsMerged) {
  RandomMessages random(3);
  Model model;
  const auto terms = random_terms(random, 5000);
  add_to_model(model, *terms, 0);
  const auto segment = write({{{1}, terms}});
  std::thread reader([&] {
    RandomMessages own(4);
    for (int i = 0; i < 5; ++i) expect_model(*segment, model, own);
  });
  const auto merged = merge({segment, segment});
  segment->make_obsolete();
  reader.join();
  EXPECT_EQ(merged->meta().blocks.size(), 2U);
}

TEST_F(SegmentTest, ScanStopsWhenToldTo) {
  const auto segment = write({{{1}, terms_of({"a", "b", "c"})}});
  auto lease = segment->borrow();
  ASSERT_TRUE(lease);
  int visited = 0;
  const auto done = (*lease)->scan_terms({.prefix = "V"}, [&visited](std::string_view) { return ++visited < 2; });
  ASSERT_TRUE(done);
  EXPECT_FALSE(*done);
  EXPECT_EQ(visited, 2);
}

TEST_F(SegmentTest, ScanStopsAfterAboutSoManyTerms) {
  std::vector<std::string> words;
  for (int i = 0; i < 50'000; ++i) words.push_back(fmt::format("w{:08}", i * 7919));
  TermCollector collector;
  for (const std::string& word : words) collector.add(Field::kValue, word, {.ascii = true});
  collector.add(Field::kKey, "one two", {.ascii = true});
  const auto segment = write({{{1}, collector.take()}});
  auto lease = segment->borrow();
  ASSERT_TRUE(lease);
  EXPECT_EQ((*lease)->terms(Field::kValue), words.size());
  EXPECT_EQ((*lease)->terms(Field::kKey), 2U);
  EXPECT_EQ((*lease)->terms(Field::kHeader), 0U);
  const auto scan = [&](uint64_t most) {
    return *(*lease)->scan_terms({.prefix = "V", .literal = "nowhere", .most = most}, [](std::string_view) {
      ADD_FAILURE() << "none has it";
      return true;
    });
  };
  EXPECT_FALSE(scan(words.size() / 2));
  EXPECT_TRUE(scan(words.size() + 10));
}

TEST_F(SegmentTest, TermsOfEveryByteAndLengthAreKept) {
  std::vector<std::string> words;
  for (size_t length = 1; length <= 70; ++length) words.emplace_back(length, 'q');
  TermCollector collector;
  for (const std::string& word : words) collector.add(Field::kValue, word, {.ascii = true});
  collector.add(Field::kValue, "\xF0\xA0\x80\x80 \xEF\xBF\xBD 你 İ \xFF", {});
  const auto terms = collector.take();
  const auto segment = write({{{1}, terms}});
  auto lease = segment->borrow();
  ASSERT_TRUE(lease);
  for (const std::string_view term : terms->sorted()) EXPECT_EQ(*(*lease)->block_count(term), 1U) << term;
}

TEST_F(SegmentTest, ReadersAreLentToManyAtOnce) {
  const auto segment = write({{{1}, terms_of({"a"})}});
  std::vector<Segment::Lease> leases;
  for (int i = 0; i < 10; ++i) {
    auto lease = segment->borrow();
    ASSERT_TRUE(lease);
    leases.push_back(*std::move(lease));
  }
  for (auto& lease : leases) EXPECT_EQ(*lease->block_count("Va"), 1U);
  leases.clear();
  EXPECT_EQ(*(*segment->borrow())->block_count("Va"), 1U);
}

TEST_F(SegmentTest, ObsoleteOnesGoWithTheirLastReader) {
  auto segment = write({{{1}, terms_of({"a"})}});
  const fs::path path = segment->path();
  auto second = segment;
  segment->make_obsolete();
  segment.reset();
  EXPECT_TRUE(fs::exists(path));
  EXPECT_EQ(*(*second->borrow())->block_count("Va"), 1U);
  second.reset();
  EXPECT_FALSE(fs::exists(path));
  EXPECT_TRUE(fs::exists(path.parent_path()));
}

// --- a world that is not as it should be
// ----------------------------------------------------------------------------------

TEST_F(SegmentTest, ExistingNameIsAConflict) {
  const auto segment = write({{{1}, terms_of({"a"})}});
  const auto again = write_segment(segment->path(), {9}, {{{2}, terms_of({"b"})}});
  ASSERT_FALSE(again);
  EXPECT_EQ(again.error().code, ErrorCode::kConflict);
  EXPECT_TRUE(verify_segment(segment->path(), segment->meta()));
}

TEST_F(SegmentTest, LeftoverOfACrashIsReplaced) {
  const fs::path path = next_path();
  fs::create_directory(path.string() + ".building");
  std::ofstream(path.string() + ".building/postlist.glass") << "half written";
  const auto meta = write_segment(path, {1}, {{{1}, terms_of({"a"})}});
  ASSERT_TRUE(meta) << describe(meta.error());
  EXPECT_TRUE(verify_segment(path, *meta));
  EXPECT_EQ(entries(), 1U);
}

TEST_F(SegmentTest, MissingOrClosedParentIsUnavailableAndLeavesNothing) {
  const auto missing = write_segment(scratch_.path() / "missing" / "000001", {1}, {{{1}, terms_of({"a"})}});
  ASSERT_FALSE(missing);
  EXPECT_EQ(missing.error().code, ErrorCode::kUnavailable) << describe(missing.error());
  std::ofstream(scratch_.path() / "file") << "not a directory";
  const auto in_file = write_segment(scratch_.path() / "file" / "000001", {1}, {{{1}, terms_of({"a"})}});
  ASSERT_FALSE(in_file);
  EXPECT_EQ(in_file.error().code, ErrorCode::kUnavailable) << describe(in_file.error());
  const auto input = write({{{1}, terms_of({"a"})}});
  const auto merged = merge_segments(scratch_.path() / "missing" / "000002", {2}, {input});
  ASSERT_FALSE(merged);
  EXPECT_EQ(merged.error().code, ErrorCode::kUnavailable) << describe(merged.error());
  EXPECT_EQ(entries(), 2U);
}

TEST_F(SegmentTest, GoneOrDamagedFilesAreCorrupt) {
  const auto small = write({{{1}, terms_of({"a"})}});
  const auto merged = merge({small, write({{{2}, terms_of({"a", "b"})}})});
  for (const auto& segment : {small, merged}) {
    for (const auto& file : fs::directory_iterator(segment->path())) {
      std::fstream stream(file.path(), std::ios::in | std::ios::out | std::ios::binary);
      stream.seekp(static_cast<std::streamoff>(file.file_size() / 2));
      stream.put('\x55');
    }
    const auto verified = verify_segment(segment->path(), segment->meta());
    ASSERT_FALSE(verified);
    EXPECT_EQ(verified.error().code, ErrorCode::kCorrupt);
    EXPECT_NE(verified.error().message.find(segment->path().string()), std::string::npos);
    for (const auto& file : fs::directory_iterator(segment->path())) fs::resize_file(file.path(), 10);
    const auto lease = segment->borrow();
    ASSERT_FALSE(lease);
    EXPECT_EQ(lease.error().code, ErrorCode::kCorrupt) << describe(lease.error());
    EXPECT_NE(lease.error().hint.find("reindex"), std::string::npos);
    const auto again = merge_segments(next_path(), {7}, {segment});
    ASSERT_FALSE(again);
    EXPECT_EQ(again.error().code, ErrorCode::kCorrupt) << describe(again.error());
    fs::remove_all(segment->path());
    const auto gone = segment->borrow();
    ASSERT_FALSE(gone);
    EXPECT_EQ(gone.error().code, ErrorCode::kUnavailable) << describe(gone.error());
  }
}

TEST_F(SegmentTest, CatalogThatSaysOtherwiseIsCorrupt) {
  const auto segment = write({{{1}, terms_of({"a"})}});
  SegmentMeta meta = segment->meta();
  meta.blocks.push_back({2});
  const Segment other(segment->path(), meta);
  const auto lease = other.borrow();
  ASSERT_FALSE(lease);
  EXPECT_EQ(lease.error().code, ErrorCode::kCorrupt);
}

}  // namespace
}  // namespace kseek::store
