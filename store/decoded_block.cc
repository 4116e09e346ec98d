// Reading the stored form of a block; docs/format.md has its bytes.
#include <xxhash.h>
#include <zstd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cassert>
#include <limits>
#include <mutex>

#include <fmt/format.h>

#include "base/varint.h"
#include "store/block.h"
#include "store/block_format.h"

namespace kseek::store {
namespace {

struct FreeContext {
  void operator()(ZSTD_DCtx* context) const { ZSTD_freeDCtx(context); }
};

ZSTD_DCtx* decompressor() {
  thread_local const std::unique_ptr<ZSTD_DCtx, FreeContext> context(ZSTD_createDCtx());
  return context.get();
}

uint64_t get_fixed(std::string_view from) {
  uint64_t n = 0;
  for (size_t i = 0; i < from.size(); ++i) n |= static_cast<uint64_t>(static_cast<uint8_t>(from[i])) << (8 * i);
  return n;
}

Error corrupt(std::string what) {
  return {ErrorCode::kCorrupt, "a stored block is damaged: " + std::move(what),
          "its messages can be taken in again with `kseek reindex TOPIC --source kafka`"};
}

/// What stands before the sections.
struct Preamble {
  size_t messages = 0;
  std::array<size_t, kSections> section_bytes{};
};

/// Takes magic, counts and the checksum off `bytes`; what is left are the frames.
Result<Preamble> take_preamble(std::string_view& bytes) {
  if (bytes.size() < kBlockMagic.size() + kChecksumBytes) return corrupt("it is cut short");
  if (bytes.substr(0, kBlockMagic.size()) != kBlockMagic)
    return corrupt("it does not start with " + std::string(kBlockMagic));
  const uint64_t checksum = get_fixed(bytes.substr(bytes.size() - kChecksumBytes));
  bytes.remove_suffix(kChecksumBytes);
  if (XXH3_64bits(bytes.data(), bytes.size()) != checksum) return corrupt("its checksum differs");
  bytes.remove_prefix(kBlockMagic.size());

  Preamble preamble;
  const auto messages = take_varint(bytes);
  if (!messages || *messages == 0 || *messages > kMaxBlockMessages) return corrupt("its number of messages is wrong");
  preamble.messages = *messages;
  uint64_t raw_bytes = 0;
  for (size_t section = 0; section < kSections; ++section) {
    const auto size = take_varint(bytes);
    if (!size || *size > kMaxBlockBytes) return corrupt("the size of a section is wrong");
    preamble.section_bytes[section] = *size;
    if (section != kMetadata) raw_bytes += *size;
  }
  if (raw_bytes > kMaxBlockBytes) return corrupt("the sizes of its sections are wrong");
  const size_t metadata = preamble.section_bytes[kMetadata];
  if (metadata < preamble.messages * kMinMetadataBytes || metadata > preamble.messages * kMaxMetadataBytes) {
    return corrupt("the size of its metadata is wrong");
  }
  size_t frames = 0;
  for (const size_t size : preamble.section_bytes) frames += (size + kFrameRawBytes - 1) / kFrameRawBytes;
  if (frames * kFrameSizeBytes > bytes.size()) return corrupt("it is cut short");
  return preamble;
}

/// Takes the frames of a section of `size` bytes off the front of `bytes`.
Result<std::string_view> take_frames(std::string_view& bytes, size_t size) {
  const std::string_view all = bytes;
  for (size_t left = size; left > 0; left -= std::min(left, kFrameRawBytes)) {
    if (bytes.size() < kFrameSizeBytes) return corrupt("a frame is missing");
    const uint64_t frame_bytes = get_fixed(bytes.substr(0, kFrameSizeBytes));
    bytes.remove_prefix(kFrameSizeBytes);
    if (frame_bytes > bytes.size()) return corrupt("a frame is cut short");
    bytes.remove_prefix(frame_bytes);
  }
  return all.substr(0, all.size() - bytes.size());
}

/// Decompresses the frames that take_frames() gave.
Result<std::unique_ptr<char[]>> decompress(std::string_view frames, size_t size) {
  auto raw = std::make_unique_for_overwrite<char[]>(size);
  for (size_t at = 0; at < size;) {
    const uint64_t frame_bytes = get_fixed(frames.substr(0, kFrameSizeBytes));
    frames.remove_prefix(kFrameSizeBytes);
    const size_t part = std::min(size - at, kFrameRawBytes);
    const size_t made = ZSTD_decompressDCtx(decompressor(), raw.get() + at, part, frames.data(), frame_bytes);
    if (ZSTD_isError(made) != 0) return corrupt(fmt::format("zstd says: {}", ZSTD_getErrorName(made)));
    if (made != part) return corrupt("a frame is shorter than its section");
    frames.remove_prefix(frame_bytes);
    at += part;
  }
  return raw;
}

/// Most varints are of one byte.
inline std::optional<uint64_t> take_number(std::string_view& in) {
  if (!in.empty() && static_cast<uint8_t>(in.front()) < 0x80) {
    const auto n = static_cast<uint8_t>(in.front());
    in.remove_prefix(1);
    return n;
  }
  return take_varint(in);
}

bool read_offsets(std::string_view& in, std::vector<int64_t>& offsets) {
  uint64_t next = 0;
  for (int64_t& offset : offsets) {
    const auto gap = take_number(in);
    constexpr uint64_t kMax = std::numeric_limits<int64_t>::max();
    if (!gap || next > kMax || *gap > kMax - next) return false;
    offset = static_cast<int64_t>(next + *gap);
    next += *gap + 1;
  }
  return true;
}

bool read_times(std::string_view& in, std::vector<int64_t>& times) {
  int64_t time = 0;
  for (int64_t& each : times) {
    const auto delta = take_number(in);
    if (!delta) return false;
    each = time = wrapping_sum(time, unzigzag(*delta));
  }
  return true;
}

/// Reads sizes of the messages that have any of `flag` (all, if 0) into ends, which has an entry more than messages:
/// message i's bytes are ends[i] to ends[i + 1], all of them `total`.
bool read_ends(std::string_view& in, std::string_view flags, unsigned flag, size_t total, std::vector<uint32_t>& ends) {
  uint64_t end = 0;
  for (size_t i = 0; i < flags.size(); ++i) {
    if (flag == 0 || (static_cast<uint8_t>(flags[i]) & flag) != 0) {
      const auto size = take_number(in);
      if (!size || *size > total - end) return false;
      end += *size;
    }
    ends[i + 1] = static_cast<uint32_t>(end);
  }
  return end == total;
}

/// Keys, values or headers: decompressed when somebody wants them.
struct TextSection {
  size_t size = 0;
  std::vector<uint32_t> ends;     // an entry more than messages, the first one 0
  std::vector<uint32_t> unplain;  // see TextColumn

