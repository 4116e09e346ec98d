// Reading the stored form of a block; docs/format.md has its bytes.
#include <xxhash.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cassert>
#include <cstring>
#include <limits>

#include <fmt/format.h>

#include "base/varint.h"
#include "store/block.h"
#include "store/block_format.h"
#include "store/block_section.h"

namespace kseek::store {
namespace {

/// What stands before the sections.
struct Preamble {
  size_t messages = 0;
  const FrameFormat* frames = &kFrames;
  std::array<size_t, kSections> section_bytes{};
};

/// Takes magic, counts and the checksum off `bytes`; what is left are the frames.
Result<Preamble> take_preamble(std::string_view& bytes) {
  if (bytes.size() < kBlockMagic.size() + kChecksumBytes) return damaged_block("it is cut short");
  const std::string_view magic = bytes.substr(0, kBlockMagic.size());
  const auto* const older = std::find_if(kOlderFrames.begin(), kOlderFrames.end(),
                                         [&](const FrameFormat& each) { return each.magic == magic; });
  if (magic != kBlockMagic && older == kOlderFrames.end()) {
    return damaged_block(fmt::format("it does not start with {}, as blocks do today, nor as older ones", kBlockMagic));
  }
  const uint64_t checksum = get_fixed(bytes.substr(bytes.size() - kChecksumBytes));
  bytes.remove_suffix(kChecksumBytes);
  if (XXH3_64bits(bytes.data(), bytes.size()) != checksum) return damaged_block("its checksum differs");
  bytes.remove_prefix(kBlockMagic.size());

  Preamble preamble;
  if (magic != kBlockMagic) preamble.frames = older;
  const auto messages = take_varint(bytes);
  if (!messages || *messages == 0 || *messages > kMaxBlockMessages)
    return damaged_block("its number of messages is wrong");
  preamble.messages = *messages;
  uint64_t raw_bytes = 0;
  for (size_t section = 0; section < kSections; ++section) {
    const auto size = take_varint(bytes);
    if (!size || *size > kMaxBlockBytes) return damaged_block("the size of a section is wrong");
    preamble.section_bytes[section] = *size;
    if (section != kMetadata) raw_bytes += *size;
  }
  if (raw_bytes > kMaxBlockBytes) return damaged_block("the sizes of its sections are wrong");
  const size_t metadata = preamble.section_bytes[kMetadata];
  if (metadata < preamble.messages * kMinMetadataBytes || metadata > preamble.messages * kMaxMetadataBytes) {
    return damaged_block("the size of its metadata is wrong");
  }
  size_t frames = 0;
  for (const size_t size : preamble.section_bytes) frames += frames_of(size, preamble.frames->raw_bytes);
  if (frames * kFrameSizeBytes > bytes.size()) return damaged_block("it is cut short");
  return preamble;
}

/// Takes varints, of which most are of one byte or two, off the front of `in`: what was not taken is there again
/// afterwards.
class NumberReader {
 public:
  explicit NumberReader(std::string_view& in) : in_(in), at_(in.data()), end_(in.data() + in.size()) {}
  ~NumberReader() { in_ = {at_, static_cast<size_t>(end_ - at_)}; }
  NumberReader(const NumberReader&) = delete;
  NumberReader& operator=(const NumberReader&) = delete;

  /// 0 once there was none.
  uint64_t next() {
    if (end_ - at_ >= 2) {
      const auto first = static_cast<uint8_t>(at_[0]);
      const auto second = static_cast<uint8_t>(at_[1]);
      if ((first & second & kContinued) == 0) {
        const unsigned continued = first / kContinued;  // no branch: which of the two it is can't be foreseen
        at_ += 1 + continued;
        return (first % kContinued) | (second & (0U - continued)) * kContinued;
      }
    }
    return next_long();
  }
  /// So many, each to take(number).
  template <class Take>
  void each(size_t count, Take&& take) {
    constexpr uint64_t kAnyContinued = kContinued * 0x0101010101010101U;
    for (; count >= kAtOnce; count -= kAtOnce) {
      uint64_t bytes = kAnyContinued;
      if (end_ - at_ >= static_cast<ptrdiff_t>(kAtOnce)) std::memcpy(&bytes, at_, kAtOnce);
      if ((bytes & kAnyContinued) == 0) {
        for (size_t i = 0; i < kAtOnce; ++i) take(static_cast<uint8_t>(at_[i]));
        at_ += kAtOnce;
      } else {
        for (size_t i = 0; i < kAtOnce; ++i) take(next());
      }
    }
    for (; count > 0; --count) take(next());
  }
  [[nodiscard]] bool failed() const { return failed_; }

