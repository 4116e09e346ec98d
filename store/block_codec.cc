// The stored form of a block; docs/format.md has its bytes.
#include <xxhash.h>
#include <zstd.h>

#include <algorithm>
#include <array>
#include <cassert>
#include <cstring>
#include <limits>

#include <fmt/format.h>

#include "base/varint.h"
#include "store/block.h"

namespace kseek::store {
namespace {

constexpr std::string_view kMagic = "KSB1";
constexpr size_t kChecksumBytes = 8;
constexpr size_t kFrameSizeBytes = 4;
constexpr size_t kFrameRawBytes = 4_MiB;  // a frame spells at most so much: a corrupt size can't ask for more memory
constexpr size_t kMinMetadataBytes = 5;   // a message's: three deltas, flags, size of headers
constexpr size_t kMaxMetadataBytes = 48;  // three varints of 64 bits, flags, three of 32 bits
constexpr int kCompressionLevel = 3;

// A message's flags: the timestamp type in the two lowest bits, then
constexpr unsigned kTimestampTypeMask = 3;
constexpr unsigned kHasKey = 4;
constexpr unsigned kHasValue = 8;
constexpr unsigned kKeyAscii = 16;
constexpr unsigned kKeyEscapes = 32;
constexpr unsigned kValueAscii = 64;
constexpr unsigned kValueEscapes = 128;

enum Section : size_t { kMetadata, kKeys, kValues, kHeaders, kSections };

struct FreeContext {
  void operator()(ZSTD_CCtx* context) const { ZSTD_freeCCtx(context); }
  void operator()(ZSTD_DCtx* context) const { ZSTD_freeDCtx(context); }
};

ZSTD_CCtx* compressor() {
  thread_local const std::unique_ptr<ZSTD_CCtx, FreeContext> context = [] {
    std::unique_ptr<ZSTD_CCtx, FreeContext> made(ZSTD_createCCtx());
    ZSTD_CCtx_setParameter(made.get(), ZSTD_c_compressionLevel, kCompressionLevel);
    ZSTD_CCtx_setParameter(made.get(), ZSTD_c_checksumFlag, 1);
    return made;
  }();
  return context.get();
}

ZSTD_DCtx* decompressor() {
  thread_local const std::unique_ptr<ZSTD_DCtx, FreeContext> context(ZSTD_createDCtx());
  return context.get();
}

void put_fixed(char* to, uint64_t n, size_t bytes) {
  for (size_t i = 0; i < bytes; ++i) to[i] = static_cast<char>(n >> (8 * i));
}

uint64_t get_fixed(std::string_view from) {
  uint64_t n = 0;
  for (size_t i = 0; i < from.size(); ++i) n |= static_cast<uint64_t>(static_cast<uint8_t>(from[i])) << (8 * i);
  return n;
}

/// a - b and a + b as two's complement: timestamps may be anything.
int64_t difference(int64_t a, int64_t b) {
  return static_cast<int64_t>(static_cast<uint64_t>(a) - static_cast<uint64_t>(b));
}
int64_t sum(int64_t a, int64_t b) { return static_cast<int64_t>(static_cast<uint64_t>(a) + static_cast<uint64_t>(b)); }

void append_frames(std::string& out, std::string_view raw) {
  while (!raw.empty()) {
    const std::string_view part = raw.substr(0, kFrameRawBytes);
    raw.remove_prefix(part.size());
    const size_t at = out.size();
    out.resize(at + kFrameSizeBytes + ZSTD_compressBound(part.size()));
    const size_t bytes = ZSTD_compress2(compressor(), out.data() + at + kFrameSizeBytes,
                                        out.size() - at - kFrameSizeBytes, part.data(), part.size());
    assert(ZSTD_isError(bytes) == 0);  // there is room for any input
    put_fixed(out.data() + at, bytes, kFrameSizeBytes);
    out.resize(at + kFrameSizeBytes + bytes);
  }
}

unsigned flags_of(const StoredMessage& message) {
  return (static_cast<unsigned>(message.timestamp_type) & kTimestampTypeMask) | (message.key ? kHasKey : 0) |
         (message.value ? kHasValue : 0) | (message.key_traits.ascii ? kKeyAscii : 0) |
         (message.key_traits.json_escapes ? kKeyEscapes : 0) | (message.value_traits.ascii ? kValueAscii : 0) |
         (message.value_traits.json_escapes ? kValueEscapes : 0);
}

/// The metadata section's columns, side by side until they are joined.
struct MetadataColumns {
  std::string offsets, create_times, ingest_times, flags, key_sizes, value_sizes, headers_sizes;

