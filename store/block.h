// A block: some thousand consecutive messages of one partition, the unit of storage and of the index.
// docs/format.md has its bytes. Both forms, open (in memory, growing) and decoded (read from disk), are read alike.
#pragma once

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/ids.h"
#include "base/message.h"
#include "base/result.h"
#include "store/loaded_parts.h"
#include "store/owned_bytes.h"
#include "store/slices.h"
#include "store/text_filter.h"
#include "tokenizer/text.h"

namespace kseek::store {

/// What a block holds at most. A decoder believes no bytes that claim more.
inline constexpr size_t kMaxBlockMessages = 1024 * 1024;
inline constexpr uint64_t kMaxBlockBytes = 64_MiB;  ///< keys, values and encoded headers

/// A message of a block, with what was found out about its text when it was stored. Views die with the block.
struct StoredMessage : MessageView {
  tokenizer::TextTraits key_traits;
  tokenizer::TextTraits value_traits;
};

/// What is known of a sealed block without opening it. About 100 bytes in memory a block.
struct BlockMeta {
  BlockId id;
  PartitionId partition;
  Offset first;  ///< offset of its first message
  Offset last;   ///< offset of its last message (gaps between are normal)
  Timestamp min_create, max_create;
  Timestamp min_ingest, max_ingest;
  uint32_t messages = 0;
  uint64_t raw_bytes = 0;     ///< keys, values and encoded headers
  uint64_t stored_bytes = 0;  ///< the encoded block

  [[nodiscard]] Timestamp min_time(TimeKind kind) const { return kind == TimeKind::kCreate ? min_create : min_ingest; }
  [[nodiscard]] Timestamp max_time(TimeKind kind) const { return kind == TimeKind::kCreate ? max_create : max_ingest; }
  bool operator==(const BlockMeta&) const = default;
};

/// Between which times the messages of some blocks lie; unless told, anywhere.
struct TimeBounds {
  Timestamp min_create = kMinTimestamp, max_create = kMaxTimestamp;
  Timestamp min_ingest = kMinTimestamp, max_ingest = kMaxTimestamp;
  [[nodiscard]] Timestamp min_time(TimeKind kind) const { return kind == TimeKind::kCreate ? min_create : min_ingest; }
  [[nodiscard]] Timestamp max_time(TimeKind kind) const { return kind == TimeKind::kCreate ? max_create : max_ingest; }
};

/// Which texts of a block's messages are wanted: a stored block decompresses a column when somebody wants it.
struct Columns {
  bool keys = false;
  bool values = false;
  bool headers = false;
  [[nodiscard]] static Columns all() { return {true, true, true}; }
  [[nodiscard]] static Columns none() { return {}; }
  bool operator==(const Columns&) const = default;
};

/// What is known of a message without any of its texts.
struct MessageHead {
  Offset offset;
  Timestamp create_time, ingest_time;
  [[nodiscard]] Timestamp time(TimeKind kind) const { return kind == TimeKind::kCreate ? create_time : ingest_time; }
};

/// All keys or all values of a block, one after the other, as far as they are loaded. Views die with the block.
struct TextColumn {
  std::string_view bytes;
  LoadedParts loaded;                 ///< only these of `bytes` are there
  std::span<const uint32_t> ends;     ///< size() + 1: message i's are [ends[i], ends[i + 1]), none where it is absent
  std::span<const uint32_t> unplain;  ///< the messages whose text is not ASCII or has JSON escapes, rising
};

/// Messages whose texts stand behind each other: of each its key, its value and its encoded headers.
struct MessageRows {
  size_t first = 0;  ///< the first one
  std::string_view bytes;
  std::span<const uint32_t> ends;       ///< message first + i's are [ends[i], ends[i + 1])
  std::span<const uint32_t> not_ascii;  ///< the messages whose key or value is not, rising
  std::span<const uint32_t> hiding;     ///< those whose key or value may hide words (tokenizer/hidden_words.h), rising
};

/// What all kinds of block offer to a reader. Any thread.
class MessageBlock {
 public:
  enum class Text : uint8_t { kKey, kValue };

  virtual ~MessageBlock() = default;
  /// Messages in it, in offset order. An open block's may grow; those below an earlier size() never change.
  [[nodiscard]] virtual size_t size() const = 0;
  /// REQUIRES: i < size(), here and below.
  [[nodiscard]] virtual MessageHead head(size_t i) const = 0;
  /// Texts of columns that nobody loaded are absent from it. The views live as long as the block.
  [[nodiscard]] virtual StoredMessage message(size_t i) const = 0;
  /// Where a slice begins among its messages, once no more are appended; that of kBlockSlices is the end.
  [[nodiscard]] virtual size_t slice_begin(size_t slice) const {
    return std::min(slice * slice_messages(size()), size());
  }
  /// Makes these columns readable, for good; at once where they are. kCorrupt: the block is damaged.
  [[nodiscard]] virtual Result<void> load(Columns columns) const = 0;
  /// The same of messages `begin` to `end`, and what is stored together with them. REQUIRES: begin < end <= size().
  [[nodiscard]] virtual Result<void> load(Columns columns, size_t begin, size_t end) const = 0;
  /// Of messages `begin` to `end` the places where one of the filter's needles stands, the whole texts that are not
  /// plain if it keeps those, and what is stored together with them; everything where the block can't tell.
  [[nodiscard]] virtual Result<void> load_where(Text text, size_t begin, size_t end,
                                                const TextFilter& /*filter*/) const {
    return load({.keys = text == Text::kKey, .values = text == Text::kValue}, begin, end);
  }
  /// Makes all texts of message i readable, for good, and of the others what is stored together with them. kCorrupt:
  /// the block is damaged.
  [[nodiscard]] virtual Result<void> load_message(size_t i) const = 0;
  /// The column, where the block has it in one piece; else nullopt: go by visit_rows() or message().
  [[nodiscard]] virtual std::optional<TextColumn> column(Text /*text*/) const { return std::nullopt; }
  /// Visits the first `count` messages, each in one of the rows, rising; the spans die with the call. False, and none
  /// is visited, where the block has no rows: go by message(). REQUIRES: count <= size().
  [[nodiscard]] virtual bool visit_rows(size_t /*count*/,
                                        const std::function<void(const MessageRows&)>& /*visit*/) const {
    return false;
  }
};

/// A block in memory that one thread appends to while any thread reads what is published.
class OpenBlock final : public MessageBlock {
 public:
  /// Full at `max_messages`, or before a message that would take it over `max_bytes` (one message always fits). Both
  /// are brought into 1..kMaxBlockMessages and 1..kMaxBlockBytes.
  OpenBlock(PartitionId partition, size_t max_messages, uint64_t max_bytes);
  ~OpenBlock() override;

