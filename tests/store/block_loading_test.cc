// Blocks of which only some messages are loaded.
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
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
    EXPECT_FALSE((*block)->column(MessageBlock::Text::kValue)->loaded.all());
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
    EXPECT_FALSE((*some)->column(MessageBlock::Text::kValue)->loaded.all());
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

using Text = MessageBlock::Text;
using tokenizer::SubstringFinder;

using Also = TextFilter::Also;

TextFilter filter_of(const std::vector<std::string>& needles, Also also = Also::kNothing) {
  std::vector<SubstringFinder> any_of;
  for (const std::string& needle : needles) any_of.emplace_back(needle, SubstringFinder::Case::kAnyAscii);
  auto filter = TextFilter::of(any_of, also);
  EXPECT_TRUE(filter);
  return filter ? *filter : TextFilter::of({}, Also::kUnplain).value();
}

TEST(BlockLoadingWhere, NothingIsSpelledOutWhereNothingStands) {
  const EncodedBlock encoded = block_of_repeated_values();
  const auto block = DecodedBlock::decode(encoded.bytes, {1}, Columns::none());
  ASSERT_TRUE(block);
  ASSERT_TRUE((*block)->load_where(Text::kValue, 0, (*block)->size(), filter_of({"no such text", "~"})));
  EXPECT_TRUE((*block)->column(Text::kValue)->loaded.none());
  EXPECT_FALSE(TextFilter::of({SubstringFinder("text"), SubstringFinder("deadbeef")}, Also::kNothing))
      << "digits alone";
}

/// Words, some of them rare, among digits that are packed; some of other scripts, which are not plain.
std::string random_value(RandomMessages& random) {
  static const std::array<std::string, 9> kPieces = {
      "3cef1ce8-f961-43f2-b169-ae97568015d2", "deadbeef12", "payment", "-", "time", "out", " ", "{\"id\":", "x"};
  std::string value;
  for (size_t n = random.below(40); n > 0; --n) value += kPieces[random.below(kPieces.size())];
  if (random.one_in(30)) value += random.one_in(8) ? "\u00AD" : "错误";
  if (random.one_in(300)) value += "\\u0041";
  if (random.one_in(30)) value += random.one_in(2) ? "Needle" : "neeDLE7";
  while (random.one_in(3)) value += random.one_in(2) ? "deadbeef" : "timeout";
  return value;
}

/// Of a column `all`: whether `loaded` has the bytes from `begin` to `end`.
bool has_bytes(const TextColumn& loaded, const TextColumn& all, size_t begin, size_t end) {
  bool has = false;
  loaded.loaded.for_each(all.bytes.size(), [&](size_t from, size_t to) {
    EXPECT_EQ(loaded.bytes.substr(from, to - from), all.bytes.substr(from, to - from));
    has = has || (from <= begin && end <= to);
  });
  return has;
}

TEST(BlockLoadingWhere, NeedlesAreLoadedAlsoAcrossTwoFrames) {
  for (const std::string needle : {"needle", "deadbeefdeadbeef needle", "needle deadbeefdeadbeef", "é 12345678-need"}) {
    for (size_t before = 0; before < needle.size() + 3; ++before) {
      OpenBlock block({1}, 10, 1_MiB);
      const std::string dots(kFrames.raw_bytes, '.');
      ASSERT_TRUE(block.append(plain_message(0, dots + dots.substr(before) + needle + dots + dots).get()));
      const EncodedBlock encoded = encode_block(block, 1);
      const auto whole = decoded(encoded, {1});
      const auto some = DecodedBlock::decode(encoded.bytes, {1}, Columns::none());
      ASSERT_TRUE(some);
      ASSERT_TRUE((*some)->load_where(Text::kValue, 0, 1, filter_of({needle})));
      const TextColumn column = *(*some)->column(Text::kValue);
      const TextColumn all = *whole->column(Text::kValue);
      const size_t at = all.bytes.find(needle);
      EXPECT_TRUE(has_bytes(column, all, at, at + needle.size())) << needle << ", " << before << " before the end";
      EXPECT_FALSE(has_bytes(column, all, 0, 1)) << "the first frame";
      EXPECT_FALSE(has_bytes(column, all, all.bytes.size() - 1, all.bytes.size())) << "the last frame";
    }
  }
}

TEST(BlockLoadingWhere, WhatMayHideWordsIsLoadedAlsoAcrossTwoFrames) {
  for (const std::string hiding : {"\u00AD", "\uFF21", "\U0001F170", "\\u0041"}) {
    for (size_t before = 0; before <= hiding.size(); ++before) {
      OpenBlock block({1}, 10, 1_MiB);
      const std::string dots(kFrames.raw_bytes, '.');
      ASSERT_TRUE(block.append(plain_message(0, dots + dots.substr(before) + hiding + dots + dots).get()));
      const auto some = DecodedBlock::decode(encode_block(block, 1).bytes, {1}, Columns::none());
      ASSERT_TRUE(some);
      ASSERT_TRUE((*some)->load_where(Text::kValue, 0, 1, filter_of({"needle"}, Also::kHiding)));
      const TextColumn column = *(*some)->column(Text::kValue);
      const size_t at = 2 * kFrames.raw_bytes - before;
      const size_t looked_at = hiding[0] == '\\' ? 2 : hiding.size();
      size_t loaded = 0;
      column.loaded.for_each(column.ends.back(), [&](size_t begin, size_t end) {
        loaded += end - begin;
        EXPECT_TRUE(begin <= at && at + looked_at <= end) << hiding << ", " << before << " before the end";
      });
      EXPECT_GT(loaded, 0U);
      EXPECT_LE(loaded, 2 * kFrames.raw_bytes);
    }
  }
}