  [[nodiscard]] std::string joined() const {
    return fmt::format("{}{}{}{}{}{}{}", offsets, create_times, ingest_times, flags, key_sizes, value_sizes,
                       headers_sizes);
  }
};

void widen(BlockMeta& meta, const StoredMessage& message) {
  if (meta.messages++ == 0) {
    meta.partition = message.partition;
    meta.first = message.offset;
    meta.min_create = meta.max_create = message.create_time;
    meta.min_ingest = meta.max_ingest = message.ingest_time;
  }
  meta.last = message.offset;
  meta.min_create = std::min(meta.min_create, message.create_time);
  meta.max_create = std::max(meta.max_create, message.create_time);
  meta.min_ingest = std::min(meta.min_ingest, message.ingest_time);
  meta.max_ingest = std::max(meta.max_ingest, message.ingest_time);
  meta.raw_bytes += message.raw_bytes();
}

}  // namespace

EncodedBlock encode_block(const MessageBlock& block, size_t count) {
  assert(count > 0 && count <= block.size() && count <= kMaxBlockMessages);
  EncodedBlock encoded;
  MetadataColumns columns;
  std::array<std::string, kSections> sections;
  int64_t next_offset = 0;
  int64_t create_ms = 0;
  int64_t ingest_ms = 0;
  for (size_t i = 0; i < count; ++i) {
    const StoredMessage message = block.message(i);
    assert(message.offset.value >= next_offset);
    widen(encoded.meta, message);
    put_varint(columns.offsets, static_cast<uint64_t>(message.offset.value - next_offset));
    put_varint(columns.create_times, zigzag(difference(message.create_time.ms, create_ms)));
    put_varint(columns.ingest_times, zigzag(difference(message.ingest_time.ms, ingest_ms)));
    next_offset = sum(message.offset.value, 1);
    create_ms = message.create_time.ms;
    ingest_ms = message.ingest_time.ms;
    columns.flags.push_back(static_cast<char>(flags_of(message)));
    if (message.key) put_varint(columns.key_sizes, message.key->size());
    if (message.value) put_varint(columns.value_sizes, message.value->size());
    put_varint(columns.headers_sizes, message.headers.encoded().size());
    sections[kKeys].append(message.key.value_or(std::string_view()));
    sections[kValues].append(message.value.value_or(std::string_view()));
    sections[kHeaders].append(message.headers.encoded());
  }
  assert(encoded.meta.raw_bytes <= kMaxBlockBytes);
  sections[kMetadata] = columns.joined();

  std::string& out = encoded.bytes;
  out = kMagic;
  put_varint(out, count);
  for (const std::string& section : sections) put_varint(out, section.size());
  for (const std::string& section : sections) append_frames(out, section);
  const uint64_t checksum = XXH3_64bits(out.data(), out.size());
  out.resize(out.size() + kChecksumBytes);
  put_fixed(out.data() + out.size() - kChecksumBytes, checksum, kChecksumBytes);
  out.shrink_to_fit();
  encoded.meta.stored_bytes = out.size();
  return encoded;
}

// --- reading ---------------------------------------------------------------------------------------------------------

namespace {

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
  if (bytes.size() < kMagic.size() + kChecksumBytes) return corrupt("it is cut short");
  if (bytes.substr(0, kMagic.size()) != kMagic) return corrupt("it does not start with " + std::string(kMagic));
  const uint64_t checksum = get_fixed(bytes.substr(bytes.size() - kChecksumBytes));
  bytes.remove_suffix(kChecksumBytes);
  if (XXH3_64bits(bytes.data(), bytes.size()) != checksum) return corrupt("its checksum differs");
  bytes.remove_prefix(kMagic.size());

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

/// Decompresses one section off the front of `bytes` into `to`, which has room for exactly `size`.
Result<void> take_section(std::string_view& bytes, char* to, size_t size) {
  while (size > 0) {
    if (bytes.size() < kFrameSizeBytes) return corrupt("a frame is missing");
    const uint64_t frame_bytes = get_fixed(bytes.substr(0, kFrameSizeBytes));
    bytes.remove_prefix(kFrameSizeBytes);
    if (frame_bytes > bytes.size()) return corrupt("a frame is cut short");
    const size_t raw = std::min(size, kFrameRawBytes);
    const size_t made = ZSTD_decompressDCtx(decompressor(), to, raw, bytes.data(), frame_bytes);
    if (ZSTD_isError(made) != 0) return corrupt(fmt::format("zstd says: {}", ZSTD_getErrorName(made)));
    if (made != raw) return corrupt("a frame is shorter than its section");
    bytes.remove_prefix(frame_bytes);
    to += raw;
    size -= raw;
  }
  return {};
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
    each = time = sum(time, unzigzag(*delta));
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

}  // namespace

struct DecodedBlock::Columns {
  std::vector<int64_t> offsets, create_times, ingest_times;
  std::string flags;
  std::vector<uint32_t> key_ends, value_ends, headers_ends;  // an entry more than messages, the first one 0
  std::unique_ptr<char[]> bytes;                             // all keys, all values, all headers
  const char* values = nullptr;
  const char* headers = nullptr;
  size_t bytes_size = 0;

