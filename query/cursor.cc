#include "query/cursor.h"

#include <algorithm>
#include <array>

#include "base/varint.h"

namespace kseek::query {
namespace {

constexpr uint8_t kVersion = 3;
constexpr size_t kMaxTextBytes = 16 << 20;
constexpr std::string_view kAlphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

constexpr uint64_t kHasAfter = 1, kHasRound = 2, kHasUpTo = 4;

/// FNV-1a, 64 bits.
class Hash {
 public:
  void bytes(std::string_view data) {
    for (const char c : data) state_ = (state_ ^ static_cast<uint8_t>(c)) * 0x100000001B3ULL;
  }
  void number(uint64_t n) {
    std::string encoded;
    put_varint(encoded, n);
    bytes(encoded);
  }
  void text(std::string_view data) {
    number(data.size());
    bytes(data);
  }
  [[nodiscard]] uint64_t value() const { return state_; }

 private:
  uint64_t state_ = 0xCBF29CE484222325ULL;
};

void put_signed(std::string& out, int64_t n) { put_varint(out, zigzag(n)); }

void put_key(std::string& out, const SortKey& key) {
  put_signed(out, key.time.ms);
  put_signed(out, key.partition.value);
  put_signed(out, key.offset.value);
  put_varint(out, key.topic);
}

std::string to_base64url(std::string_view bytes) {
  std::string text;
  uint32_t bits = 0;
  int have = 0;
  for (const char c : bytes) {
    bits = bits << 8 | static_cast<uint8_t>(c);
    for (have += 8; have >= 6; have -= 6) text.push_back(kAlphabet[bits >> (have - 6) & 63]);
  }
  if (have > 0) text.push_back(kAlphabet[bits << (6 - have) & 63]);
  return text;
}

std::optional<std::string> from_base64url(std::string_view text) {
  std::string bytes;
  uint32_t bits = 0;
  int have = 0;
  for (const char c : text) {
    const size_t digit = kAlphabet.find(c);
    if (digit == std::string_view::npos) return std::nullopt;
    bits = bits << 6 | static_cast<uint32_t>(digit);
    have += 6;
    if (have < 8) continue;
    have -= 8;
    bytes.push_back(static_cast<char>(bits >> have & 0xFF));
  }
  const bool canonical = have < 6 && (bits & ((1U << have) - 1)) == 0;
  return canonical ? std::optional(bytes) : std::nullopt;
}

std::string checksum(std::string_view bytes) {
  Hash hash;
  hash.bytes(bytes);
  std::string out;
  for (int shift = 0; shift < 32; shift += 8) out.push_back(static_cast<char>(hash.value() >> (shift + 16) & 0xFF));
  return out;
}

/// Takes fields off the front of a text; after the first wrong one, everything is 0 and ok() is false.
class Reader {
 public:
  explicit Reader(std::string_view bytes) : rest_(bytes) {}
  [[nodiscard]] bool ok() const { return ok_; }
  [[nodiscard]] bool done() const { return ok_ && rest_.empty(); }

  uint64_t number(uint64_t max = UINT64_MAX) {
    if (!ok_) return 0;
    const auto n = take_varint(rest_);
    if (!n || *n > max) return fail();
    return *n;
  }
  int64_t signed_number(int64_t min, int64_t max) {
    const int64_t n = unzigzag(number());
    if (!ok_ || n < min || n > max) return static_cast<int64_t>(fail());
    return n;
  }
  /// How many items follow, each at least a byte.
  size_t count() { return number(rest_.size()); }
  Timestamp time() { return {signed_number(INT64_MIN, INT64_MAX)}; }
  PartitionId partition() { return {static_cast<int32_t>(signed_number(0, INT32_MAX))}; }
  Offset offset() { return {signed_number(0, INT64_MAX)}; }
  uint32_t topic(size_t topics) {
    const auto rank = static_cast<uint32_t>(number(UINT32_MAX));
    if (rank >= topics) fail();
    return rank;
  }
  SortKey key(size_t topics) {
    SortKey key;
    key.time = time();
    key.partition = partition();
    key.offset = offset();
    key.topic = topic(topics);
    return key;
  }

