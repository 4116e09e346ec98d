#include "store/term_pages.h"

#include <algorithm>
#include <bit>
#include <cassert>
#include <cstring>
#include <numeric>

#include "base/varint.h"
#include "tokenizer/tokenizer.h"

namespace kseek::store {
namespace {

// The first byte of a term: its new bytes' number, or kLongTail and the number as a byte; two flags.
constexpr unsigned kPackedDigits = 0x80;  // the new bytes are lower-case hexadecimal digits, two a byte
constexpr unsigned kSharedAsBefore = 0x40;
constexpr unsigned kLongTail = 0x3F;

// How a term's postings are stored: the two low bits of a varint.
constexpr unsigned kSingle = 0;  // the others: the position
constexpr unsigned kDeltas = 1;  // the others: bytes of the list: varints, the first position and gaps - 1
constexpr unsigned kBitmap = 2;  // the others: bytes of the list: a varint n, bits from position 8 n on
constexpr unsigned kAll = 3;     // the others: 0

// With slices, a byte of them follows kSingle (in a segment of few blocks); the others are followed by a varint, how
// many blocks' slices are told (each's, or none: it has all), a byte for each, and then the list.

constexpr std::array<uint8_t, 256> make_digit_values() {
  std::array<uint8_t, 256> values{};
  values.fill(0xFF);
  for (unsigned i = 0; i < 16; ++i) values[static_cast<uint8_t>("0123456789abcdef"[i])] = static_cast<uint8_t>(i);
  return values;
}
constexpr std::array<uint8_t, 256> kDigitValues = make_digit_values();

uint8_t digit_value(char c) { return kDigitValues[static_cast<uint8_t>(c)]; }

bool are_digits(std::string_view bytes) {
  return std::all_of(bytes.begin(), bytes.end(), [](char c) { return digit_value(c) != 0xFF; });
}

// Sixteen bytes at once, by the vector extensions that g++ and clang share: SSE2, NEON.
constexpr size_t kLane = 16;
using Lane = uint8_t __attribute__((vector_size(kLane)));

Lane load_lane(const char* from) {
  Lane lane;
  std::memcpy(&lane, from, kLane);
  return lane;
}

bool any_set(Lane lane) {
  std::array<uint64_t, 2> halves;
  std::memcpy(halves.data(), &lane, kLane);
  return (halves[0] | halves[1]) != 0;
}

/// Writes the digits of sixteen packed bytes: 32 characters.
void unpack_lane(Lane packed, char* to) {
  const auto write = [](Lane digits, char* at) {
    constexpr uint8_t kToLetters = 'a' - '9' - 1;
    const Lane above_9 = reinterpret_cast<Lane>(digits > 9);
    digits += '0' + (above_9 & kToLetters);
    std::memcpy(at, &digits, kLane);
  };
  const Lane high = packed >> 4;
  const Lane low = packed & 15;
  write(__builtin_shufflevector(high, low, 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23), to);
  write(__builtin_shufflevector(high, low, 8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31), to + kLane);
}

size_t varint_bytes(uint64_t n) { return n < 0x80 ? 1 : (static_cast<size_t>(std::bit_width(n)) + 6) / 7; }

}  // namespace

void TermPageBuilder::clear() {
  bytes_.clear();
  last_term_.clear();
  last_shared_ = 0;
}

bool TermPageBuilder::append(std::string_view term, std::span<const Posting> postings, size_t limit_bytes) {
  assert(!term.empty() && term.size() <= kMaxPageTermBytes && last_term_ < term);
  assert(!postings.empty() && postings.back().position < blocks_);
  const size_t before = bytes_.size();
  const size_t shared_before = last_shared_;
  put_term(term);
  put_postings(postings);
  if (bytes_.size() > limit_bytes) {
    bytes_.resize(before);
    last_shared_ = shared_before;
    return false;
  }
  last_term_.assign(term);
  return true;
}

void TermPageBuilder::put_term(std::string_view term) {
  const size_t most = std::min(term.size(), last_term_.size());
  size_t shared = 0;
  while (shared < most && last_term_[shared] == term[shared]) ++shared;
  const std::string_view tail = term.substr(shared);
  const bool packed = tail.size() > 1 && are_digits(tail);
  const bool as_before = shared == last_shared_;
  bytes_.push_back(static_cast<char>(std::min<size_t>(tail.size(), kLongTail) | (packed ? kPackedDigits : 0) |
                                     (as_before ? kSharedAsBefore : 0)));
  if (tail.size() >= kLongTail) bytes_.push_back(static_cast<char>(tail.size()));
  if (!as_before) bytes_.push_back(static_cast<char>(shared));
  last_shared_ = shared;
  if (!packed) {
    bytes_ += tail;
    return;
  }
  for (size_t i = 0; i < tail.size(); i += 2) {
    const uint8_t low = i + 1 < tail.size() ? digit_value(tail[i + 1]) : 0;
    bytes_.push_back(static_cast<char>(digit_value(tail[i]) << 4 | low));
  }
}

unsigned TermPageBuilder::list_positions(std::span<const Posting> postings) {
  const uint32_t first_byte = postings.front().position / 8;
  const size_t bytes_of_bits = postings.back().position / 8 - first_byte + 1;
  const size_t bitmap_bytes = varint_bytes(first_byte) + bytes_of_bits;
  list_.clear();
  if (postings.size() < bitmap_bytes) {  // deltas may be shorter
    put_varint(list_, postings.front().position);
    for (size_t i = 1; i < postings.size(); ++i) {
      put_varint(list_, postings[i].position - postings[i - 1].position - 1);
    }
    if (list_.size() < bitmap_bytes) return kDeltas;
    list_.clear();
  }
  put_varint(list_, first_byte);
  const size_t bits = list_.size();
  list_.resize(bits + bytes_of_bits, '\0');
  for (const Posting& posting : postings) {
    char& byte = list_[bits + posting.position / 8 - first_byte];
    byte = static_cast<char>(static_cast<uint8_t>(byte) | 1U << posting.position % 8);
  }
  return kBitmap;
}

void TermPageBuilder::put_postings(std::span<const Posting> postings) {
  if (postings.size() == 1) {
    put_varint(bytes_, uint64_t{postings.front().position} << 2 | kSingle);
    if (blocks_ <= kMaxBlocksOfSlicedSingles) bytes_.push_back(static_cast<char>(postings.front().slices));
    return;
  }
  if (postings.size() == blocks_) {
    list_.clear();
    put_varint(bytes_, kAll);
  } else {
    const unsigned kind = list_positions(postings);
    put_varint(bytes_, list_.size() << 2 | kind);
  }
  const bool in_all_slices = std::all_of(postings.begin(), postings.end(),
                                         [](const Posting& posting) { return posting.slices == kAllSlices; });
  if (in_all_slices || list_.size() + postings.size() > kMaxSlicedListBytes) {
    put_varint(bytes_, 0);
  } else {
    put_varint(bytes_, postings.size());
    for (const Posting& posting : postings) bytes_.push_back(static_cast<char>(posting.slices));
  }
  bytes_ += list_;
}

// These three are most of a dictionary scan: called, they would cost it a third.
[[gnu::always_inline]] inline bool TermPageReader::read_head() {
  const auto take_byte = [this] {
    const auto byte = static_cast<uint8_t>(rest_.front());
    rest_.remove_prefix(1);
    return byte;
  };
  const unsigned head = take_byte();
  tail_ = head & kLongTail;
  if (tail_ == kLongTail) {
    if (rest_.empty()) return false;
    tail_ = take_byte();
  }
  if ((head & kSharedAsBefore) == 0) {
    if (rest_.empty()) return false;
    shared_ = take_byte();
  }
  packed_ = (head & kPackedDigits) != 0;
  const size_t stored = packed_ ? (tail_ + 1) / 2 : tail_;
  return tail_ > 0 && shared_ <= term_bytes_ && shared_ + tail_ <= kMaxPageTermBytes && stored <= rest_.size();
}

[[gnu::always_inline]] inline bool TermPageReader::read_tail() {
  char* const to = term_.data() + shared_;
  const char old = *to;
  const size_t stored = packed_ ? (tail_ + 1) / 2 : tail_;
  std::array<char, kMaxPageTermBytes + kLane> copy;  // near the page's end
  const char* from = rest_.data();
  if (rest_.size() < stored + kLane) {
    std::memcpy(copy.data(), from, stored);
    from = copy.data();
  }
  if (packed_) {
    for (size_t done = 0; done < stored; done += kLane) unpack_lane(load_lane(from + done), to + 2 * done);
  } else {
    for (size_t done = 0; done < stored; done += kLane) std::memcpy(to + done, from + done, kLane);
  }
  rest_.remove_prefix(stored);
  const bool rises = shared_ == term_bytes_ || static_cast<uint8_t>(old) < static_cast<uint8_t>(*to);
  term_bytes_ = shared_ + tail_;
  return rises;
}

[[gnu::always_inline]] inline bool TermPageReader::read_postings() {
  const auto head = take_varint(rest_);
  if (!head) return false;
  kind_ = *head & 3;
  list_ = slices_ = {};
  const uint64_t n = *head >> 2;
  const bool sliced = form_ == PostingForm::kSlices;
  if (kind_ == kSingle) {
    single_ = {static_cast<uint32_t>(n), kAllSlices};
    if (sliced && blocks_ <= kMaxBlocksOfSlicedSingles) {
      if (rest_.empty()) return false;
      single_.slices = static_cast<SliceMask>(rest_.front());
      rest_.remove_prefix(1);
    }
    return n < blocks_ && single_.slices != 0;
  }
  if (sliced) {
    const auto blocks = take_varint(rest_);
    if (!blocks || *blocks > rest_.size()) return false;
    slices_ = rest_.substr(0, *blocks);
    rest_.remove_prefix(*blocks);
  }
  if (kind_ == kAll) return n == 0;
  if (n == 0 || n > rest_.size()) return false;
  list_ = rest_.substr(0, n);
  rest_.remove_prefix(n);
  return true;
}

[[gnu::always_inline]] inline bool TermPageReader::read_next() {
  if (rest_.empty() || damaged_) return false;
  ++terms_read_;
  damaged_ = !read_head() || !read_tail() || !read_postings();
  return !damaged_;
}

bool TermPageReader::next() { return read_next(); }

bool TermPageReader::next_containing(std::string_view literal) {
  const Lane first = Lane{} + static_cast<uint8_t>(literal.front());
  const Lane last = Lane{} + static_cast<uint8_t>(literal.back());
  const size_t before_last = literal.size() - 1;
  const bool ends_with_digit = digit_value(literal.back()) != 0xFF;
  // Where the literal's first occurrence in the current term ends: terms that share so much contain it, too.
  const auto find_end = [&](size_t from) {
    const size_t at = term().find(literal, from);
    return at == std::string_view::npos ? SIZE_MAX : at + literal.size();
  };
  size_t found_end = find_end(0);
  while (read_next()) {
    if (found_end <= shared_) return true;
    found_end = SIZE_MAX;
    // Another occurrence ends among the new bytes.
    if (packed_ && !ends_with_digit) continue;
    const size_t from = shared_ - std::min(shared_, before_last);
    for (size_t at = from; at + before_last < term_bytes_; at += kLane) {
      const char* const here = term_.data() + at;
      const Lane both = reinterpret_cast<Lane>((load_lane(here) == first) & (load_lane(here + before_last) == last));
      if (!any_set(both)) continue;
      found_end = find_end(at);
      break;
    }
    if (found_end != SIZE_MAX || term_[term_bytes_ - 1] == tokenizer::kCutMark) return true;
  }
  return false;
}

// A term that shares more with the one before it than that one shares with `wanted` is below `wanted` as that one is:
// it is passed over unread. One that shares less is above.
bool TermPageReader::seek(std::string_view wanted) {
  if (damaged_ || (term_bytes_ == 0 && !next())) return false;
  const auto common = [&] {
    const std::string_view have = term();
    return static_cast<size_t>(std::mismatch(have.begin(), have.end(), wanted.begin(), wanted.end()).first -
                               have.begin());
  };
  size_t same = common();
  const auto is_below = [&] {
    return same < wanted.size() &&
           (same == term_bytes_ || static_cast<uint8_t>(term_[same]) < static_cast<uint8_t>(wanted[same]));
  };
  while (is_below()) {
    do {
      if (rest_.empty()) return false;
      damaged_ = !read_head();
      if (damaged_) return false;
      if (shared_ <= same) break;
      rest_.remove_prefix(packed_ ? (tail_ + 1) / 2 : tail_);
      term_bytes_ = shared_ + tail_;
      damaged_ = !read_postings();
    } while (!damaged_);
    damaged_ = damaged_ || !read_tail() || !read_postings();
    if (damaged_) return false;
    same = common();
  }
  return true;
}

uint32_t TermPageReader::count() const {
  if (kind_ == kSingle) return 1;
  if (kind_ == kAll) return blocks_;
  std::string_view list = list_;
  if (kind_ == kBitmap) {
    if (!take_varint(list)) return 0;
    return std::accumulate(list.begin(), list.end(), 0U, [](uint32_t sum, char byte) {
      return sum + static_cast<uint32_t>(std::popcount(static_cast<uint8_t>(byte)));
    });
  }
  return static_cast<uint32_t>(
      std::count_if(list.begin(), list.end(), [](char byte) { return static_cast<uint8_t>(byte) < 0x80; }));
}

bool TermPageReader::append_postings(std::vector<Posting>& postings, uint32_t shift) const {
  if (kind_ == kSingle) {
    postings.push_back({single_.position + shift, single_.slices});
    return true;
  }
  const size_t before = postings.size();
  if (kind_ == kAll) {
    for (uint32_t position = 0; position < blocks_; ++position) postings.push_back({position + shift, kAllSlices});
  } else if (!append_listed(postings, shift)) {
    return false;
  }
  if (slices_.empty()) return true;
  if (slices_.size() != postings.size() - before) return false;
  for (size_t i = 0; i < slices_.size(); ++i) postings[before + i].slices = static_cast<SliceMask>(slices_[i]);
  return slices_.find('\0') == std::string_view::npos;
}

bool TermPageReader::append_listed(std::vector<Posting>& postings, uint32_t shift) const {
  std::string_view list = list_;
  auto n = take_varint(list);
  if (!n) return false;
  if (kind_ == kBitmap) {
    if (*n > blocks_ / 8 || list.empty() || list.back() == '\0') return false;
    uint64_t position = *n * 8;
    for (const char byte : list) {
      for (unsigned bits = static_cast<uint8_t>(byte); bits != 0; bits &= bits - 1) {
        const uint64_t at = position + static_cast<unsigned>(std::countr_zero(bits));
        postings.push_back({static_cast<uint32_t>(at) + shift, kAllSlices});
      }
      position += 8;
    }
    return postings.back().position - shift < blocks_;
  }
  uint64_t position = *n;
  for (;;) {
    if (position >= blocks_) return false;
    postings.push_back({static_cast<uint32_t>(position) + shift, kAllSlices});
    if (list.empty()) return true;
    n = take_varint(list);
    if (!n || *n >= blocks_) return false;
    position += *n + 1;
  }
}

}  // namespace kseek::store