 private:
  static constexpr unsigned kContinued = 0x80;  // of a byte that is not its number's last one
  static constexpr size_t kAtOnce = 8;

  uint64_t next_long() {
    std::string_view left(at_, static_cast<size_t>(end_ - at_));
    const auto number = take_varint(left);
    at_ = number ? left.data() : end_;
    failed_ = failed_ || !number;
    return number.value_or(0);
  }

  std::string_view& in_;
  const char* at_;
  const char* const end_;
  bool failed_ = false;
};

bool read_offsets(std::string_view& in, std::span<int64_t> offsets) {
  NumberReader numbers(in);
  uint64_t next = 0;
  bool rising = true;
  numbers.each(offsets.size(), [&, offset = offsets.begin()](uint64_t gap) mutable {
    constexpr uint64_t kMax = std::numeric_limits<int64_t>::max();
    rising = rising && next <= kMax && gap <= kMax - next;
    *offset++ = static_cast<int64_t>(next + gap);
    next += gap + 1;
  });
  return rising && !numbers.failed();
}

bool read_times(std::string_view& in, std::span<int64_t> times) {
  NumberReader numbers(in);
  int64_t time = 0;
  numbers.each(times.size(), [&, each = times.begin()](uint64_t difference) mutable {
    *each++ = time = wrapping_sum(time, unzigzag(difference));
  });
  return !numbers.failed();
}

/// Reads sizes of the messages that have any of `flag` (all, if 0) into ends, which has an entry more than messages:
/// message i's bytes are ends[i] to ends[i + 1], all of them `total`.
bool read_ends(std::string_view& in, std::string_view flags, unsigned flag, size_t total, std::span<uint32_t> ends) {
  NumberReader numbers(in);
  uint64_t end = 0;
  ends[0] = 0;
  for (size_t i = 0; i < flags.size(); ++i) {
    if (flag == 0 || (static_cast<uint8_t>(flags[i]) & flag) != 0) {
      const uint64_t size = numbers.next();
      if (size > total - end) return false;
      end += size;
    }
    ends[i + 1] = static_cast<uint32_t>(end);
  }
  return end == total && !numbers.failed();
}

/// The same of messages without any headers, as most are; false, and nothing read, if these aren't.
bool read_no_headers(std::string_view& in, size_t total, std::span<uint32_t> ends) {
  const size_t messages = ends.size() - 1;
  if (total > 0 || in.size() < messages) return false;
  if (!std::all_of(in.begin(), in.begin() + static_cast<ptrdiff_t>(messages), [](char c) { return c == 0; })) {
    return false;
  }
  in.remove_prefix(messages);
  std::fill(ends.begin(), ends.end(), 0);
  return true;
}

/// Reads the flags of eight messages at once.
class FlagsReader {
 public:
  explicit FlagsReader(std::span<const char> flags) : flags_(flags.data(), flags.size()) {}

  [[nodiscard]] bool has_known_types() const {
    static_assert(static_cast<unsigned>(TimestampType::kLogAppendTime) + 1 == kTimestampTypeMask);
    uint64_t unknown = 0;
    for_each_word([&](size_t /*first*/, uint64_t word) { unknown |= having(word, 1) & having(word, 2); });
    return unknown == 0;
  }
  /// The messages that have a text that is not plain (TextColumn).
  [[nodiscard]] std::vector<uint32_t> unplain(unsigned has, unsigned ascii, unsigned escapes) const {
    std::vector<uint32_t> messages;
    for_each_word([&](size_t first, uint64_t word) {
      uint64_t left = having(word, has) & (~having(word, ascii) | having(word, escapes));
      for (; left != 0; left &= left - 1) {
        messages.push_back(static_cast<uint32_t>(first + static_cast<size_t>(std::countr_zero(left)) / 8));
      }
    });
    return messages;
  }