  /// Copies the message and finds out about its texts; false (and nothing done) when the block is full.
  /// REQUIRES: one appending thread; offset above the last one's; message.raw_bytes() <= kMaxMessageBytes.
  [[nodiscard]] bool append(const MessageView& message);

  [[nodiscard]] size_t size() const override { return published_.load(std::memory_order_acquire); }
  [[nodiscard]] MessageHead head(size_t i) const override;
  [[nodiscard]] StoredMessage message(size_t i) const override;
  [[nodiscard]] Result<void> load(Columns /*columns*/) const override { return {}; }
  [[nodiscard]] Result<void> load(Columns /*columns*/, size_t /*begin*/, size_t /*end*/) const override { return {}; }
  [[nodiscard]] Result<void> load_message(size_t /*i*/) const override { return {}; }
  [[nodiscard]] bool visit_rows(size_t count, const std::function<void(const MessageRows&)>& visit) const override;

  /// Bounds of what the first `count` messages have: offsets exact, times maybe wider, as later ones count too. The
  /// fields that only a sealed block has are 0. REQUIRES: 0 < count <= size().
  [[nodiscard]] BlockMeta bounds(size_t count) const;
  [[nodiscard]] PartitionId partition() const { return partition_; }
  /// Bytes of keys, values and headers so far / of memory held.
  [[nodiscard]] uint64_t raw_bytes() const { return raw_bytes_.load(std::memory_order_relaxed); }
  [[nodiscard]] uint64_t memory_bytes() const { return memory_bytes_.load(std::memory_order_relaxed); }

 private:
  struct Entry;
  [[nodiscard]] const Entry& entry(size_t i) const;
  char* allocate(size_t bytes);

  const PartitionId partition_;
  const size_t max_messages_;
  const uint64_t max_bytes_;
  // Sized once, so it never moves; a chunk is filled in by the appender, and read by anyone below published_.
  std::vector<std::unique_ptr<Entry[]>> entries_;
  std::vector<std::unique_ptr<char[]>> arena_;  // one thread: the appender
  char* arena_next_ = nullptr;                  // one thread: the appender
  size_t arena_left_ = 0;                       // one thread: the appender
  std::atomic<size_t> published_{0};
  // Widened before a message is published, so that they hold for all that are.
  std::atomic<int64_t> min_create_{INT64_MAX}, max_create_{INT64_MIN};
  std::atomic<int64_t> min_ingest_{INT64_MAX}, max_ingest_{INT64_MIN};
  std::atomic<uint64_t> raw_bytes_{0};
  std::atomic<uint64_t> memory_bytes_{0};
};

/// Writes and reads the stored form. Any thread, no state.
struct EncodedBlock {
  std::string bytes;
  BlockMeta meta;  ///< id is left 0
};

/// Compresses, with a checksum over all of it. REQUIRES: 0 < count <= block.size(); messages of one partition, offsets
/// rising and not negative; within kMaxBlockMessages and kMaxBlockBytes (an OpenBlock always is).
[[nodiscard]] EncodedBlock encode_block(const MessageBlock& block, size_t count);

/// A block read back; owns its bytes. What is said does not change; any thread.
class DecodedBlock final : public MessageBlock {
 public:
  /// kCorrupt names what is wrong with the bytes (any bytes are allowed: checked, never trusted). The checksum over all
  /// of it is looked at here, also when columns are left for load(); for those it keeps `stored`'s owner, or a copy.
  static Result<std::shared_ptr<const DecodedBlock>> decode(const OwnedBytes& stored, PartitionId partition,
                                                            Columns columns = Columns::all());

  [[nodiscard]] size_t size() const override;
  [[nodiscard]] MessageHead head(size_t i) const override;
  [[nodiscard]] StoredMessage message(size_t i) const override;
  [[nodiscard]] Result<void> load(Columns columns) const override;
  [[nodiscard]] Result<void> load(Columns columns, size_t begin, size_t end) const override;
  [[nodiscard]] Result<void> load_where(Text text, size_t begin, size_t end, const TextFilter& filter) const override;
  [[nodiscard]] Result<void> load_message(size_t i) const override;
  [[nodiscard]] std::optional<TextColumn> column(Text text) const override;
  /// Once all columns are loaded.
  [[nodiscard]] uint64_t memory_bytes() const;
  ~DecodedBlock() override;

 private:
  DecodedBlock();
  struct Data;
  PartitionId partition_;
  std::unique_ptr<Data> data_;
};

}  // namespace kseek::store
