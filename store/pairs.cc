#include "store/pairs.h"

#define XXH_INLINE_ALL
#include <xxhash.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>
#include <random>

#include "store/terms.h"

namespace kseek::store {
namespace {

constexpr size_t kBitsAPair = 6;
constexpr double kLeastBitsAPair = 2;   // two thirds of the pairs that are not there would seem to be
constexpr double kTextBytesAByte = 18;  // of the filter
constexpr uint32_t kMinRows = 256;
constexpr size_t kMaxPairs = 256 * 1024;  // of a block: of more nothing is kept
constexpr size_t kFirstSlots = 4096;
constexpr size_t kKeptPairs = 64 * 1024;  // the table of more is given back
constexpr size_t kAlwaysPlainBytes = 3;

template <class Word>
uint64_t load(const char* p) {
  Word word;
  std::memcpy(&word, p, sizeof(word));
  return word;
}

/// Whether one of eight bytes is a digit (the test for a byte below n of S. E. Anderson's "Bit Twiddling Hacks").
bool has_digit(uint64_t bytes) {
  constexpr uint64_t kOnes = 0x0101010101010101;
  const uint64_t digits_below_10 = bytes ^ (kOnes * '0');
  return ((digits_below_10 - kOnes * 10) & ~digits_below_10 & (kOnes * 0x80)) != 0;
}

bool is_plain(std::string_view token) {
  const size_t size = token.size();
  const char* const p = token.data();
  if (size <= kAlwaysPlainBytes) return true;
  if (size < 8) return !has_digit(load<uint32_t>(p) | load<uint32_t>(p + size - 4) << 32);
  if (size > tokenizer::kMaxTermBytes) return false;
  for (size_t at = 0; at + 8 < size; at += 8) {
    if (has_digit(load<uint64_t>(p + at))) return false;
  }
  return !has_digit(load<uint64_t>(p + size - 8));
}

/// Differs from process to process, so that nobody can send messages whose pairs all collide.
uint64_t process_factor() {
  static const uint64_t factor = [] {
    std::random_device random;
    return (static_cast<uint64_t>(random()) << 32) | random() | 1;
  }();
  return factor;
}

}  // namespace

uint32_t token_hash(std::string_view token) {
  return is_plain(token) ? static_cast<uint32_t>(XXH3_64bits(token.data(), token.size())) | 1 : 0;
}

std::optional<PairHash> pair_hash(Field field, std::string_view first, std::string_view second) {
  const uint32_t a = token_hash(first);
  const uint32_t b = token_hash(second);
  if (a == 0 || b == 0) return std::nullopt;
  return pair_of(field, a, b);
}

PairShape pair_shape(size_t pairs, uint64_t text_bytes) {
  const auto wanted = static_cast<double>(pairs * kBitsAPair);
  const double bits = std::min(wanted, static_cast<double>(text_bytes) * 8 / kTextBytesAByte);
  const double bits_a_pair = pairs == 0 ? kBitsAPair : bits / static_cast<double>(pairs);
  if (bits_a_pair < kLeastBitsAPair) return {};
  const double steps = std::round(2 * std::log2(std::max<double>(bits, kMinRows)));
  const auto rows = static_cast<uint32_t>(std::exp2(steps / 2));
  const auto hashes = static_cast<uint32_t>(std::lround(bits_a_pair * 0.69));  // ln 2: the fewest errors
  return {std::clamp(rows, kMinRows, kMaxPairRows), std::clamp(hashes, 1U, kMaxPairHashes)};
}

bool BlockPairs::may_have(PairHash pair) const {
  if (!known) return true;
  uint32_t found = 0;  // no early end: the loop becomes one of vectors
  for (const uint32_t hash : hashes) found |= static_cast<uint32_t>(hash == pair.value);
  return found != 0;
}

PairCollector::PairCollector()
    : slots_(kFirstSlots), shift_(64 - std::countr_zero(kFirstSlots)), factor_(process_factor()) {}

void PairCollector::end_text() {
  constexpr size_t kAhead = 8;  // slots are fetched while others are looked at
  for (size_t i = 0; i < waiting_.size() + kAhead; ++i) {
    if (i < waiting_.size()) __builtin_prefetch(&slots_[(waiting_[i] * factor_) >> shift_]);
    if (i >= kAhead && hashes_.size() <= kMaxPairs) insert(waiting_[i - kAhead]);
  }
  if (waiting_.size() > kKeptPairs) {
    waiting_ = {};
  } else {
    waiting_.clear();
  }
}

void PairCollector::insert(uint32_t hash) {
  const size_t mask = slots_.size() - 1;
  size_t at = (hash * factor_) >> shift_;
  while (slots_[at] != 0) {
    if (slots_[at] == hash) return;
    at = (at + 1) & mask;
  }
  slots_[at] = hash;
  hashes_.push_back(hash);
  if (hashes_.size() * 2 > slots_.size()) grow();
}

void PairCollector::grow() {
  std::vector<uint32_t>(slots_.size() * 2).swap(slots_);
  --shift_;
  const size_t mask = slots_.size() - 1;
  for (const uint32_t hash : hashes_) {
    size_t at = (hash * factor_) >> shift_;
    while (slots_[at] != 0) at = (at + 1) & mask;
    slots_[at] = hash;
  }
}

BlockPairs PairCollector::take() {
  BlockPairs taken;
  taken.known = hashes_.size() <= kMaxPairs;
  if (taken.known) {
    taken.shape = pair_shape(hashes_.size(), text_bytes_);
    taken.hashes.assign(hashes_.begin(), hashes_.end());
  }
  if (hashes_.size() > kKeptPairs) {
    *this = PairCollector();
  } else {
    std::fill(slots_.begin(), slots_.end(), 0);
    hashes_.clear();
    text_bytes_ = 0;
  }
  return taken;
}

}  // namespace kseek::store