/// In any order, after other parts were loaded, of older blocks, too.
TEST(BlockLoadingWhereProperty, WhatTheFilterKeepsIsLoaded) {
  static const std::array<std::string, 6> kNeedles = {"needle", "needle7", "timeout", "out3cef", "paymentpayment", "}"};
  RandomMessages random(25);
  size_t kept = 0, hidden = 0, left = 0;
  for (int round = 0; round < 60; ++round) {
    OpenBlock block({1}, 4'000, 10_MiB);
    while (block.raw_bytes() < 5 * kFrames.raw_bytes) {
      OwnedMessage message = plain_message(static_cast<int64_t>(block.size()), random_value(random));
      if (random.one_in(2)) message.key = random_value(random);
      ASSERT_TRUE(block.append(message.get()));
    }
    EncodedBlock encoded = encode_block(block, block.size());
    if (round % 10 == 9) encoded.bytes = as_older_block(encoded, kOlderFrames[random.below(2)]);
    const auto whole = decoded(encoded, {1});
    const auto some = DecodedBlock::decode(encoded.bytes, {1}, Columns::none());
    ASSERT_TRUE(some);
    for (int n = 0; n < 4; ++n) {
      const Text text = random.one_in(3) ? Text::kKey : Text::kValue;
      const std::vector<std::string> needles = {kNeedles[random.below(6)], kNeedles[random.below(6)]};
      const Also also = random.one_in(4) ? Also::kUnplain : random.one_in(3) ? Also::kHiding : Also::kNothing;
      const size_t begin = random.one_in(2) ? 0 : random.below(whole->size());
      const size_t end = random.one_in(2) ? whole->size() : begin + 1 + random.below(whole->size() - begin);
      ASSERT_TRUE((*some)->load_where(text, begin, end, filter_of(needles, also)));
      const TextColumn all = *whole->column(text);
      const TextColumn column = *(*some)->column(text);
      for (const std::string& needle : needles) {
        const SubstringFinder finder(needle, SubstringFinder::Case::kAnyAscii);
        for (size_t at = finder.find(all.bytes, all.ends[begin]); at < all.ends[end];
             at = finder.find(all.bytes, at + 1)) {
          if (at + needle.size() > all.ends[end]) break;
          ASSERT_TRUE(has_bytes(column, all, at, at + needle.size())) << needle;
          ++kept;
        }
      }
      for (const uint32_t i : all.unplain) {
        if (also != Also::kUnplain || i < begin || i >= end) continue;
        ASSERT_TRUE(has_bytes(column, all, all.ends[i], all.ends[i + 1])) << i;
      }
      for (const std::string_view hiding : {"\u00AD", "\\u"}) {
        for (size_t at = all.bytes.find(hiding, all.ends[begin]); also == Also::kHiding && at < all.ends[end];
             at = all.bytes.find(hiding, at + 1)) {
          ASSERT_TRUE(has_bytes(column, all, at, at + hiding.size())) << hiding;
          ++hidden;
        }
      }
      left += has_bytes(column, all, 0, all.bytes.size()) ? 0 : 1;
      if (random.one_in(4)) {
        ASSERT_TRUE((*some)->load_message(random.below(whole->size())));
      }
    }
    ASSERT_TRUE((*some)->load(Columns::all()));
    for (size_t i = 0; i < whole->size(); ++i) expect_same((*some)->message(i), whole->message(i));
  }
  EXPECT_GT(kept, 10'000U);
  EXPECT_GT(hidden, 100U);
  EXPECT_GT(left, 20U);
}

TEST(BlockLoadingWhere, ManyThreadsLookForTexts) {
  const EncodedBlock encoded = block_of_large_values(60);
  const auto whole = decoded(encoded, {1});
  const TextColumn all = *whole->column(Text::kValue);
  for (int round = 0; round < 20; ++round) {
    const auto block = DecodedBlock::decode(encoded.bytes, {1}, Columns::none());
    ASSERT_TRUE(block);
    std::vector<std::thread> readers;
    for (size_t t = 0; t < 4; ++t) {
      readers.emplace_back([&block, &whole, &all, t] {
        const size_t at = all.ends[t * 13] + 20;
        const std::string needle(all.bytes.substr(at, 10));
        EXPECT_TRUE((*block)->load_where(Text::kValue, 0, whole->size(), filter_of({needle})));
        EXPECT_TRUE(has_bytes(*(*block)->column(Text::kValue), all, at, at + needle.size()));
        EXPECT_TRUE((*block)->load_message(t * 13));
        EXPECT_TRUE((*block)->message(t * 13).value == whole->message(t * 13).value);
      });
    }
    for (std::thread& reader : readers) reader.join();
  }
}

}  // namespace
}  // namespace kseek::store