 private:
  uint64_t fail() {
    ok_ = false;
    return 0;
  }
  std::string_view rest_;
  bool ok_ = true;
};

void put_partition(std::string& out, const PartitionSnapshot& partition, bool round) {
  put_signed(out, partition.partition.value);
  put_signed(out, partition.upper.value);
  // 0: the end is not known; otherwise one more than how far it is from `upper`, zigzag.
  put_varint(out, partition.end ? zigzag(partition.end->value - partition.upper.value) + 1 : 0);
  if (round) put_signed(out, partition.scanned_from.value);
}

PartitionSnapshot take_partition(Reader& in, bool round) {
  PartitionSnapshot partition;
  partition.partition = in.partition();
  partition.upper = in.offset();
  const uint64_t lag = in.number(uint64_t{1} << 62);
  if (lag > 0) {
    const int64_t distance = unzigzag(lag - 1);
    if (partition.upper.value < INT64_MAX / 2) partition.end = Offset{partition.upper.value + distance};
  }
  if (round) partition.scanned_from = in.offset();
  return partition;
}

Error bad_cursor() {
  return {ErrorCode::kInvalid, "cursor: not one that an answer gave", "search again without it, from the start"};
}

bool rising(const std::vector<PartitionSnapshot>& partitions) {
  return std::adjacent_find(partitions.begin(), partitions.end(), [](const auto& a, const auto& b) {
           return a.partition >= b.partition;
         }) == partitions.end();
}

std::optional<RoundState> take_round(Reader& in, uint64_t flags, size_t topics) {
  RoundState round;
  round.next_bound = in.key(topics);
  for (size_t t = 0; t < topics && in.ok(); ++t) round.blocks_end.push_back({in.number()});
  if ((flags & kHasUpTo) != 0) round.up_to = in.key(topics);
  const size_t tentative = in.count();
  if (tentative > kMaxHits) return std::nullopt;
  for (size_t i = 0; i < tentative && in.ok(); ++i) {
    MessagePosition position;
    position.topic = in.topic(topics);
    position.partition = in.partition();
    position.offset = in.offset();
    round.tentative.push_back(position);
  }
  return round;
}

}  // namespace

std::string seal_cursor_bytes(std::string_view fields) {
  std::string bytes(1, static_cast<char>(kVersion));
  bytes += fields;
  return to_base64url(bytes + checksum(bytes));
}

std::string encode_cursor(const Cursor& cursor) {
  std::string out;
  put_varint(out, cursor.fingerprint);
  const bool up_to = cursor.round && cursor.round->up_to;
  put_varint(out, (cursor.after ? kHasAfter : 0) | (cursor.round ? kHasRound : 0) | (up_to ? kHasUpTo : 0));
  put_signed(out, cursor.asked_at.ms);
  put_varint(out, cursor.generations);
  put_varint(out, cursor.topics.size());
  for (const auto& partitions : cursor.topics) {
    put_varint(out, partitions.size());
    for (const PartitionSnapshot& partition : partitions) put_partition(out, partition, cursor.round.has_value());
  }
  if (cursor.after) put_key(out, *cursor.after);
  if (cursor.round) {
    put_key(out, cursor.round->next_bound);
    for (const BlockId end : cursor.round->blocks_end) put_varint(out, end.value);
    if (up_to) put_key(out, *cursor.round->up_to);
    put_varint(out, cursor.round->tentative.size());
    for (const MessagePosition& position : cursor.round->tentative) {
      put_varint(out, position.topic);
      put_signed(out, position.partition.value);
      put_signed(out, position.offset.value);
    }
  }
  return seal_cursor_bytes(out);
}

Result<Cursor> decode_cursor(std::string_view text) {
  if (text.size() > kMaxTextBytes) return bad_cursor();
  const auto bytes = from_base64url(text);
  if (!bytes || bytes->size() < 5) return bad_cursor();
  const std::string_view body = std::string_view(*bytes).substr(0, bytes->size() - 4);
  if (checksum(body) != std::string_view(*bytes).substr(body.size())) return bad_cursor();
  if (static_cast<uint8_t>(body.front()) != kVersion) return bad_cursor();
  Reader in(body.substr(1));
  Cursor cursor;
  cursor.fingerprint = in.number();
  const uint64_t flags = in.number(kHasAfter | kHasRound | kHasUpTo);
  const bool round = (flags & kHasRound) != 0;
  if ((flags & kHasUpTo) != 0 && !round) return bad_cursor();
  cursor.asked_at = in.time();
  cursor.generations = in.number();
  const size_t topics = in.count();
  for (size_t t = 0; t < topics && in.ok(); ++t) {
    std::vector<PartitionSnapshot> partitions;
    const size_t count = in.count();
    for (size_t p = 0; p < count && in.ok(); ++p) partitions.push_back(take_partition(in, round));
    if (!rising(partitions)) return bad_cursor();
    cursor.topics.push_back(std::move(partitions));
  }
  if ((flags & kHasAfter) != 0) cursor.after = in.key(topics);
  if (round) {
    cursor.round = take_round(in, flags, topics);
    if (!cursor.round) return bad_cursor();
  }
  if (!in.done()) return bad_cursor();
  return cursor;
}

uint64_t hash_generations(const std::vector<uint32_t>& generations) {
  Hash hash;
  for (const uint32_t generation : generations) hash.number(generation);
  return hash.value();
}

uint64_t fingerprint(const SearchRequest& request, const std::vector<store::TopicConfig>& topics) {
  Hash hash;
  for (const store::TopicConfig& topic : topics) {
    hash.text(topic.name);
    hash.number(zigzag(topic.opened_at.ms));
    hash.number(static_cast<uint64_t>(topic.time_kind));
  }
  hash.number(request.partitions ? request.partitions->size() + 1 : 0);
  if (request.partitions) {
    std::vector<PartitionId> sorted = *request.partitions;
    std::sort(sorted.begin(), sorted.end());
    for (const PartitionId partition : sorted) hash.number(zigzag(partition.value));
  }
  hash.number(zigzag(request.offsets.first.value));
  hash.number(zigzag(request.offsets.last.value));
  hash.number(zigzag(request.times.first.ms));
  hash.number(zigzag(request.times.last.ms));
  hash.text(request.where ? request.where->to_string() : "");
  hash.number(static_cast<uint64_t>(request.order));
  return hash.value();
}

}  // namespace kseek::query