 private:
  /// visit(first, word): byte i of the word, from the lowest on, has the flags of message first + i; 0 behind the last.
  template <class Visit>
  void for_each_word(Visit&& visit) const {
    size_t first = 0;
    for (; first + 8 <= flags_.size(); first += 8) visit(first, get_fixed({flags_.data() + first, 8}));
    if (first < flags_.size()) visit(first, get_fixed(flags_.substr(first)));
  }
  /// Bit 8 * i: byte i has the flag.
  [[nodiscard]] static uint64_t having(uint64_t word, unsigned flag) {
    return (word >> std::countr_zero(flag)) & 0x0101010101010101;
  }

  const std::string_view flags_;
};

/// Keys, values or headers.
struct TextSection {
  BlockSection text;
  std::span<uint32_t> ends;       // an entry more than messages, the first one 0
  std::vector<uint32_t> unplain;  // see TextColumn

  Result<void> load(size_t begin, size_t end) {
    KSEEK_TRY(text.load(ends[begin], ends[end]));
    // The place of empty ones at the end may be the next frame's.
    return ends[end - 1] == ends[end] ? text.load(ends[end], ends[end]) : Result<void>();
  }
  Result<void> load_where(size_t begin, size_t end, const TextFilter& filter) {
    return text.load_where(ends[begin], ends[end], filter, [&](auto&& add) {
      if (!filter.keeps_unplain()) return;
      for (auto i = std::lower_bound(unplain.begin(), unplain.end(), begin); i != unplain.end() && *i < end; ++i) {
        add(ends[*i], ends[*i + 1]);
      }
    });
  }
  /// Nothing while it is not loaded.
  [[nodiscard]] std::optional<std::string_view> piece(size_t i) const {
    if (!text.is_loaded(ends[i], ends[i + 1])) return std::nullopt;
    return text.piece(ends[i], ends[i + 1]);
  }
};

}  // namespace

struct DecodedBlock::Data {
  std::unique_ptr<char[]> room;  // of the spans below, and of the sections' ends
  std::span<int64_t> offsets, create_times, ingest_times;
  std::span<char> flags;
  TextSection keys, values, headers;