  Result<void> read(std::string_view metadata, const Preamble& preamble);
};

Result<void> DecodedBlock::Columns::read(std::string_view metadata, const Preamble& preamble) {
  const size_t messages = preamble.messages;
  offsets.resize(messages);
  create_times.resize(messages);
  ingest_times.resize(messages);
  for (auto* ends : {&key_ends, &value_ends, &headers_ends}) ends->resize(messages + 1);
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
  const auto& sizes = preamble.section_bytes;
  if (!read_ends(metadata, flags, kHasKey, sizes[kKeys], key_ends) ||
      !read_ends(metadata, flags, kHasValue, sizes[kValues], value_ends) ||
      !read_ends(metadata, flags, 0, sizes[kHeaders], headers_ends)) {
    return corrupt("the sizes of its messages are wrong");
  }
  if (!metadata.empty()) return corrupt("it has more metadata than messages");
  return {};
}

DecodedBlock::DecodedBlock() : columns_(std::make_unique<Columns>()) {}
DecodedBlock::~DecodedBlock() = default;

Result<std::shared_ptr<const DecodedBlock>> DecodedBlock::decode(std::string_view bytes, PartitionId partition) {
  KSEEK_ASSIGN(const Preamble preamble, take_preamble(bytes));
  const auto& sizes = preamble.section_bytes;
  std::shared_ptr<DecodedBlock> block(new DecodedBlock());  // NOLINT: the constructor is private
  block->partition_ = partition;
  Columns& columns = *block->columns_;

  const auto metadata = std::make_unique_for_overwrite<char[]>(sizes[kMetadata]);
  KSEEK_TRY(take_section(bytes, metadata.get(), sizes[kMetadata]));
  KSEEK_TRY(columns.read(std::string_view(metadata.get(), sizes[kMetadata]), preamble));

  columns.bytes_size = sizes[kKeys] + sizes[kValues] + sizes[kHeaders];
  columns.bytes = std::make_unique_for_overwrite<char[]>(columns.bytes_size);
  char* to = columns.bytes.get();
  KSEEK_TRY(take_section(bytes, to, sizes[kKeys]));
  columns.values = to += sizes[kKeys];
  KSEEK_TRY(take_section(bytes, to, sizes[kValues]));
  columns.headers = to += sizes[kValues];
  KSEEK_TRY(take_section(bytes, to, sizes[kHeaders]));
  if (!bytes.empty()) return corrupt("bytes stand after its end");
  return std::shared_ptr<const DecodedBlock>(std::move(block));
}

size_t DecodedBlock::size() const { return columns_->offsets.size(); }

StoredMessage DecodedBlock::message(size_t i) const {
  const Columns& columns = *columns_;
  assert(i < columns.offsets.size());
  const unsigned flags = static_cast<uint8_t>(columns.flags[i]);
  const auto piece = [i](const char* bytes, const std::vector<uint32_t>& ends) {
    return std::string_view(bytes + ends[i], ends[i + 1] - ends[i]);
  };
  StoredMessage message;
  message.partition = partition_;
  message.offset = {columns.offsets[i]};
  message.create_time = {columns.create_times[i]};
  message.ingest_time = {columns.ingest_times[i]};
  message.timestamp_type = static_cast<TimestampType>(flags & kTimestampTypeMask);
  if ((flags & kHasKey) != 0) message.key = piece(columns.bytes.get(), columns.key_ends);
  if ((flags & kHasValue) != 0) message.value = piece(columns.values, columns.value_ends);
  message.headers = HeaderList(piece(columns.headers, columns.headers_ends));
  message.key_traits = {.ascii = (flags & kKeyAscii) != 0, .json_escapes = (flags & kKeyEscapes) != 0};
  message.value_traits = {.ascii = (flags & kValueAscii) != 0, .json_escapes = (flags & kValueEscapes) != 0};
  return message;
}

uint64_t DecodedBlock::memory_bytes() const {
  const Columns& columns = *columns_;
  return sizeof(*this) + sizeof(columns) + columns.bytes_size +
         columns.offsets.size() * (3 * sizeof(int64_t) + 1 + 3 * sizeof(uint32_t));
}

}  // namespace kseek::store
