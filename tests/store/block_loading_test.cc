// Blocks of which only some messages are loaded.
#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <thread>
#include <vector>

#include "store/block_format.h"
#include "store/kept_block.h"
#include "tests/store/blocks.h"

namespace kseek::store {
namespace {

TEST(BlockLoading, AMessageIsLoadedWithoutMostOthers) {
  const EncodedBlock encoded = block_of_large_values(100);
  const auto whole = decoded(encoded, {1});
  for (const size_t wanted : {size_t{0}, size_t{1}, size_t{6}, size_t{50}, size_t{99}}) {
    const auto block = DecodedBlock::decode(encoded.bytes, {1}, Columns::none());
    ASSERT_TRUE(block);
    ASSERT_TRUE((*block)->load_message(wanted));
    expect_same((*block)->message(wanted), whole->message(wanted));
    EXPECT_FALSE((*block)->message(wanted < 50 ? 90 : 10).value) << "far away";
    EXPECT_FALSE((*block)->column(MessageBlock::Text::kValue)) << "not whole";
    ASSERT_TRUE((*block)->load(Columns::all()));
    for (size_t i = 0; i < whole->size(); ++i) expect_same((*block)->message(i), whole->message(i));
  }
}

TEST(BlockLoading, SomeMessagesAreLoadedWithoutMostOthers) {
  RandomMessages random(21);
  for (int round = 0; round < 40; ++round) {
    OpenBlock block({1}, 200, 10_MiB);
    while (block.size() < 100) {  // frames end anywhere, also right before messages that are empty
      const size_t bytes = random.one_in(3) ? 0 : random.one_in(2) ? kFrames.raw_bytes / 4 : random.below(20'000);
      OwnedMessage message = plain_message(static_cast<int64_t>(block.size()), std::string(bytes, 'v'));
      message.key = std::string(random.below(3) * 10'000, 'k');
      ASSERT_TRUE(block.append(message.get()));
    }
    const EncodedBlock encoded = encode_block(block, block.size());
    const auto whole = decoded(encoded, {1});
    const size_t begin = random.below(whole->size());
    const size_t end = begin + 1 + random.below(std::min<size_t>(whole->size() - begin, 20));
    const auto some = DecodedBlock::decode(encoded.bytes, {1}, Columns::none());
    ASSERT_TRUE(some);
    ASSERT_TRUE((*some)->load({.keys = true, .values = true}, begin, end));
    for (size_t i = begin; i < end; ++i) expect_same((*some)->message(i), whole->message(i));
    EXPECT_FALSE((*some)->column(MessageBlock::Text::kValue)) << "not whole";
  }
}

/// Their frames are loaded, and no others.
TEST(BlockLoading, MessagesOfAFrameAreLoadedInAnyOrder) {
  RandomMessages random(22);
  for (int round = 0; round < 40; ++round) {
    OpenBlock block({1}, 1'000, 10_MiB);
    while (block.raw_bytes() < 3 * kFrames.raw_bytes) {
      const std::string value = random.one_in(5) ? "" : std::to_string(random.below(1'000'000)) + std::string(300, 'v');
      ASSERT_TRUE(block.append(plain_message(static_cast<int64_t>(block.size()), value).get()));
    }
    const EncodedBlock encoded = encode_block(block, block.size());
    const auto whole = decoded(encoded, {1});
    const auto some = DecodedBlock::decode(encoded.bytes, {1}, Columns::none());
    ASSERT_TRUE(some);
    std::vector<bool> loaded(whole->size());
    for (int n = 0; n < 20; ++n) {
      const size_t begin = random.below(whole->size());
      const size_t end = begin + 1 + random.below(std::min<size_t>(whole->size() - begin, 50));
      ASSERT_TRUE((*some)->load({.values = true}, begin, end));
      if (n == 0 && end < whole->size()) {
        EXPECT_FALSE((*some)->message(whole->size() - 1).value) << "after it";
      }
      std::fill(loaded.begin() + static_cast<int>(begin), loaded.begin() + static_cast<int>(end), true);
      for (size_t i = 0; i < loaded.size(); ++i) {
        if (loaded[i]) expect_same((*some)->message(i), whole->message(i));
        const auto value = (*some)->message(i).value;
        EXPECT_TRUE(!value || value == whole->message(i).value) << i;
      }
    }
    ASSERT_TRUE((*some)->load(Columns::all()));
    for (size_t i = 0; i < whole->size(); ++i) expect_same((*some)->message(i), whole->message(i));
  }
}

TEST(BlockLoading, SlicesAreOfMessagesAsTheyAreStored) {
  for (const size_t messages : {1U, 5U, 8U, 9U, 100U}) {
    OpenBlock block({1}, messages, 1_MiB);
    RemovedBits removed;
    for (size_t i = 0; i < messages; ++i) {
      ASSERT_TRUE(block.append(plain_message(static_cast<int64_t>(i), "v").get()));
      if (i % 3 == 0 && i > 0) mark_removed(removed, i);
    }
    const auto whole = decoded(encode_block(block, messages), {1});
    const KeptBlock kept(whole, removed);
    EXPECT_EQ(whole->slice_begin(0), 0U);
    EXPECT_EQ(whole->slice_begin(kBlockSlices), messages);
    EXPECT_EQ(kept.slice_begin(kBlockSlices), kept.size());
    for (size_t slice = 0; slice < kBlockSlices; ++slice) {
      EXPECT_LE(whole->slice_begin(slice + 1) - whole->slice_begin(slice), slice_messages(messages));
      for (size_t i = kept.slice_begin(slice); i < kept.slice_begin(slice + 1); ++i) {
        EXPECT_GE(kept.head(i).offset.value, static_cast<int64_t>(whole->slice_begin(slice)));
        EXPECT_LT(kept.head(i).offset.value, static_cast<int64_t>(whole->slice_begin(slice + 1)));
      }
    }
  }
}

TEST(BlockLoading, ManyThreadsLoadMessages) {
  const EncodedBlock encoded = block_of_large_values(60);
  const auto whole = decoded(encoded, {1});
  for (unsigned round = 0; round < 20; ++round) {
    const auto block = DecodedBlock::decode(encoded.bytes, {1}, Columns::none());
    ASSERT_TRUE(block);
    std::vector<std::thread> readers;
    for (unsigned t = 0; t < 4; ++t) {
      readers.emplace_back([&block, &whole, t, round] {
        for (size_t n = 0; n < whole->size(); ++n) {
          const size_t i = (n * 7 + t * 13 + round) % whole->size();
          if (n == 40 && t == 0) {
            EXPECT_TRUE((*block)->load({false, true, false}));
          }
          EXPECT_TRUE((*block)->load_message(i));
          EXPECT_EQ((*block)->message(i).value, whole->message(i).value);
          EXPECT_EQ((*block)->message(i).key, whole->message(i).key);
        }
      });
    }
    for (std::thread& reader : readers) reader.join();
  }
}

TEST(BlockLoading, AnEmptyValueIsThereOnceItIsLoaded) {
  OpenBlock block({1}, 10, 1_MiB);
  ASSERT_TRUE(block.append(plain_message(0, std::string(100'000, 'x')).get()));
  ASSERT_TRUE(block.append(plain_message(1, "").get()));
  const auto again = DecodedBlock::decode(encode_block(block, 2).bytes, {1}, Columns::none());
  ASSERT_TRUE(again);
  EXPECT_FALSE((*again)->message(1).value);
  ASSERT_TRUE((*again)->load_message(1));
  EXPECT_EQ((*again)->message(1).value, "");
}

TEST(BlockLoading, AnEmptyValueBetweenTwoFramesIsLoadedWithTheOneBefore) {
  OpenBlock block({0}, 10, 1_MiB);
  ASSERT_TRUE(block.append(plain_message(0, std::string(kFrames.raw_bytes, 'x')).get()));
  ASSERT_TRUE(block.append(plain_message(1, "").get()));
  ASSERT_TRUE(block.append(plain_message(2, "the second frame").get()));
  const auto again = DecodedBlock::decode(encode_block(block, 3).bytes, {0}, Columns::none());
  ASSERT_TRUE(again);
  EXPECT_FALSE((*again)->message(1).value) << "not loaded";
  ASSERT_TRUE((*again)->load({.values = true}, 0, 2));
  EXPECT_EQ((*again)->message(1).value, "");
}

/// A frame may repeat what the section's first one has, and is readable whichever frames were read before.
TEST(BlockLoading, FramesRepeatTheFirstOne) {
  const EncodedBlock encoded = block_of_repeated_values();
  EXPECT_LT(encoded.bytes.size(), encoded.meta.raw_bytes / 8) << "texts of 45 bytes, of which some 5 are stored";
  const auto whole = decoded(encoded, {1});
  RandomMessages random(23);
  for (int round = 0; round < 50; ++round) {
    const auto some = DecodedBlock::decode(encoded.bytes, {1}, Columns::none());
    ASSERT_TRUE(some);
    for (int n = 0; n < 5; ++n) {
      const size_t i = random.below(whole->size());
      ASSERT_TRUE((*some)->load_message(i));
      expect_same((*some)->message(i), whole->message(i));
    }
  }
}

}  // namespace
}  // namespace kseek::store