  void make_room(size_t messages);
  Result<void> read_metadata(std::string_view metadata, const Preamble& preamble);
};

void DecodedBlock::Data::make_room(size_t messages) {
  constexpr size_t kBytesAMessage = 3 * sizeof(int64_t) + 3 * sizeof(uint32_t) + sizeof(char);
  room = std::make_unique_for_overwrite<char[]>(messages * kBytesAMessage + 3 * sizeof(uint32_t));
  char* next = room.get();
  const auto take = [&next]<class T>(std::span<T>& span, size_t count) {  // the largest first: all are aligned
    span = {reinterpret_cast<T*>(next), count};
    next += span.size_bytes();
  };
  for (auto* const numbers : {&offsets, &create_times, &ingest_times}) take(*numbers, messages);
  for (TextSection* const section : {&keys, &values, &headers}) take(section->ends, messages + 1);
  take(flags, messages);
}

Result<void> DecodedBlock::Data::read_metadata(std::string_view metadata, const Preamble& preamble) {
  const size_t messages = preamble.messages;
  make_room(messages);
  if (!read_offsets(metadata, offsets)) return damaged_block("its offsets are wrong");
  if (!read_times(metadata, create_times) || !read_times(metadata, ingest_times))
    return damaged_block("its times are wrong");
  if (metadata.size() < messages) return damaged_block("its metadata is cut short");
  std::copy_n(metadata.begin(), messages, flags.begin());
  metadata.remove_prefix(messages);
  const FlagsReader read(flags);
  if (!read.has_known_types()) return damaged_block("a timestamp type is wrong");
  const std::string_view each(flags.data(), flags.size());
  if (!read_ends(metadata, each, kHasKey, keys.text.size(), keys.ends) ||
      !read_ends(metadata, each, kHasValue, values.text.size(), values.ends) ||
      !(read_no_headers(metadata, headers.text.size(), headers.ends) ||
        read_ends(metadata, each, 0, headers.text.size(), headers.ends))) {
    return damaged_block("the sizes of its messages are wrong");
  }
  if (!metadata.empty()) return damaged_block("it has more metadata than messages");
  keys.unplain = read.unplain(kHasKey, kKeyAscii, kKeyEscapes);
  values.unplain = read.unplain(kHasValue, kValueAscii, kValueEscapes);
  return {};
}

DecodedBlock::DecodedBlock() : data_(std::make_unique<Data>()) {}
DecodedBlock::~DecodedBlock() = default;

Result<std::shared_ptr<const DecodedBlock>> DecodedBlock::decode(const OwnedBytes& stored, PartitionId partition,
                                                                 Columns columns) {
  std::string_view bytes = stored.view();
  KSEEK_ASSIGN(const Preamble preamble, take_preamble(bytes));
  std::shared_ptr<DecodedBlock> block(new DecodedBlock());  // NOLINT: the constructor is private
  block->partition_ = partition;
  Data& data = *block->data_;
  const auto owner = columns.values ? nullptr : stored.owner();  // but for the values there is little to keep
  const auto take = [&](BlockSection& section, size_t which, bool later) -> Result<void> {
    return section.take(bytes, preamble.section_bytes[which], *preamble.frames, later, owner);
  };
  BlockSection metadata;
  KSEEK_TRY(take(metadata, kMetadata, false));
  KSEEK_TRY(take(data.keys.text, kKeys, !columns.keys));
  KSEEK_TRY(take(data.values.text, kValues, !columns.values));
  KSEEK_TRY(take(data.headers.text, kHeaders, !columns.headers));
  if (!bytes.empty()) return damaged_block("bytes stand after its end");
  KSEEK_TRY(data.read_metadata(metadata.piece(0, metadata.size()), preamble));
  return std::shared_ptr<const DecodedBlock>(std::move(block));
}

Result<void> DecodedBlock::load(Columns columns) const {
  if (columns.keys) KSEEK_TRY(data_->keys.text.load());
  if (columns.values) KSEEK_TRY(data_->values.text.load());
  if (columns.headers) KSEEK_TRY(data_->headers.text.load());
  return {};
}

Result<void> DecodedBlock::load(Columns columns, size_t begin, size_t end) const {
  assert(begin < end && end <= size());
  if (columns.keys) KSEEK_TRY(data_->keys.load(begin, end));
  if (columns.values) KSEEK_TRY(data_->values.load(begin, end));
  if (columns.headers) KSEEK_TRY(data_->headers.load(begin, end));
  return {};
}

Result<void> DecodedBlock::load_where(Text text, size_t begin, size_t end, const TextFilter& filter) const {
  assert(begin < end && end <= size());
  return (text == Text::kKey ? data_->keys : data_->values).load_where(begin, end, filter);
}

Result<void> DecodedBlock::load_message(size_t i) const { return load(Columns::all(), i, i + 1); }

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
  if ((flags & kHasKey) != 0) message.key = data.keys.piece(i);
  if ((flags & kHasValue) != 0) message.value = data.values.piece(i);
  if (const auto headers = data.headers.piece(i)) message.headers = HeaderList(*headers);
  message.key_traits = {.ascii = (flags & kKeyAscii) != 0, .json_escapes = (flags & kKeyEscapes) != 0};
  message.value_traits = {.ascii = (flags & kValueAscii) != 0, .json_escapes = (flags & kValueEscapes) != 0};
  return message;
}

std::optional<TextColumn> DecodedBlock::column(Text text) const {
  const TextSection& section = text == Text::kKey ? data_->keys : data_->values;
  const LoadedParts loaded = section.text.loaded_parts();  // first: what it says is there is there
  const auto bytes = loaded.none() ? std::string_view() : section.text.piece(0, section.text.size());
  return TextColumn{bytes, loaded, section.ends, section.unplain};
}

uint64_t DecodedBlock::memory_bytes() const {
  const Data& data = *data_;
  constexpr size_t kBytesAMessage = 3 * sizeof(int64_t) + 1 + 3 * sizeof(uint32_t);
  return sizeof(*this) + sizeof(data) + data.keys.text.size() + data.values.text.size() + data.headers.text.size() +
         (data.keys.unplain.capacity() + data.values.unplain.capacity()) * sizeof(uint32_t) + size() * kBytesAMessage;
}

}  // namespace kseek::store
