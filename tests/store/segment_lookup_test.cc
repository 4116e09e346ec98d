// Look-ups in a segment of dozens of pages, of which its reader keeps a few.
#include <gtest/gtest.h>

#include <array>

#include "store/segment.h"
#include "tests/store/random_messages.h"

namespace kseek::store {
namespace {

constexpr size_t kBlocks = 3;
constexpr size_t kWords = 60'000;  // of which each block has about half

std::string term(size_t word) { return fmt::format("Vw{:05}x", word); }

TEST(SegmentLookup, FindsTermsInAnyOrder) {
  RandomMessages random(5);
  std::vector<std::vector<Posting>> expected(kWords);
  std::vector<SegmentInput> inputs;
  for (uint32_t position = 0; position < kBlocks; ++position) {
    TermCollector collector;
    for (size_t word = 0; word < kWords; ++word) {
      if (random.one_in(2)) continue;
      const auto slices = static_cast<SliceMask>(1U << random.below(kBlockSlices));
      collector.set_slices(slices);
      collector.add(Field::kValue, term(word).substr(1), {.ascii = true});
      expected[word].push_back({position, slices});
    }
    inputs.push_back({{position + 1}, collector.take()});
  }
  const ScratchDirectory scratch;
  const auto path = scratch.path() / "segment";
  const auto meta = write_segment(path, {1}, inputs);
  ASSERT_TRUE(meta) << describe(meta.error());
  const Segment segment(path, *meta);
  auto lease = segment.borrow();
  ASSERT_TRUE(lease) << describe(lease.error());
  SegmentReader& reader = *lease->operator->();

  std::array<size_t, 12> last{};  // are asked for again and again, as the words of a question are
  for (int i = 0; i < 20'000; ++i) {
    size_t& asked = last[random.below(last.size())];
    if (random.one_in(3)) asked = random.below(kWords);
    if (random.one_in(2)) {
      const auto count = reader.block_count(term(asked));
      ASSERT_TRUE(count) << describe(count.error());
      ASSERT_EQ(*count, expected[asked].size()) << term(asked);
    } else {
      std::vector<Posting> found;
      const auto done = reader.postings(term(asked), found);
      ASSERT_TRUE(done) << describe(done.error());
      ASSERT_EQ(found, expected[asked]) << term(asked);
    }
  }
}

}  // namespace
}  // namespace kseek::store
