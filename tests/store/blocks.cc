#include "tests/store/blocks.h"

#include <gtest/gtest.h>

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

}  // namespace kseek::store