  // Guarded by Data::mu until `loaded` is set, constant from then on.
  std::string frames;  // nothing once it is loaded
  std::unique_ptr<char[]> bytes;
  std::atomic<bool> loaded{false};

  [[nodiscard]] bool is_loaded() const { return loaded.load(std::memory_order_acquire); }
  [[nodiscard]] std::string_view piece(size_t i) const { return {bytes.get() + ends[i], ends[i + 1] - ends[i]}; }
};

}  // namespace

struct DecodedBlock::Data {
  std::vector<int64_t> offsets, create_times, ingest_times;
  std::string flags;
  std::mutex mu;
  TextSection keys, values, headers;

  Result<void> read_metadata(std::string_view metadata, const Preamble& preamble);
  void find_unplain();
  Result<void> load(TextSection& section);
};

Result<void> DecodedBlock::Data::read_metadata(std::string_view metadata, const Preamble& preamble) {
  const size_t messages = preamble.messages;
  offsets.resize(messages);
  create_times.resize(messages);
  ingest_times.resize(messages);
  for (TextSection* section : {&keys, &values, &headers}) section->ends.resize(messages + 1);
  if (!read_offsets(metadata, offsets)) return corrupt("its offsets are wrong");
  if (!read_times(metadata, create_times) || !read_times(metadata, ingest_times)) return corrupt("its times are wrong");
  if (metadata.size() < messages) return corrupt("its metadata is cut short");
  flags = metadata.substr(0, messages);
  metadata.remove_prefix(messages);
  constexpr auto kLastType = static_cast<unsigned>(TimestampType::kLogAppendTime);
  if (std::any_of(flags.begin(), flags.end(),
                  [](char each) { return (static_cast<uint8_t>(each) & kTimestampTypeMask) > kLastType; })) {
    return corrupt("a timestamp type is wrong");
  }
  if (!read_ends(metadata, flags, kHasKey, keys.size, keys.ends) ||
      !read_ends(metadata, flags, kHasValue, values.size, values.ends) ||
      !read_ends(metadata, flags, 0, headers.size, headers.ends)) {
    return corrupt("the sizes of its messages are wrong");
  }
  if (!metadata.empty()) return corrupt("it has more metadata than messages");
  find_unplain();
  return {};
}

void DecodedBlock::Data::find_unplain() {
  constexpr unsigned kKey = kHasKey | kKeyAscii | kKeyEscapes;
  constexpr unsigned kValue = kHasValue | kValueAscii | kValueEscapes;
  const auto plain = [](unsigned traits, unsigned has, unsigned ascii) {
    return (traits & has) == 0 || traits == (has | ascii);
  };
  for (size_t i = 0; i < flags.size(); ++i) {
    const unsigned each = static_cast<uint8_t>(flags[i]);
    if (!plain(each & kKey, kHasKey, kKeyAscii)) keys.unplain.push_back(static_cast<uint32_t>(i));
    if (!plain(each & kValue, kHasValue, kValueAscii)) values.unplain.push_back(static_cast<uint32_t>(i));
  }
}

Result<void> DecodedBlock::Data::load(TextSection& section) {
  if (section.is_loaded()) return {};
  const std::lock_guard lock(mu);
  if (section.is_loaded()) return {};
  KSEEK_ASSIGN(section.bytes, decompress(section.frames, section.size));
  section.frames = std::string();
  section.loaded.store(true, std::memory_order_release);
  return {};
}

DecodedBlock::DecodedBlock() : data_(std::make_unique<Data>()) {}
DecodedBlock::~DecodedBlock() = default;

Result<std::shared_ptr<const DecodedBlock>> DecodedBlock::decode(std::string_view bytes, PartitionId partition,
                                                                 Columns columns) {
  KSEEK_ASSIGN(const Preamble preamble, take_preamble(bytes));
  const auto& sizes = preamble.section_bytes;
  std::shared_ptr<DecodedBlock> block(new DecodedBlock());  // NOLINT: the constructor is private
  block->partition_ = partition;
  Data& data = *block->data_;
  KSEEK_ASSIGN(const std::string_view metadata_frames, take_frames(bytes, sizes[kMetadata]));
  const auto take = [&](TextSection& section, size_t size, bool wanted) -> Result<void> {
    section.size = size;
    KSEEK_ASSIGN(const std::string_view frames, take_frames(bytes, size));
    if (wanted || size == 0) {
      KSEEK_ASSIGN(section.bytes, decompress(frames, size));
      section.loaded.store(true, std::memory_order_relaxed);
    } else {
      section.frames = frames;
    }
    return {};
  };
  KSEEK_TRY(take(data.keys, sizes[kKeys], columns.keys));
  KSEEK_TRY(take(data.values, sizes[kValues], columns.values));
  KSEEK_TRY(take(data.headers, sizes[kHeaders], columns.headers));
  if (!bytes.empty()) return corrupt("bytes stand after its end");
  KSEEK_ASSIGN(const auto metadata, decompress(metadata_frames, sizes[kMetadata]));
  KSEEK_TRY(data.read_metadata({metadata.get(), sizes[kMetadata]}, preamble));
  return std::shared_ptr<const DecodedBlock>(std::move(block));
}

Result<void> DecodedBlock::load(Columns columns) const {
  if (columns.keys) KSEEK_TRY(data_->load(data_->keys));
  if (columns.values) KSEEK_TRY(data_->load(data_->values));
  if (columns.headers) KSEEK_TRY(data_->load(data_->headers));
  return {};
}

size_t DecodedBlock::size() const { return data_->offsets.size(); }

MessageHead DecodedBlock::head(size_t i) const {
  assert(i < size());
  return {{data_->offsets[i]}, {data_->create_times[i]}, {data_->ingest_times[i]}};
}

StoredMessage DecodedBlock::message(size_t i) const {
  assert(i < size());
  const Data& data = *data_;
  const unsigned flags = static_cast<uint8_t>(data.flags[i]);
  StoredMessage message;
  message.partition = partition_;
  message.offset = {data.offsets[i]};
  message.create_time = {data.create_times[i]};
  message.ingest_time = {data.ingest_times[i]};
  message.timestamp_type = static_cast<TimestampType>(flags & kTimestampTypeMask);
  if ((flags & kHasKey) != 0 && data.keys.is_loaded()) message.key = data.keys.piece(i);
  if ((flags & kHasValue) != 0 && data.values.is_loaded()) message.value = data.values.piece(i);
  if (data.headers.is_loaded()) message.headers = HeaderList(data.headers.piece(i));
  message.key_traits = {.ascii = (flags & kKeyAscii) != 0, .json_escapes = (flags & kKeyEscapes) != 0};
  message.value_traits = {.ascii = (flags & kValueAscii) != 0, .json_escapes = (flags & kValueEscapes) != 0};
  return message;
}

std::optional<TextColumn> DecodedBlock::column(Text text) const {
  const TextSection& section = text == Text::kKey ? data_->keys : data_->values;
  if (!section.is_loaded()) return std::nullopt;
  return TextColumn{{section.bytes.get(), section.size}, section.ends, section.unplain};
}

uint64_t DecodedBlock::memory_bytes() const {
  const Data& data = *data_;
  constexpr size_t kBytesAMessage = 3 * sizeof(int64_t) + 1 + 3 * sizeof(uint32_t);
  return sizeof(*this) + sizeof(data) + data.keys.size + data.values.size + data.headers.size +
         (data.keys.unplain.capacity() + data.values.unplain.capacity()) * sizeof(uint32_t) + size() * kBytesAMessage;
}

}  // namespace kseek::store
