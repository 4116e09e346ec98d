// The catalog's records: what is written is read back, and any other bytes are refused.
#include "store/records.h"

#include <gtest/gtest.h>

#include "base/time.h"
#include "tests/store/random_messages.h"

namespace kseek::store {
namespace {

constexpr uint64_t kSeed = 7;

BlockMeta random_meta(RandomMessages& random) {
  BlockMeta meta;
  meta.id = {random.below(1'000'000)};
  meta.partition = {static_cast<int32_t>(random.below(INT32_MAX))};
  meta.first = {static_cast<int64_t>(random.below(INT64_MAX))};
  meta.last = {meta.first.value + static_cast<int64_t>(random.below(5000))};
  if (meta.last < meta.first) meta.last = meta.first;
  meta.min_create = random.time();
  meta.max_create = std::max(meta.min_create, random.time());
  meta.min_ingest = random.time();
  meta.max_ingest = std::max(meta.min_ingest, random.time());
  meta.messages = static_cast<uint32_t>(random.below(UINT32_MAX));
  meta.raw_bytes = random.below(UINT64_MAX);
  meta.stored_bytes = random.below(UINT64_MAX);
  return meta;
}

TEST(RecordsTest, RoundTrip) {
  RandomMessages random(kSeed);
  for (int i = 0; i < 2000; ++i) {
    const BlockMeta block = random_meta(random);
    ASSERT_EQ(decode_block_meta(block.id, encode_block_meta(block)), block);

    SegmentMeta segment{{random.below(100)},
                        {},
                        static_cast<uint32_t>(random.below(9)),
                        random.below(1 << 30),
                        random.below(UINT64_MAX)};
    for (uint64_t id = 1 + random.below(3), left = 1 + random.below(20); left > 0; --left, id += 1 + random.below(4)) {
      segment.blocks.push_back({id});
    }
    ASSERT_EQ(decode_segment_meta(segment.id, encode_segment_meta(segment)), segment);

    const PartitionRecord partition{
        {static_cast<int64_t>(random.below(100))}, {1 << 30}, {5}, random.time(), random.time()};
    ASSERT_EQ(decode_partition(encode_partition(partition)), partition);

    TopicConfig config;
    config.name = random.text();
    config.source = random.one_in(2) ? Source::kImport : Source::kKafka;
    config.from = random.text();
    config.time_kind = random.one_in(2) ? TimeKind::kIngest : TimeKind::kCreate;
    config.retention = {static_cast<Retention::Kind>(random.below(3)),
                        std::chrono::milliseconds(random.below(1 << 30))};
    for (size_t labels = random.below(4); labels > 0; --labels) config.labels.push_back(random.text());
    config.paused = random.one_in(2);
    config.opened_at = random.time();
    ASSERT_EQ(decode_config(encode_config(config)), config);

    const DeadLetter letter{{3}, {77}, random.time(), random.below(1 << 30), random.text(), random.text()};
    const auto read = decode_dead_letter(encode_dead_letter(letter));
    ASSERT_TRUE(read.has_value());
    ASSERT_EQ(std::tie(read->partition, read->offset, read->time, read->bytes, read->reason, read->head),
              std::tie(letter.partition, letter.offset, letter.time, letter.bytes, letter.reason, letter.head));
  }
  EXPECT_EQ(decode_format(encode_format(3)), 3U);
}

TEST(RecordsTest, CutOrLengthenedRecordsAreRefused) {
  RandomMessages random(kSeed);
  const BlockMeta block = random_meta(random);
  const std::string bytes = encode_block_meta(block);
  for (size_t size = 0; size < bytes.size(); ++size) {
    EXPECT_EQ(decode_block_meta(block.id, std::string_view(bytes).substr(0, size)), std::nullopt);
  }
  EXPECT_EQ(decode_block_meta(block.id, bytes + '\0'), std::nullopt);
  EXPECT_EQ(decode_segment_meta({1}, encode_segment_meta({})), std::nullopt) << "a segment has a block";
  EXPECT_EQ(decode_format("anything"), std::nullopt);
}

TEST(RecordsTest, AnyBytesAreTakenWithoutHarm) {
  RandomMessages random(kSeed);
  for (int i = 0; i < 20'000; ++i) {
    std::string bytes;
    for (size_t left = random.below(40); left > 0; --left) bytes.push_back(static_cast<char>(random.below(256)));
    static_cast<void>(decode_block_meta({1}, bytes));
    static_cast<void>(decode_segment_meta({1}, bytes));
    static_cast<void>(decode_partition(bytes));
    static_cast<void>(decode_config(bytes));
    static_cast<void>(decode_dead_letter(bytes));
    static_cast<void>(decode_events(bytes));
    static_cast<void>(decode_format(bytes));
    static_cast<void>(parse_topic_key("T" + bytes));
  }
}

TEST(RecordsTest, KeysSortAsWhatTheyName) {
  EXPECT_LT(block_data_key({255}), block_data_key({256}));
  EXPECT_LT(block_key({1}, {UINT64_MAX}), topic_prefix({2}));
  EXPECT_LT(dead_letter_key({1}, {-1}, {0}, {5}), dead_letter_key({1}, {0}, {0}, {5}));
  EXPECT_LT(dead_letter_key({1}, {1}, {9}, {5}), dead_letter_key({1}, {2}, {0}, {5}));
  EXPECT_EQ(parse_block_data_key(block_data_key({123'456'789})), BlockId{123'456'789});
  EXPECT_EQ(parse_block_data_key("short"), std::nullopt);
  const std::string key = block_key({9}, {4});
  const auto parsed = parse_topic_key(key);
  ASSERT_TRUE(parsed.has_value());
  EXPECT_EQ(parsed->topic, TopicNumber{9});
  EXPECT_EQ(parsed->kind, RecordKind::kBlock);
  EXPECT_EQ(parse_u64(parsed->rest), 4U);
}

TEST(RetentionTest, ReadsWhatItWrites) {
  for (const char* text : {"follow", "forever", "7d", "36h", "90s", "1w", "1500ms"}) {
    const auto retention = parse_retention(text);
    ASSERT_TRUE(retention.has_value()) << text;
    EXPECT_EQ(*parse_retention(to_string(*retention)), *retention) << text;
  }
  EXPECT_EQ(to_string(*parse_retention("36h")), "36h");
  EXPECT_EQ(to_string(*parse_retention("1500ms")), "1500ms");
  for (const char* text : {"", "0s", "-1d", "for ever", "7"}) EXPECT_FALSE(parse_retention(text).has_value()) << text;
}

}  // namespace
}  // namespace kseek::store
