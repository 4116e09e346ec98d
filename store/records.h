// The catalog's keys and records as bytes; docs/format.md has the grammar. Pure functions; internal to store/.
// Decoders take any bytes: nullopt when they are not a whole record.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/ids.h"
#include "store/block.h"
#include "store/job_record.h"
#include "store/segment.h"
#include "store/topic_config.h"
#include "store/topic_store.h"

namespace kseek::store {

/// Read and written by this program. A change of any record, of blocks or of segments makes it one more.
inline constexpr uint64_t kFormatVersion = 7;

/// What is kept of a partition.
struct PartitionRecord {
  Offset start;           ///< where it began
  Offset next;            ///< one past the last message that is durable
  Offset low;             ///< Kafka's low watermark as last heard
  Timestamp last_create;  ///< times of the newest durable message; -1: none
  Timestamp last_ingest;
  bool operator==(const PartitionRecord&) const = default;
};

/// Numeric id of a topic: names its column family and its segments, never used twice.
struct TopicNumber {
  uint32_t value = 0;
  auto operator<=>(const TopicNumber&) const = default;
};

// --- keys ----------------------------------------------------------------------------------------------------------
/// What a key of a topic names; the byte after the topic's number.
enum class RecordKind : char {
  kConfig = 'a',
  kNextBlock = 'n',
  kNextSegment = 'm',
  kPartition = 'p',
  kBlock = 'b',
  kRemoved = 'c',  ///< which messages of a block Kafka has compacted away: RemovedBits as they are
  kSegment = 's',
  kDeadLetter = 'd',
  kRebuild = 'r',         ///< an index is being rebuilt: the first block id that is not part of it
  kRebuiltSegment = 'x',  ///< a segment of that index
  kLettersSent = 'l',     ///< of a partition: dead letters below this offset were sent on
  kGeneration = 'g',      ///< the topic is the next generation of the one of its name
  kEvents = 'e',
  kExpiredBy = 't',  ///< the time by which blocks were dropped last, where they are kept for a duration
};

[[nodiscard]] std::string format_key();
[[nodiscard]] std::string next_topic_key();
[[nodiscard]] std::string topic_prefix(TopicNumber topic);
[[nodiscard]] std::string topics_prefix();
[[nodiscard]] std::string topic_key(TopicNumber topic, RecordKind kind);
[[nodiscard]] std::string partition_key(TopicNumber topic, PartitionId partition);
[[nodiscard]] std::string block_key(TopicNumber topic, BlockId block);
[[nodiscard]] std::string removed_key(TopicNumber topic, BlockId block);
[[nodiscard]] std::string segment_key(TopicNumber topic, SegmentId segment);
[[nodiscard]] std::string rebuilt_segment_key(TopicNumber topic, SegmentId segment);
[[nodiscard]] std::string letters_sent_key(TopicNumber topic, PartitionId partition);
[[nodiscard]] std::string jobs_prefix();
[[nodiscard]] std::string job_key(uint64_t job);
/// Sorted by time, so that the newest are the last.
[[nodiscard]] std::string dead_letter_key(TopicNumber topic, Timestamp time, PartitionId partition, Offset offset);
/// The key of a block's bytes in its topic's column family.
[[nodiscard]] std::string block_data_key(BlockId block);
[[nodiscard]] std::optional<BlockId> parse_block_data_key(std::string_view key);

/// A key of a topic, taken apart.
struct TopicKey {
  TopicNumber topic;
  RecordKind kind = RecordKind::kConfig;
  std::string_view rest;  ///< dies with the key
};
[[nodiscard]] std::optional<TopicKey> parse_topic_key(std::string_view key);
[[nodiscard]] std::optional<uint64_t> parse_u64(std::string_view rest);  ///< 8 bytes, big-endian
[[nodiscard]] std::optional<uint32_t> parse_u32(std::string_view rest);  ///< 4 bytes, big-endian

// --- records -------------------------------------------------------------------------------------------------------
[[nodiscard]] std::string encode_format(uint64_t version);
[[nodiscard]] std::optional<uint64_t> decode_format(std::string_view bytes);
[[nodiscard]] std::string encode_number(uint64_t number);
[[nodiscard]] std::optional<uint64_t> decode_number(std::string_view bytes);
[[nodiscard]] std::string encode_config(const TopicConfig& config);
[[nodiscard]] std::optional<TopicConfig> decode_config(std::string_view bytes);
[[nodiscard]] std::string encode_partition(const PartitionRecord& record);
[[nodiscard]] std::optional<PartitionRecord> decode_partition(std::string_view bytes);
[[nodiscard]] std::string encode_block_meta(const BlockMeta& meta);
[[nodiscard]] std::optional<BlockMeta> decode_block_meta(BlockId id, std::string_view bytes);
[[nodiscard]] std::string encode_segment_meta(const SegmentMeta& meta);
[[nodiscard]] std::optional<SegmentMeta> decode_segment_meta(SegmentId id, std::string_view bytes);
[[nodiscard]] std::string encode_events(const std::vector<TopicEvent>& events);  ///< the last kKeptEvents of them
[[nodiscard]] std::optional<std::vector<TopicEvent>> decode_events(std::string_view bytes);
[[nodiscard]] std::string encode_dead_letter(const DeadLetter& letter);
[[nodiscard]] std::optional<DeadLetter> decode_dead_letter(std::string_view bytes);
[[nodiscard]] std::string encode_job(const JobRecord& job);
[[nodiscard]] std::optional<JobRecord> decode_job(std::string_view bytes);

}  // namespace kseek::store
