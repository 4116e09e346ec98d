// Blocks: what is appended, encoded and decoded is what comes out; and no byte that is not what was written gets
// through.
#include "store/block.h"

#include <gtest/gtest.h>

#include <cstring>
#include <thread>

#include "base/varint.h"
#include "store/block_format.h"
#include "tests/store/blocks.h"
#include "tests/store/random_messages.h"

namespace kseek::store {
namespace {

EncodedBlock small_block() {
  OpenBlock block({1}, 100, 1_MiB);
  for (int64_t i = 0; i < 5; ++i) {
    OwnedMessage message = plain_message(100 + 2 * i, fmt::format("value {} of a small block", i));
    message.key = "k";
    append_header(message.headers, "trace-id", "4bf92f35");
    EXPECT_TRUE(block.append(message.get()));
  }
  return encode_block(block, block.size());
}

TEST(Block, RandomMessagesComeBack) {
  for (uint64_t seed = 1; seed <= 60; ++seed) {
    SCOPED_TRACE(fmt::format("seed {}", seed));
    RandomMessages random(seed);
    const PartitionId partition{static_cast<int32_t>(random.below(5))};
    std::vector<OwnedMessage> messages;
    OpenBlock block(partition, 1 + random.below(700), 1 + random.below(200'000));
    int64_t offset = random.one_in(4) ? std::numeric_limits<int64_t>::max() - 2'000'000 : 0;
    uint64_t raw_bytes = 0;
    for (;;) {
      OwnedMessage message = random.message(partition, offset);
      if (!block.append(message.get())) break;
      raw_bytes += message.get().raw_bytes();
      messages.push_back(std::move(message));
    }
    ASSERT_EQ(block.size(), messages.size());
    EXPECT_EQ(block.raw_bytes(), raw_bytes);
    EXPECT_GE(block.memory_bytes(), raw_bytes);
    for (size_t i = 0; i < messages.size(); ++i) expect_same(block.message(i), messages[i].get());

    const size_t count = random.one_in(2) ? messages.size() : 1 + random.below(messages.size());
    const EncodedBlock encoded = encode_block(block, count);
    const auto again = decoded(encoded, partition);
    ASSERT_EQ(again->size(), count);
    for (size_t i = 0; i < count; ++i) expect_same(again->message(i), messages[i].get());
    const EncodedBlock encoded_again = encode_block(*again, count);
    EXPECT_EQ(encoded_again.bytes, encoded.bytes);
    EXPECT_EQ(encoded_again.meta, encoded.meta);
  }
}

TEST(Block, MetaSaysWhatIsInIt) {
  OpenBlock block({4}, 10, 1000);
  const std::vector<int64_t> times = {5, -1, std::numeric_limits<int64_t>::max(), 7};
  for (size_t i = 0; i < times.size(); ++i) {
    OwnedMessage message = plain_message(static_cast<int64_t>(10 + 3 * i), "abc");
    message.view.create_time = {times[i]};
    message.view.ingest_time = {static_cast<int64_t>(100 + i)};
    ASSERT_TRUE(block.append(message.get()));
  }
  const EncodedBlock encoded = encode_block(block, 4);
  const BlockMeta expected{.id = {0},
                           .partition = {4},
                           .first = {10},
                           .last = {19},
                           .min_create = {-1},
                           .max_create = kMaxTimestamp,
                           .min_ingest = {100},
                           .max_ingest = {103},
                           .messages = 4,
                           .raw_bytes = 12,
                           .stored_bytes = encoded.bytes.size()};
  EXPECT_EQ(encoded.meta, expected);
}

/// The example of docs/format.md.
TEST(Block, HasTheBytesThatAreDocumented) {
  OpenBlock block({0}, 10, 1000);
  OwnedMessage message = plain_message(7, R"(id 3cef1ce8-f961-43f2-b169-ae97568015d2)");
  message.view.create_time = message.view.ingest_time = {1000};
  message.view.timestamp_type = TimestampType::kCreateTime;
  ASSERT_TRUE(block.append(message.get()));
  const EncodedBlock encoded = encode_block(block, 1);
  std::string hex;
  for (const char byte : encoded.bytes) hex += fmt::format("{:02x} ", static_cast<uint8_t>(byte));
  EXPECT_EQ(hex,
            "4b 53 42 33 01 08 00 27 00 "
            "0b 00 00 00 08 00 80 07 d0 0f d0 0f 49 27 00 "
            "18 00 00 00 04 10 f0 05 3c ef 1c e8 f9 61 43 f2 b1 69 ae 97 56 80 15 d2 69 64 20 fb "
            "46 fc b1 c5 ab 4c 57 a8 ");
}

TEST(Block, TellsNullFromEmpty) {
  OpenBlock block({3}, 10, 1000);
  OwnedMessage message = plain_message(7, "");
  message.key.reset();
  ASSERT_TRUE(block.append(message.get()));
  message = plain_message(8, "");
  message.key = "";
  message.value.reset();
  ASSERT_TRUE(block.append(message.get()));
  const auto again = decoded(encode_block(block, 2), {3});
  for (const MessageBlock* each :
       {static_cast<const MessageBlock*>(&block), static_cast<const MessageBlock*>(&*again)}) {
    EXPECT_EQ(each->message(0).key, std::nullopt);
    EXPECT_EQ(each->message(0).value, "");
    EXPECT_EQ(each->message(1).key, "");
    EXPECT_EQ(each->message(1).value, std::nullopt);
  }
}

TEST(Block, LargestMessageFitsAndComesBack) {
  RandomMessages random(99);
  std::string large(kMaxMessageBytes, '\0');
  for (char& byte : large) byte = static_cast<char>(random.below(256));
  OpenBlock block({0}, 10, 2_MiB);
  ASSERT_TRUE(block.append(plain_message(0, large).get()));
  EXPECT_FALSE(block.append(plain_message(1, "x").get())) << "over max_bytes already";
  const auto again = decoded(encode_block(block, 1), {0});
  EXPECT_EQ(again->message(0).value, large);
}

TEST(Block, ValuesStandTogether) {
  const auto block = decoded(small_block(), {1});
  for (size_t i = 1; i < block->size(); ++i) {
    EXPECT_EQ(block->message(i - 1).value->data() + block->message(i - 1).value->size(),
              block->message(i).value->data());
  }
}

TEST(Block, IsFullAtItsLimits) {
  OpenBlock by_count({0}, 3, 1_MiB);
  for (int64_t i = 0; i < 3; ++i) EXPECT_TRUE(by_count.append(plain_message(i, "v").get()));
  EXPECT_FALSE(by_count.append(plain_message(3, "v").get()));
  OpenBlock by_bytes({0}, 1000, 10);
  EXPECT_TRUE(by_bytes.append(plain_message(0, "123456").get()));
  EXPECT_TRUE(by_bytes.append(plain_message(1, "1234").get()));
  EXPECT_FALSE(by_bytes.append(plain_message(2, "1").get()));
  EXPECT_EQ(by_bytes.size(), 2U);
  OpenBlock huge({0}, std::numeric_limits<size_t>::max(), std::numeric_limits<uint64_t>::max());
  EXPECT_TRUE(huge.append(plain_message(0, "v").get()));
  EXPECT_LT(huge.memory_bytes(), 1_MiB);
}

TEST(Block, MessagesAreReadWhileOthersAreAppended) {
  constexpr int64_t kMessages = 20'000;
  OpenBlock block({0}, kMessages, 64_MiB);
  std::atomic<bool> failed{false};
  std::vector<std::thread> readers;
  for (int reader = 0; reader < 2; ++reader) {
    readers.emplace_back([&block, &failed] {
      for (size_t seen = 0; seen < kMessages;) {
        const size_t size = block.size();
        for (; seen < size; ++seen) {
          const StoredMessage message = block.message(seen);
          const std::string expected = fmt::format("message {}", seen);
          if (message.value != expected || message.offset.value != static_cast<int64_t>(seen)) failed = true;
        }
        std::this_thread::yield();
      }
    });
  }
  for (int64_t i = 0; i < kMessages; ++i) {
    if (!block.append(plain_message(i, fmt::format("message {}", i)).get())) failed = true;
  }
  for (std::thread& reader : readers) reader.join();
  EXPECT_FALSE(failed);
}

// --- bytes that are not what was written
// --------------------------------------------------------------------------------

TEST(BlockDecode, EveryDamagedByteIsFound) {
  const EncodedBlock encoded = small_block();
  for (size_t i = 0; i < encoded.bytes.size(); ++i) {
    for (int bit = 0; bit < 8; ++bit) {
      std::string bytes = encoded.bytes;
      bytes[i] = static_cast<char>(bytes[i] ^ (1 << bit));
      const auto block = DecodedBlock::decode(bytes, {1});
      ASSERT_FALSE(block) << "byte " << i << " bit " << bit;
      EXPECT_EQ(block.error().code, ErrorCode::kCorrupt);
    }
  }
}

TEST(BlockDecode, EveryCutIsFound) {
  const EncodedBlock encoded = small_block();
  for (size_t size = 0; size < encoded.bytes.size(); ++size) {
    EXPECT_FALSE(DecodedBlock::decode(encoded.bytes.substr(0, size), {1})) << size;
  }
  EXPECT_FALSE(DecodedBlock::decode(encoded.bytes + "x", {1}));
}

TEST(BlockDecode, ColumnsAreThereOnceTheyAreLoaded) {
  const EncodedBlock encoded = small_block();
  const auto whole = decoded(encoded, {1});
  for (unsigned first = 0; first < 8; ++first) {
    const Columns wanted{(first & 1) != 0, (first & 2) != 0, (first & 4) != 0};
    const auto block = DecodedBlock::decode(encoded.bytes, {1}, wanted);
    ASSERT_TRUE(block);
    ASSERT_EQ((*block)->size(), whole->size());
    EXPECT_EQ((*block)->column(MessageBlock::Text::kKey)->loaded.all(), wanted.keys);
    EXPECT_EQ((*block)->column(MessageBlock::Text::kValue)->loaded.all(), wanted.values);
    for (size_t i = 0; i < whole->size(); ++i) {
      const StoredMessage message = (*block)->message(i);
      EXPECT_EQ((*block)->head(i).offset, whole->message(i).offset);
      EXPECT_EQ(message.create_time, whole->message(i).create_time);
      EXPECT_EQ(message.key.has_value(), wanted.keys);
      EXPECT_EQ(message.value.has_value(), wanted.values);
      EXPECT_EQ(message.headers.empty(), !wanted.headers);
    }
    ASSERT_TRUE((*block)->load(Columns::all()));
    for (size_t i = 0; i < whole->size(); ++i) expect_same((*block)->message(i), whole->message(i));
  }
}

TEST(BlockDecode, ManyThreadsLoadColumns) {
  const EncodedBlock encoded = small_block();
  const auto whole = decoded(encoded, {1});
  for (int round = 0; round < 50; ++round) {
    const auto block = DecodedBlock::decode(encoded.bytes, {1}, Columns::none());
    ASSERT_TRUE(block);
    std::vector<std::thread> readers;
    for (unsigned t = 0; t < 4; ++t) {
      readers.emplace_back([&block, &whole, t] {
        const Columns wanted{t == 0 || t == 3, t == 1 || t == 3, t == 2};
        EXPECT_TRUE((*block)->load(wanted));
        for (size_t i = 0; i < whole->size(); ++i) {
          if (wanted.keys) {
            EXPECT_EQ((*block)->message(i).key, whole->message(i).key);
          }
          if (wanted.values) {
            EXPECT_EQ((*block)->message(i).value, whole->message(i).value);
          }
        }
      });
    }
    for (std::thread& reader : readers) reader.join();
  }
}

TEST(BlockDecode, TextColumnsSayWhichTextsAreNotPlain) {
  OpenBlock block({0}, 10, 1_MiB);
  const char* const values[] = {"plain", "Zürich", R"({"a":"line\n"})", R"({"a":1})", ""};
  for (int64_t i = 0; i < 5; ++i) ASSERT_TRUE(block.append(plain_message(i, values[i]).get()));
  const auto again = decoded(encode_block(block, block.size()), {0});
  const auto column = again->column(MessageBlock::Text::kValue);
  ASSERT_TRUE(column);
  EXPECT_EQ(std::vector<uint32_t>(column->unplain.begin(), column->unplain.end()), (std::vector<uint32_t>{1, 2}));
  for (size_t i = 0; i < again->size(); ++i) {
    EXPECT_EQ(column->bytes.substr(column->ends[i], column->ends[i + 1] - column->ends[i]), values[i]);
  }
  EXPECT_TRUE(again->column(MessageBlock::Text::kKey)->unplain.empty());
  EXPECT_FALSE(block.column(MessageBlock::Text::kValue)) << "an open block has rows";
  EXPECT_FALSE(again->visit_rows(again->size(), [](const MessageRows&) {})) << "a stored block has columns";
}

TEST(OpenBlock, HasItsTextsInRows) {
  OpenBlock block({0}, 2'000, 8_MiB);
  const std::vector<std::string> texts = {
      "plain", "", R"({"a":"line\n"})", "支付", "soft\u00ADhyphen", R"({"a":"\u0041"})"};
  std::string headers;
  append_header(headers, "name", "content");
  for (int64_t i = 0; i < 1'500; ++i) {
    const std::string text = i % 100 == 7 ? std::string(100'000, 'x') : texts[static_cast<size_t>(i) % texts.size()];
    MessageView message;
    message.offset = {i};
    if (i % 2 == 0) message.key = text;
    if (i % 3 != 0) message.value = text;
    if (i % 5 == 0) message.headers = HeaderList(headers);
    ASSERT_TRUE(block.append(message));
  }
  for (const size_t count : {size_t{0}, size_t{1}, size_t{700}, block.size()}) {
    size_t next = 0;
    std::vector<size_t> not_ascii, hiding;
    ASSERT_TRUE(block.visit_rows(count, [&](const MessageRows& rows) {
      EXPECT_EQ(rows.first, next);
      EXPECT_EQ(rows.ends.back(), rows.bytes.size());
      for (size_t i = 0; i + 1 < rows.ends.size(); ++i, ++next) {
        const StoredMessage message = block.message(next);
        EXPECT_EQ(rows.bytes.substr(rows.ends[i], rows.ends[i + 1] - rows.ends[i]),
                  std::string(message.key.value_or("")) + std::string(message.value.value_or("")) +
                      std::string(message.headers.encoded()));
      }
      not_ascii.insert(not_ascii.end(), rows.not_ascii.begin(), rows.not_ascii.end());
      hiding.insert(hiding.end(), rows.hiding.begin(), rows.hiding.end());
    }));
    EXPECT_EQ(next, count);
    std::vector<size_t> expected_not_ascii, expected_hiding;
    for (size_t i = 0; i < count; ++i) {
      const bool has_text = (i % 2 == 0 || i % 3 != 0) && i % 100 != 7;
      if (has_text && (i % texts.size() == 3 || i % texts.size() == 4)) expected_not_ascii.push_back(i);
      if (has_text && i % texts.size() >= 4) expected_hiding.push_back(i);
    }
    EXPECT_EQ(not_ascii, expected_not_ascii);
    EXPECT_EQ(hiding, expected_hiding);
  }
}

TEST(OpenBlock, KnowsItsBounds) {
  OpenBlock block({2}, 10, 1_MiB);
  for (const int64_t time : {5, -3, 9, 7}) {
    OwnedMessage message = plain_message(10 + static_cast<int64_t>(block.size()), "x");
    message.view.create_time = {time};
    ASSERT_TRUE(block.append(message.get()));
    const BlockMeta bounds = block.bounds(block.size());
    EXPECT_EQ(bounds.partition, block.partition());
    EXPECT_EQ(bounds.first, Offset{10});
    EXPECT_EQ(bounds.last, message.view.offset);
    EXPECT_LE(bounds.min_create, message.view.create_time);
    EXPECT_GE(bounds.max_create, message.view.create_time);
  }
  EXPECT_EQ(block.bounds(4).min_create, Timestamp{-3});
  EXPECT_EQ(block.bounds(4).max_create, Timestamp{9});
  EXPECT_EQ(block.bounds(2).last, Offset{11});
}

TEST(BlockDecode, BlocksOfOlderFormatsAreRead) {
  for (const FrameFormat& format : kOlderFrames) {
    SCOPED_TRACE(format.magic);
    const EncodedBlock encoded = block_of_large_values(30);
    const auto whole = decoded(encoded, {1});
    const auto block = DecodedBlock::decode(as_older_block(encoded, format), {1}, Columns::none());
    ASSERT_TRUE(block) << describe(block.error());
    ASSERT_TRUE((*block)->load_message(17));
    expect_same((*block)->message(17), whole->message(17));
    ASSERT_TRUE((*block)->load(Columns::all(), 3, 9));
    expect_same((*block)->message(8), whole->message(8));
    ASSERT_TRUE((*block)->load(Columns::all()));
    for (size_t i = 0; i < whole->size(); ++i) expect_same((*block)->message(i), whole->message(i));
  }
}

/// Whatever it says, it is found out, or can be read.
void expect_harmless(const std::string& body) {
  for (size_t i = 0; i < body.size(); ++i) {
    for (const int xored : {1, 2, 4, 8, 16, 32, 64, 128, 255}) {
      std::string bytes = body;
      bytes[i] = static_cast<char>(bytes[i] ^ xored);
      const auto block = DecodedBlock::decode(with_checksum(bytes), {1}, xored == 1 ? Columns::none() : Columns::all());
      if (!block) continue;
      if (const auto loaded = (*block)->load(Columns::all()); !loaded) {
        EXPECT_EQ(loaded.error().code, ErrorCode::kCorrupt);
        continue;
      }
      for (size_t m = 0; m < (*block)->size(); ++m) EXPECT_LE((*block)->message(m).raw_bytes(), kMaxBlockBytes);
    }
  }
}

std::string without_checksum(const std::string& bytes) { return bytes.substr(0, bytes.size() - kChecksumBytes); }

TEST(BlockDecode, DamageWithARightChecksumIsHarmless) {
  const EncodedBlock encoded = small_block();
  ASSERT_EQ(with_checksum(without_checksum(encoded.bytes)), encoded.bytes);
  expect_harmless(without_checksum(encoded.bytes));
  for (const FrameFormat& format : kOlderFrames) expect_harmless(without_checksum(as_older_block(encoded, format)));
  expect_harmless(without_checksum(block_of_repeated_values().bytes));
}

TEST(BlockDecode, LyingSizesAreRefusedBeforeMemoryIsTaken) {
  for (const std::string magic : {"KSB3", "KSB2", "KSB1"}) {
    for (const uint64_t messages : {uint64_t{0}, uint64_t{1}, uint64_t{kMaxBlockMessages}, ~uint64_t{0}}) {
      for (const uint64_t bytes : {uint64_t{0}, uint64_t{5}, kMaxBlockBytes, kMaxBlockBytes + 1, ~uint64_t{0}}) {
        std::string lie = magic;
        put_varint(lie, messages);
        for (int section = 0; section < 4; ++section) put_varint(lie, bytes);
        lie += "some bytes that are no frames";
        const auto block = DecodedBlock::decode(with_checksum(lie), {0});
        ASSERT_FALSE(block);
        EXPECT_EQ(block.error().code, ErrorCode::kCorrupt);
      }
    }
  }
}

}  // namespace
}  // namespace kseek::store
