#include "store/hex_packing.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cstdint>
#include <cstring>

namespace kseek::store {
namespace {

// What stands in the text for something else: bytes that UTF-8 never has, and few others.
constexpr char kUuid = '\xFB';     // a UUID
constexpr char kRun = '\xFC';      // and a byte: so many pairs of digits
constexpr char kLiteral = '\xFD';  // and a byte: that byte

constexpr uint8_t kFirstHigh = 0xF8;

constexpr size_t kMinRun = 8;  // digits; a shorter run is worth less than the break that it would be in the text
constexpr size_t kMaxRunPairs = 255;
constexpr uint8_t kNoDigit = 0xFF;

constexpr size_t kUuidChars = 36;
constexpr size_t kUuidBytes = 16;
constexpr std::array<size_t, 5> kUuidGroups = {8, 4, 4, 4, 12};  // digits; a hyphen between them
constexpr std::array<size_t, 4> kUuidHyphens = {8, 13, 18, 23};  // where those stand

constexpr std::string_view kDigits = "0123456789abcdef";

constexpr std::array<uint8_t, 256> kValues = [] {
  std::array<uint8_t, 256> values{};
  values.fill(kNoDigit);
  for (size_t i = 0; i < kDigits.size(); ++i) values[static_cast<uint8_t>(kDigits[i])] = static_cast<uint8_t>(i);
  return values;
}();

constexpr std::array<std::array<char, 2>, 256> kPairs = [] {
  std::array<std::array<char, 2>, 256> pairs{};
  for (size_t i = 0; i < pairs.size(); ++i) pairs[i] = {kDigits[i >> 4], kDigits[i & 15]};
  return pairs;
}();

/// Where a UUID's pairs of digits stand.
constexpr std::array<size_t, kUuidBytes> kUuidPlaces = [] {
  std::array<size_t, kUuidBytes> places{};
  size_t pair = 0;
  size_t place = 0;
  for (const size_t digits : kUuidGroups) {
    for (size_t i = 0; i < digits; i += 2) places[pair++] = place + i;
    place += digits + 1;
  }
  return places;
}();

uint8_t value_of(char c) { return kValues[static_cast<uint8_t>(c)]; }
// Lambdas, so that algorithms take them in.
constexpr auto is_digit = [](char c) { return value_of(c) != kNoDigit; };
constexpr auto is_mark = [](char c) { return c == kUuid || c == kRun || c == kLiteral; };

/// The highest bit of each byte that may be a mark: kFirstHigh and above.
uint64_t high_bytes(uint64_t word) {
  constexpr uint64_t kOnes = 0x0101010101010101;
  return ((word & 0x7F * kOnes) + (0x100 - kFirstHigh) * kOnes) & word & 0x80 * kOnes;
}

/// The first such byte, or the end: eight at a time.
const char* find_high(const char* at, const char* end) {
  static_assert(std::endian::native == std::endian::little);
  for (; end - at >= 8; at += 8) {
    uint64_t word = 0;
    std::memcpy(&word, at, sizeof(word));
    if (const uint64_t high = high_bytes(word); high != 0) return at + std::countr_zero(high) / 8;
  }
  while (at != end && static_cast<uint8_t>(*at) < kFirstHigh) ++at;
  return at;
}

/// The first run of at least kMinRun digits, as long as it is; nothing, at `end`, if there is none.
std::string_view find_run(const char* from, const char* end) {
  while (end - from >= static_cast<ptrdiff_t>(kMinRun)) {
    const char* const probe = from + kMinRun - 1;  // what begins at `from` has to get here
    if (!is_digit(*probe)) {
      from = probe + 1;
      continue;
    }
    const char* begin = probe;
    while (begin != from && is_digit(begin[-1])) --begin;
    const char* const run_end = std::find_if_not(probe + 1, end, is_digit);
    const std::string_view run(begin, static_cast<size_t>(run_end - begin));
    if (run.size() >= kMinRun) return run;
    from = run_end;
  }
  return {end, 0};
}

/// REQUIRES: kUuidChars are there, of which the first group is digits.
bool is_uuid(const char* at) {
  at += kUuidGroups[0];
  for (size_t group = 1; group < kUuidGroups.size(); ++group) {
    if (*at++ != '-' || !std::all_of(at, at + kUuidGroups[group], is_digit)) return false;
    at += kUuidGroups[group];
  }
  return true;
}

class Packer {
 public:
  Packer(std::string_view raw, HexPacked& packed) : at_(raw.data()), end_(raw.data() + raw.size()), packed_(packed) {}

  void pack() {
    for (const char* from = at_; from != end_; from = at_) {
      const std::string_view run = find_run(from, end_);
      if (run.empty()) break;
      const char* const run_end = run.data() + run.size();
      const char* const uuid = run_end - kUuidGroups[0];
      if (end_ - uuid >= static_cast<ptrdiff_t>(kUuidChars) && is_uuid(uuid)) {
        copy_until(uuid);
        take_uuid();
      } else {
        copy_until(run.data());
        take_pairs(run.size() / 2);
      }
    }
    copy_until(end_);
  }

