#include <algorithm>
#include <cassert>
#include <cstring>

#include "store/block.h"
#include "tokenizer/hidden_words.h"

namespace kseek::store {
namespace {

constexpr size_t kEntriesPerChunk = 256;
constexpr size_t kFirstArenaBytes = 4 * 1024;
constexpr size_t kLargestArenaBytes = 256 * 1024;
constexpr size_t kOwnChunkBytes = 64 * 1024;  // a larger message has a chunk to itself

constexpr uint8_t kHasKey = 1;
constexpr uint8_t kHasValue = 2;

// Flags of texts.
constexpr uint8_t kNotAscii = 1;
constexpr uint8_t kMayHideWords = 2;

/// What has to be known of a text that is searched as it was sent.
uint8_t flags_of(const std::optional<std::string_view>& text, tokenizer::TextTraits traits) {
  if (!text) return 0;
  return static_cast<uint8_t>((traits.ascii ? 0 : kNotAscii) |
                              (tokenizer::may_hide_words(*text, traits) ? kMayHideWords : 0));
}

}  // namespace

/// A message: its bytes stand together as key, value, headers.
struct OpenBlock::Entry {
  int64_t offset;
  int64_t create_ms;
  int64_t ingest_ms;
  const char* bytes;
  uint32_t key_size;
  uint32_t value_size;
  uint32_t headers_size;
  TimestampType timestamp_type;
  uint8_t present;
  uint8_t text_flags;  // of key or value
  tokenizer::TextTraits key_traits;
  tokenizer::TextTraits value_traits;
};

OpenBlock::OpenBlock(PartitionId partition, size_t max_messages, uint64_t max_bytes)
    : partition_(partition),
      max_messages_(std::clamp<size_t>(max_messages, 1, kMaxBlockMessages)),
      max_bytes_(std::clamp<uint64_t>(max_bytes, 1, kMaxBlockBytes)),
      entries_((max_messages_ + kEntriesPerChunk - 1) / kEntriesPerChunk),
      memory_bytes_(sizeof(OpenBlock) + entries_.size() * sizeof(entries_[0])) {}

OpenBlock::~OpenBlock() = default;

char* OpenBlock::allocate(size_t bytes) {
  const auto new_chunk = [this](size_t size) {
    arena_.push_back(std::make_unique_for_overwrite<char[]>(size));
    memory_bytes_.fetch_add(size, std::memory_order_relaxed);
    return arena_.back().get();
  };
  if (bytes > arena_left_) {
    if (bytes >= kOwnChunkBytes) return new_chunk(bytes);
    const size_t grown = std::min(kFirstArenaBytes << std::min<size_t>(arena_.size(), 6), kLargestArenaBytes);
    arena_left_ = std::max(grown, bytes);
    arena_next_ = new_chunk(arena_left_);
  }
  char* const place = arena_next_;
  arena_next_ += bytes;
  arena_left_ -= bytes;
  return place;
}

bool OpenBlock::append(const MessageView& message) {
  const size_t count = published_.load(std::memory_order_relaxed);
  const uint64_t raw = raw_bytes_.load(std::memory_order_relaxed);
  const size_t bytes = message.raw_bytes();
  assert(bytes <= kMaxMessageBytes);
  if (count == max_messages_ || (count > 0 && raw + bytes > max_bytes_)) return false;

  auto& chunk = entries_[count / kEntriesPerChunk];
  if (chunk == nullptr) {
    const size_t entries = std::min(kEntriesPerChunk, max_messages_ - count);
    chunk = std::make_unique_for_overwrite<Entry[]>(entries);
    memory_bytes_.fetch_add(entries * sizeof(Entry), std::memory_order_relaxed);
  }
  char* const place = allocate(bytes);
  char* next = place;
  const auto copy = [&next](std::string_view from) {
    if (!from.empty()) std::memcpy(next, from.data(), from.size());
    next += from.size();
    return static_cast<uint32_t>(from.size());
  };
  Entry& entry = chunk[count % kEntriesPerChunk];
  entry = {.offset = message.offset.value,
           .create_ms = message.create_time.ms,
           .ingest_ms = message.ingest_time.ms,
           .bytes = place,
           .key_size = copy(message.key.value_or(std::string_view())),
           .value_size = copy(message.value.value_or(std::string_view())),
           .headers_size = copy(message.headers.encoded()),
           .timestamp_type = message.timestamp_type,
           .present = static_cast<uint8_t>((message.key ? kHasKey : 0) | (message.value ? kHasValue : 0)),
           .text_flags = 0,
           .key_traits = message.key ? tokenizer::classify(*message.key) : tokenizer::TextTraits(),
           .value_traits = message.value ? tokenizer::classify(*message.value) : tokenizer::TextTraits()};
  entry.text_flags = flags_of(message.key, entry.key_traits) | flags_of(message.value, entry.value_traits);
  const auto widen = [](std::atomic<int64_t>& least, std::atomic<int64_t>& most, int64_t ms) {
    if (ms < least.load(std::memory_order_relaxed)) least.store(ms, std::memory_order_relaxed);
    if (ms > most.load(std::memory_order_relaxed)) most.store(ms, std::memory_order_relaxed);
  };
  widen(min_create_, max_create_, entry.create_ms);
  widen(min_ingest_, max_ingest_, entry.ingest_ms);
  raw_bytes_.store(raw + bytes, std::memory_order_relaxed);
  published_.store(count + 1, std::memory_order_release);
  return true;
}

BlockMeta OpenBlock::bounds(size_t count) const {
  assert(count > 0 && count <= size());
  BlockMeta meta;
  meta.partition = partition_;
  meta.first = head(0).offset;
  meta.last = head(count - 1).offset;
  meta.min_create = {min_create_.load(std::memory_order_relaxed)};
  meta.max_create = {max_create_.load(std::memory_order_relaxed)};
  meta.min_ingest = {min_ingest_.load(std::memory_order_relaxed)};
  meta.max_ingest = {max_ingest_.load(std::memory_order_relaxed)};
  meta.messages = static_cast<uint32_t>(count);
  meta.raw_bytes = raw_bytes();
  return meta;
}

const OpenBlock::Entry& OpenBlock::entry(size_t i) const {
  assert(i < size());
  return entries_[i / kEntriesPerChunk][i % kEntriesPerChunk];
}

MessageHead OpenBlock::head(size_t i) const {
  const Entry& entry = this->entry(i);
  return {{entry.offset}, {entry.create_ms}, {entry.ingest_ms}};
}

StoredMessage OpenBlock::message(size_t i) const {
  const Entry& entry = this->entry(i);
  StoredMessage message;
  message.partition = partition_;
  message.offset = {entry.offset};
  message.create_time = {entry.create_ms};
  message.ingest_time = {entry.ingest_ms};
  message.timestamp_type = entry.timestamp_type;
  const char* at = entry.bytes;
  if ((entry.present & kHasKey) != 0) message.key = std::string_view(at, entry.key_size);
  at += entry.key_size;
  if ((entry.present & kHasValue) != 0) message.value = std::string_view(at, entry.value_size);
  at += entry.value_size;
  message.headers = HeaderList(std::string_view(at, entry.headers_size));
  message.key_traits = entry.key_traits;
  message.value_traits = entry.value_traits;
  return message;
}

/// A piece of the arena is the rows of some messages.
bool OpenBlock::visit_rows(size_t count, const std::function<void(const MessageRows&)>& visit) const {
  assert(count <= size());
  std::vector<uint32_t> ends, not_ascii, hiding;
  for (size_t first = 0; first < count;) {
    const char* const begin = entry(first).bytes;
    const char* end = begin;
    ends.assign(1, 0);
    not_ascii.clear();
    hiding.clear();
    size_t i = first;
    for (; i < count && entry(i).bytes == end; ++i) {
      const Entry& entry = this->entry(i);
      end += entry.key_size + entry.value_size + entry.headers_size;
      ends.push_back(static_cast<uint32_t>(end - begin));
      if ((entry.text_flags & kNotAscii) != 0) not_ascii.push_back(static_cast<uint32_t>(i));
      if ((entry.text_flags & kMayHideWords) != 0) hiding.push_back(static_cast<uint32_t>(i));
    }
    visit({first, {begin, ends.back()}, ends, not_ascii, hiding});
    first = i;
  }
  return true;
}

}  // namespace kseek::store
