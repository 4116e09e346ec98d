#include "store/records.h"

#include <algorithm>

#include "base/varint.h"

namespace kseek::store {
namespace {

constexpr std::string_view kFormatMagic = "kseek";

template <class Unsigned>
void put_big_endian(std::string& out, Unsigned n) {
  for (int shift = static_cast<int>(sizeof(n)) * 8 - 8; shift >= 0; shift -= 8) {
    out.push_back(static_cast<char>(n >> shift));
  }
}

template <class Unsigned>
std::optional<Unsigned> get_big_endian(std::string_view in) {
  if (in.size() != sizeof(Unsigned)) return std::nullopt;
  Unsigned n = 0;
  for (const char c : in) n = static_cast<Unsigned>(n << 8) | static_cast<uint8_t>(c);
  return n;
}

class RecordWriter {
 public:
  RecordWriter& number(uint64_t n) {
    put_varint(out_, n);
    return *this;
  }
  RecordWriter& integer(int64_t n) { return number(zigzag(n)); }
  RecordWriter& text(std::string_view s) {
    put_varint(out_, s.size());
    out_ += s;
    return *this;
  }
  [[nodiscard]] std::string take() { return std::move(out_); }

 private:
  std::string out_;
};

/// Reads what RecordWriter wrote; after a failure everything reads as 0 and finished() is false.
class RecordReader {
 public:
  explicit RecordReader(std::string_view in) : in_(in) {}
  uint64_t number() {
    const auto n = take_varint(in_);
    if (!n) fail();
    return n.value_or(0);
  }
  int64_t integer() { return unzigzag(number()); }
  /// A number of an enumeration or a smaller type: at most `last`.
  uint64_t number_to(uint64_t last) {
    const uint64_t n = number();
    if (n > last) fail();
    return ok_ ? n : 0;
  }
  std::string text() {
    const uint64_t size = number();
    if (size > in_.size()) fail();
    if (!ok_) return {};
    std::string s(in_.substr(0, size));
    in_.remove_prefix(size);
    return s;
  }
  /// A count of things that take at least a byte each.
  uint64_t count() { return number_to(in_.size()); }
  [[nodiscard]] bool finished() const { return ok_ && in_.empty(); }