 private:
  void copy_until(const char* end) {
    while (at_ != end) {
      const char* const mark = std::find_if(find_high(at_, end), end, is_mark);
      packed_.text.append(at_, mark);
      at_ = mark;
      if (at_ == end) break;
      packed_.text += kLiteral;
      packed_.text += *at_++;
    }
  }
  void take_uuid() {
    packed_.text += kUuid;
    for (size_t group = 0; group < kUuidGroups.size(); ++group) {
      if (group > 0) ++at_;  // the hyphen
      put_pairs(kUuidGroups[group] / 2);
    }
  }
  void take_pairs(size_t pairs) {
    while (pairs > 0) {
      const size_t now = std::min(pairs, kMaxRunPairs);
      packed_.text += kRun;
      packed_.text += static_cast<char>(now);
      put_pairs(now);
      pairs -= now;
    }
  }
  void put_pairs(size_t pairs) {
    const char* const from = at_;
    const size_t before = packed_.digits.size();
    packed_.digits.resize(before + pairs);
    char* const to = packed_.digits.data() + before;
    for (size_t i = 0; i < pairs; ++i) {
      to[i] = static_cast<char>(value_of(from[2 * i]) << 4 | value_of(from[2 * i + 1]));
    }
    at_ += 2 * pairs;
  }

  const char* at_;
  const char* const end_;
  HexPacked& packed_;
};

/// Writes to raw what text and digits spell, as long as there is room.
class Unpacker {
 public:
  Unpacker(std::string_view digits, std::span<char> raw)
      : digits_(digits.data()), digits_end_(digits_ + digits.size()), to_(raw.data()), end_(to_ + raw.size()) {}

  bool unpack(std::string_view text) {
    const char* at = text.data();
    const char* const end = at + text.size();
    while (copy_to_high(at, end)) {
      if (at == end) return to_ == end_ && digits_ == digits_end_;
      if (!take(at, end)) return false;
    }
    return false;
  }

 private:
  [[nodiscard]] size_t room() const { return static_cast<size_t>(end_ - to_); }
  [[nodiscard]] bool has_digits(size_t pairs) const { return static_cast<size_t>(digits_end_ - digits_) >= pairs; }

  bool put(char c) {
    if (to_ == end_) return false;
    *to_++ = c;
    return true;
  }
  /// Up to the first byte that may be a mark, or the end, where it leaves `at`. Writes sixteen bytes at a time, of
  /// which those that are too many are written over.
  bool copy_to_high(const char*& from, const char* end) {
    const char* at = from;
    char* to = to_;
    for (size_t twice = std::min(static_cast<size_t>(end - at), room()) / 16; twice > 0; --twice, at += 16, to += 16) {
      std::array<uint64_t, 2> words;
      std::memcpy(words.data(), at, 16);
      std::memcpy(to, words.data(), 16);
      const uint64_t first = high_bytes(words[0]);
      const uint64_t second = high_bytes(words[1]);
      if ((first | second) != 0) {
        const int before = (first != 0 ? std::countr_zero(first) : 64 + std::countr_zero(second)) / 8;
        from = at + before;
        to_ = to + before;
        return true;
      }
    }
    for (; at != end && static_cast<uint8_t>(*at) < kFirstHigh; ++at) {
      if (to == end_) return false;
      *to++ = *at;
    }
    from = at;
    to_ = to;
    return true;
  }
  /// What the high byte at `at`, which it moves on, stands for.
  bool take(const char*& at, const char* end) {
    const char mark = *at++;
    if (mark == kUuid) return put_uuid();
    if (!is_mark(mark)) return put(mark);
    if (at == end) return false;
    const char argument = *at++;
    return mark == kLiteral ? put(argument) : put_run(static_cast<uint8_t>(argument));
  }
  bool put_run(size_t pairs) {
    if (!has_digits(pairs) || 2 * pairs > room()) return false;
    put_pairs(pairs);
    return true;
  }
  bool put_uuid() {
    if (!has_digits(kUuidBytes) || kUuidChars > room()) return false;
    const char* const digits = digits_;
    char* const to = to_;
    for (size_t i = 0; i < kUuidBytes; ++i) put_pair(to + kUuidPlaces[i], digits[i]);
    for (const size_t hyphen : kUuidHyphens) to[hyphen] = '-';
    digits_ += kUuidBytes;
    to_ += kUuidChars;
    return true;
  }
  static void put_pair(char* to, char digits) { std::memcpy(to, kPairs[static_cast<uint8_t>(digits)].data(), 2); }
  void put_pairs(size_t pairs) {
    const char* const digits = digits_;
    char* const to = to_;
    for (size_t i = 0; i < pairs; ++i) put_pair(to + 2 * i, digits[i]);
    digits_ += pairs;
    to_ += 2 * pairs;
  }

  const char* digits_;
  const char* const digits_end_;
  char* to_;
  char* const end_;
};

}  // namespace

void pack_hex(std::string_view raw, HexPacked& packed) {
  packed.text.clear();
  packed.digits.clear();
  Packer(raw, packed).pack();
}

bool unpack_hex(std::string_view text, std::string_view digits, std::span<char> raw) {
  return Unpacker(digits, raw).unpack(text);
}

}  // namespace kseek::store
