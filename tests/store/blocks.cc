#include "tests/store/blocks.h"

#include <gtest/gtest.h>
#include <xxhash.h>
#include <zstd.h>

#include <algorithm>
#include <array>
#include <span>
#include <vector>

#include "base/varint.h"
#include "store/block_frames.h"

namespace kseek::store {

void expect_same(const StoredMessage& stored, const MessageView& given) {
  EXPECT_EQ(stored.partition, given.partition);
  EXPECT_EQ(stored.offset, given.offset);
  EXPECT_EQ(stored.create_time, given.create_time);
  EXPECT_EQ(stored.ingest_time, given.ingest_time);
  EXPECT_EQ(stored.timestamp_type, given.timestamp_type);
  EXPECT_EQ(stored.key, given.key);
  EXPECT_EQ(stored.value, given.value);
  EXPECT_EQ(stored.headers.encoded(), given.headers.encoded());
  EXPECT_EQ(stored.key_traits, given.key ? tokenizer::classify(*given.key) : tokenizer::TextTraits());
  EXPECT_EQ(stored.value_traits, given.value ? tokenizer::classify(*given.value) : tokenizer::TextTraits());
}

std::shared_ptr<const DecodedBlock> decoded(const EncodedBlock& encoded, PartitionId partition) {
  auto block = DecodedBlock::decode(encoded.bytes, partition);
  EXPECT_TRUE(block) << describe(block.error());
  return *block;
}

OwnedMessage plain_message(int64_t offset, std::string value) {
  OwnedMessage message;
  message.view.offset = {offset};
  message.view.create_time = message.view.ingest_time = {1'763'600'000'000 + offset};
  message.value = std::move(value);
  return message;
}

EncodedBlock block_of_large_values(size_t messages) {
  RandomMessages random(1);
  OpenBlock block({1}, messages, 64_MiB);
  for (size_t i = 0; i < messages; ++i) {
    std::string value(10'000, ' ');
    for (char& c : value) c = static_cast<char>('a' + random.below(26));
    OwnedMessage message = plain_message(static_cast<int64_t>(i), std::move(value));
    message.key = fmt::format("key-{}", i);
    append_header(message.headers, "n", std::to_string(i));
    EXPECT_TRUE(block.append(message.get()));
  }
  return encode_block(block, block.size());
}

EncodedBlock block_of_repeated_values() {
  RandomMessages random(2);
  std::vector<std::string> texts(40);
  for (std::string& text : texts) {
    text = fmt::format(R"({{"trace":"{:016x}{:016x}"}})", random.below(~uint64_t{0}), random.below(~uint64_t{0}));
  }
  OpenBlock block({1}, 10'000, 64_MiB);
  while (block.raw_bytes() < 4 * kFrames.raw_bytes) {
    OwnedMessage message = plain_message(static_cast<int64_t>(block.size()), std::string());
    for (int i = 0; i < 50; ++i) *message.value += texts[random.below(texts.size())];
    EXPECT_TRUE(block.append(message.get()));
  }
  return encode_block(block, block.size());
}

std::string with_checksum(std::string bytes) {
  const uint64_t checksum = XXH3_64bits(bytes.data(), bytes.size());
  for (int i = 0; i < 8; ++i) bytes.push_back(static_cast<char>(checksum >> (8 * i)));
  return bytes;
}

std::string as_older_block(const EncodedBlock& encoded, const FrameFormat& format) {
  std::string_view rest(encoded.bytes);
  rest.remove_prefix(kBlockMagic.size());
  rest.remove_suffix(kChecksumBytes);
  std::string older(format.magic);
  const std::string_view numbers = rest;
  std::array<uint64_t, 1 + kSections> counts{};  // of messages, and of each section's bytes
  for (uint64_t& count : counts) count = take_varint(rest).value();
  older += numbers.substr(0, numbers.size() - rest.size());
  for (size_t section = 0; section < kSections; ++section) {
    std::string raw(counts[1 + section], '\0');
    FrameReader reader(take_frames(rest, frames_of(raw.size(), kFrames.raw_bytes)).value(), kFrames);
    for (size_t i = 0; i * kFrames.raw_bytes < raw.size(); ++i) {
      EXPECT_TRUE(reader.go_to(i));
      EXPECT_TRUE(reader.spell(std::span(raw)
                                   .subspan(i * kFrames.raw_bytes)
                                   .first(std::min(kFrames.raw_bytes, raw.size() - i * kFrames.raw_bytes))));
    }
    for (size_t at = 0; at < raw.size(); at += format.raw_bytes) {
      const std::string_view part = std::string_view(raw).substr(at, format.raw_bytes);
      std::string frame(ZSTD_compressBound(part.size()), '\0');
      frame.resize(ZSTD_compress(frame.data(), frame.size(), part.data(), part.size(), 3));
      older.resize(older.size() + kFrameSizeBytes);
      put_fixed(older.data() + older.size() - kFrameSizeBytes, frame.size(), kFrameSizeBytes);
      older += frame;
    }
  }
  return with_checksum(std::move(older));
}

}  // namespace kseek::store