 private:
  void fail() {
    ok_ = false;
    in_ = {};
  }
  std::string_view in_;
  bool ok_ = true;
};

/// `to` - `from` as unsigned, whatever their signs; add_distance undoes it.
uint64_t distance(int64_t from, int64_t to) { return static_cast<uint64_t>(to) - static_cast<uint64_t>(from); }
int64_t add_distance(int64_t from, uint64_t by) { return static_cast<int64_t>(static_cast<uint64_t>(from) + by); }

}  // namespace

std::string format_key() { return "F"; }
std::string next_topic_key() { return "N"; }
std::string topics_prefix() { return "T"; }

std::string topic_prefix(TopicNumber topic) {
  std::string key = topics_prefix();
  put_big_endian(key, topic.value);
  return key;
}

std::string topic_key(TopicNumber topic, RecordKind kind) { return topic_prefix(topic) + static_cast<char>(kind); }

std::string partition_key(TopicNumber topic, PartitionId partition) {
  std::string key = topic_key(topic, RecordKind::kPartition);
  put_big_endian(key, static_cast<uint32_t>(partition.value));
  return key;
}

std::string block_key(TopicNumber topic, BlockId block) {
  std::string key = topic_key(topic, RecordKind::kBlock);
  put_big_endian(key, block.value);
  return key;
}

std::string removed_key(TopicNumber topic, BlockId block) {
  std::string key = topic_key(topic, RecordKind::kRemoved);
  put_big_endian(key, block.value);
  return key;
}

std::string segment_key(TopicNumber topic, SegmentId segment) {
  std::string key = topic_key(topic, RecordKind::kSegment);
  put_big_endian(key, segment.value);
  return key;
}

std::string letters_sent_key(TopicNumber topic, PartitionId partition) {
  std::string key = topic_key(topic, RecordKind::kLettersSent);
  put_big_endian(key, static_cast<uint32_t>(partition.value));
  return key;
}

std::string rebuilt_segment_key(TopicNumber topic, SegmentId segment) {
  std::string key = topic_key(topic, RecordKind::kRebuiltSegment);
  put_big_endian(key, segment.value);
  return key;
}

std::string jobs_prefix() { return "J"; }

std::string job_key(uint64_t job) {
  std::string key = jobs_prefix();
  put_big_endian(key, job);
  return key;
}

std::string dead_letter_key(TopicNumber topic, Timestamp time, PartitionId partition, Offset offset) {
  std::string key = topic_key(topic, RecordKind::kDeadLetter);
  put_big_endian(key, static_cast<uint64_t>(time.ms) ^ (uint64_t{1} << 63));  // so that bytes sort as signed numbers do
  put_big_endian(key, static_cast<uint32_t>(partition.value));
  put_big_endian(key, static_cast<uint64_t>(offset.value));
  return key;
}

std::string block_data_key(BlockId block) {
  std::string key;
  put_big_endian(key, block.value);
  return key;
}

std::optional<BlockId> parse_block_data_key(std::string_view key) {
  const auto id = parse_u64(key);
  if (!id) return std::nullopt;
  return BlockId{*id};
}

std::optional<TopicKey> parse_topic_key(std::string_view key) {
  if (key.size() < 6 || key.front() != 'T') return std::nullopt;
  const auto topic = parse_u32(key.substr(1, 4));
  return TopicKey{{*topic}, static_cast<RecordKind>(key[5]), key.substr(6)};
}

std::optional<uint64_t> parse_u64(std::string_view rest) { return get_big_endian<uint64_t>(rest); }
std::optional<uint32_t> parse_u32(std::string_view rest) { return get_big_endian<uint32_t>(rest); }

std::string encode_format(uint64_t version) { return RecordWriter().text(kFormatMagic).number(version).take(); }

std::optional<uint64_t> decode_format(std::string_view bytes) {
  RecordReader in(bytes);
  const bool ours = in.text() == kFormatMagic;
  const uint64_t version = in.number();
  // What a newer version adds behind its number is not ours to judge.
  if (!ours || version == 0) return std::nullopt;
  return version;
}

std::string encode_number(uint64_t number) { return RecordWriter().number(number).take(); }

std::optional<uint64_t> decode_number(std::string_view bytes) {
  RecordReader in(bytes);
  const uint64_t n = in.number();
  if (!in.finished()) return std::nullopt;
  return n;
}

std::string encode_config(const TopicConfig& config) {
  RecordWriter out;
  out.text(config.name).number(static_cast<uint64_t>(config.source)).text(config.from);
  out.number(static_cast<uint64_t>(config.time_kind)).number(static_cast<uint64_t>(config.retention.kind));
  out.integer(config.retention.duration.count()).number(config.paused ? 1 : 0).integer(config.opened_at.ms);
  out.number(config.labels.size());
  for (const auto& label : config.labels) out.text(label);
  out.number(static_cast<uint64_t>(config.require)).text(config.dead_letter_topic);
  return out.text(config.cluster_id).take();
}

std::optional<TopicConfig> decode_config(std::string_view bytes) {
  RecordReader in(bytes);
  TopicConfig config;
  config.name = in.text();
  config.source = static_cast<Source>(in.number_to(static_cast<uint64_t>(Source::kImport)));
  config.from = in.text();
  config.time_kind = static_cast<TimeKind>(in.number_to(static_cast<uint64_t>(TimeKind::kIngest)));
  const auto kind = in.number_to(static_cast<uint64_t>(Retention::Kind::kForever));
  config.retention.kind = static_cast<Retention::Kind>(kind);
  config.retention.duration = std::chrono::milliseconds(in.integer());
  config.paused = in.number_to(1) == 1;
  config.opened_at = {in.integer()};
  for (uint64_t labels = in.count(); labels > 0; --labels) config.labels.push_back(in.text());
  if (in.finished()) return config;  // format 1
  config.require = static_cast<Require>(in.number_to(static_cast<uint64_t>(Require::kJson)));
  config.dead_letter_topic = in.text();
  if (in.finished()) return config;  // format 2
  config.cluster_id = in.text();
  if (!in.finished()) return std::nullopt;
  return config;
}

std::string encode_partition(const PartitionRecord& record) {
  return RecordWriter()
      .integer(record.start.value)
      .integer(record.next.value)
      .integer(record.low.value)
      .integer(record.last_create.ms)
      .integer(record.last_ingest.ms)
      .take();
}

std::optional<PartitionRecord> decode_partition(std::string_view bytes) {
  RecordReader in(bytes);
  PartitionRecord record;
  record.start = {in.integer()};
  record.next = {in.integer()};
  record.low = {in.integer()};
  record.last_create = {in.integer()};
  record.last_ingest = {in.integer()};
  if (!in.finished()) return std::nullopt;
  return record;
}

std::string encode_block_meta(const BlockMeta& meta) {
  RecordWriter out;
  out.number(static_cast<uint32_t>(meta.partition.value)).integer(meta.first.value);
  out.number(distance(meta.first.value, meta.last.value));
  out.integer(meta.min_create.ms).number(distance(meta.min_create.ms, meta.max_create.ms));
  out.integer(meta.min_ingest.ms).number(distance(meta.min_ingest.ms, meta.max_ingest.ms));
  return out.number(meta.messages).number(meta.raw_bytes).number(meta.stored_bytes).take();
}

std::optional<BlockMeta> decode_block_meta(BlockId id, std::string_view bytes) {
  RecordReader in(bytes);
  BlockMeta meta;
  meta.id = id;
  meta.partition = {static_cast<int32_t>(in.number_to(INT32_MAX))};
  meta.first = {in.integer()};
  meta.last = {add_distance(meta.first.value, in.number())};
  meta.min_create = {in.integer()};
  meta.max_create = {add_distance(meta.min_create.ms, in.number())};
  meta.min_ingest = {in.integer()};
  meta.max_ingest = {add_distance(meta.min_ingest.ms, in.number())};
  meta.messages = static_cast<uint32_t>(in.number_to(UINT32_MAX));
  meta.raw_bytes = in.number();
  meta.stored_bytes = in.number();
  if (!in.finished() || meta.last < meta.first) return std::nullopt;
  return meta;
}

std::string encode_segment_meta(const SegmentMeta& meta) {
  RecordWriter out;
  out.number(meta.level).number(meta.bytes).number(meta.checksum).number(meta.blocks.size());
  uint64_t previous = 0;
  for (const BlockId block : meta.blocks) {
    out.number(block.value - previous);
    previous = block.value;
  }
  return out.take();
}

std::optional<SegmentMeta> decode_segment_meta(SegmentId id, std::string_view bytes) {
  RecordReader in(bytes);
  SegmentMeta meta;
  meta.id = id;
  meta.level = static_cast<uint32_t>(in.number_to(UINT32_MAX));
  meta.bytes = in.number();
  meta.checksum = in.number();
  const uint64_t blocks = in.count();
  meta.blocks.reserve(blocks);
  uint64_t previous = 0;
  for (uint64_t i = 0; i < blocks; ++i) {
    previous += in.number();
    meta.blocks.push_back({previous});
  }
  if (!in.finished() || meta.blocks.empty()) return std::nullopt;
  return meta;
}

std::string encode_events(const std::vector<TopicEvent>& events) {
  RecordWriter out;
  const size_t kept = std::min(events.size(), kKeptEvents);
  out.number(kept);
  for (size_t i = events.size() - kept; i < events.size(); ++i) out.integer(events[i].time.ms).text(events[i].text);
  return out.take();
}

std::optional<std::vector<TopicEvent>> decode_events(std::string_view bytes) {
  RecordReader in(bytes);
  std::vector<TopicEvent> events;
  for (uint64_t left = in.count(); left > 0; --left) {
    TopicEvent& event = events.emplace_back();
    event.time = {in.integer()};
    event.text = in.text();
  }
  if (!in.finished()) return std::nullopt;
  return events;
}

std::string encode_dead_letter(const DeadLetter& letter) {
  return RecordWriter()
      .number(static_cast<uint32_t>(letter.partition.value))
      .integer(letter.offset.value)
      .integer(letter.time.ms)
      .number(letter.bytes)
      .text(letter.reason)
      .text(letter.head)
      .take();
}

std::optional<DeadLetter> decode_dead_letter(std::string_view bytes) {
  RecordReader in(bytes);
  DeadLetter letter;
  letter.partition = {static_cast<int32_t>(in.number_to(INT32_MAX))};
  letter.offset = {in.integer()};
  letter.time = {in.integer()};
  letter.bytes = in.number();
  letter.reason = in.text();
  letter.head = in.text();
  if (!in.finished()) return std::nullopt;
  return letter;
}

std::string encode_job(const JobRecord& job) {
  RecordWriter out;
  out.number(job.id).text(job.topic).number(static_cast<uint64_t>(job.source)).text(job.from).number(job.rate_limit);
  out.number(static_cast<uint64_t>(job.state)).text(job.reason).text(job.note);
  out.integer(job.created.ms).integer(job.started.ms).integer(job.finished.ms);
  return out.number(job.messages_done)
      .number(job.messages_total)
      .number(job.bytes_done)
      .number(job.bytes_total)
      .number(job.elapsed_ms)
      .take();
}

std::optional<JobRecord> decode_job(std::string_view bytes) {
  RecordReader in(bytes);
  JobRecord job;
  job.id = in.number();
  job.topic = in.text();
  job.source = static_cast<JobSource>(in.number_to(static_cast<uint64_t>(JobSource::kKafka)));
  job.from = in.text();
  job.rate_limit = in.number();
  job.state = static_cast<JobState>(in.number_to(static_cast<uint64_t>(JobState::kCancelled)));
  job.reason = in.text();
  job.note = in.text();
  job.created = {in.integer()};
  job.started = {in.integer()};
  job.finished = {in.integer()};
  job.messages_done = in.number();
  job.messages_total = in.number();
  job.bytes_done = in.number();
  job.bytes_total = in.number();
  job.elapsed_ms = in.number();
  if (!in.finished()) return std::nullopt;
  return job;
}

}  // namespace kseek::store
