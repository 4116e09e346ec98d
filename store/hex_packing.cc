#include "store/hex_packing.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cstdint>
#include <cstring>

#include "base/lanes.h"

namespace kseek::store {
namespace {

// What stands in the text for something else: bytes that UTF-8 never has, and few others.
constexpr char kUuid = '\xFB';     // a UUID
constexpr char kRun = '\xFC';      // and a byte: so many pairs of digits
constexpr char kLiteral = '\xFD';  // and a byte: that byte

constexpr char kFirstMark = kUuid;
constexpr int kMarks = 3;

constexpr size_t kMinRun =
    8;  // digits, a power of two; a shorter run is worth less than the break that it would be in the text
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
// Lambdas, so that algorithms take them in line.
constexpr auto kIsDigit = [](char c) { return value_of(c) != kNoDigit; };
constexpr auto kIsMark = [](char c) { return c == kUuid || c == kRun || c == kLiteral; };

/// Bit i: byte i of the 16 at p is a mark.
uint32_t marks_of_16(const char* p) {
#if defined(__SSE2__)
  return static_cast<uint32_t>(_mm_movemask_epi8(lanes_in(load_16(p), kFirstMark, kMarks)));
#else
  uint32_t marks = 0;
  for (size_t i = 0; i < 16; ++i) marks |= static_cast<uint32_t>(kIsMark(p[i])) << i;
  return marks;
#endif
}

/// Bit i: byte i of the 64 at p is a digit.
uint64_t digits_of_64(const char* p) {
  uint64_t digits = 0;
#if defined(__SSE2__)
  for (size_t i = 0; i < 64; i += 16) {
    const auto bytes = load_16(p + i);
    const auto lanes = _mm_or_si128(lanes_in(bytes, '0', 10), lanes_in(bytes, 'a', 6));
    digits |= static_cast<uint64_t>(static_cast<uint32_t>(_mm_movemask_epi8(lanes))) << i;
  }
#else
  for (size_t i = 0; i < 64; ++i) digits |= static_cast<uint64_t>(kIsDigit(p[i])) << i;
#endif
  return digits;
}

uint64_t digits_of(std::string_view text) {
  if (text.size() == 64) return digits_of_64(text.data());
  std::array<char, 64> padded{};
  std::copy(text.begin(), text.end(), padded.begin());
  return digits_of_64(padded.data());
}

const char* find_mark(const char* at, const char* end) {
  for (; end - at >= 16; at += 16) {
    if (const uint32_t marks = marks_of_16(at); marks != 0) return at + std::countr_zero(marks);
  }
  return std::find_if(at, end, kIsMark);
}

/// The first run of at least kMinRun digits, as long as it is; nothing, at `end`, if there is none.
std::string_view find_run(const char* from, const char* end) {
  constexpr size_t kStep = 64 - kMinRun + 1;  // a run that begins in them is seen to be one
  while (from != end) {
    const auto left = static_cast<size_t>(end - from);
    uint64_t run = digits_of({from, std::min<size_t>(left, 64)});
    for (size_t known = 1; known < kMinRun; known *= 2) run &= run >> known;
    if (run != 0) {
      const char* const begin = from + std::countr_zero(run);
      return {begin, std::find_if_not(begin + kMinRun, end, kIsDigit)};
    }
    from += std::min(left, kStep);
  }
  return {end, end};
}

/// REQUIRES: kUuidChars are there, of which the first group is digits.
bool is_uuid(const char* at) {
  at += kUuidGroups[0];
  for (size_t group = 1; group < kUuidGroups.size(); ++group) {
    if (*at++ != '-' || !std::all_of(at, at + kUuidGroups[group], kIsDigit)) return false;
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
      const char* const mark = find_mark(at_, end);
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
    while (copy_to_mark(at, end)) {
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
  /// Up to the first mark, or the end, where it leaves `at`. Writes sixteen bytes at a time, of which those that are
  /// too many are written over.
  bool copy_to_mark(const char*& from, const char* end) {
    const char* at = from;
    char* to = to_;
    for (size_t steps = std::min(static_cast<size_t>(end - at), room()) / 16; steps > 0; --steps) {
      std::memcpy(to, at, 16);
      if (const uint32_t marks = marks_of_16(at); marks != 0) {
        const int before = std::countr_zero(marks);
        from = at + before;
        to_ = to + before;
        return true;
      }
      at += 16;
      to += 16;
    }
    for (; at != end && !kIsMark(*at); ++at) {
      if (to == end_) return false;
      *to++ = *at;
    }
    from = at;
    to_ = to;
    return true;
  }
  /// What the mark at `at`, which it moves on, stands for.
  bool take(const char*& at, const char* end) {
    const char mark = *at++;
    if (mark == kUuid) return put_uuid();
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

std::string_view never_packed(std::string_view text) {
  // From one byte to another that are neither digits nor hyphens: no run, and no UUID, reaches beyond them.
  std::string_view best;
  const char* begin = nullptr;  // of the part that is looked at
  size_t digits = 0;            // up to here
  for (const char& each : text) {
    digits = kIsDigit(each) ? digits + 1 : 0;
    if (kIsMark(each) || digits == kMinRun) {
      begin = nullptr;
    } else if (digits == 0 && each != '-') {
      if (begin == nullptr) begin = &each;
      const std::string_view part(begin, static_cast<size_t>(&each - begin) + 1);
      if (part.size() > best.size()) best = part;
    }
  }
  return best;
}

}  // namespace kseek::store
