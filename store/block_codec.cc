// Writing the stored form of a block; docs/format.md has its bytes.
#include <xxhash.h>

#include <algorithm>
#include <array>
#include <cassert>
#include <utility>

#include <fmt/format.h>

#include "base/varint.h"
#include "store/block.h"
#include "store/block_format.h"
#include "store/block_frames.h"

namespace kseek::store {
namespace {

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
    put_varint(columns.create_times, zigzag(wrapping_difference(message.create_time.ms, create_ms)));
    put_varint(columns.ingest_times, zigzag(wrapping_difference(message.ingest_time.ms, ingest_ms)));
    next_offset = wrapping_sum(message.offset.value, 1);
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
  out = kBlockMagic;
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

}  // namespace kseek::store
