// Which words stand next to each other in a block: what tells "payment timeout" from a block that has both words,
// apart.
//
// Only pairs of plain words are kept (no digits, or at most three bytes): ids, numbers and UUIDs are rare enough by
// themselves. Of a pair there is a hash of 32 bits alone, so a block may seem to have a pair that it has not; never the
// other way round. Hashes are on disk (docs/format.md). Values: any thread; a PairCollector: one.
#pragma once

#include <compare>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "tokenizer/tokenizer.h"

namespace kseek::store {

enum class Field : char;

/// Two adjacent words of one text of a field.
struct PairHash {
  uint32_t value = 0;
  auto operator<=>(const PairHash&) const = default;
};

/// Of a folded token; 0 if it isn't plain.
[[nodiscard]] uint32_t token_hash(std::string_view token);

/// Of two plain tokens' hashes.
[[nodiscard]] inline PairHash pair_of(Field field, uint32_t first, uint32_t second) {
  const uint64_t both = uint64_t{first} << 32 | second;
  const uint64_t mixed = (both ^ static_cast<uint8_t>(field)) * 0xE7037ED1A0B428DB;
  const auto hash = static_cast<uint32_t>((mixed ^ mixed >> 29) * 0x9E3779B97F4A7C15 >> 32);
  return {hash == 0 ? 1 : hash};
}

/// Of two folded tokens; nullopt: one of them isn't plain, nobody knows of such pairs.
[[nodiscard]] std::optional<PairHash> pair_hash(Field field, std::string_view first, std::string_view second);

/// How a block's pairs are kept in a segment: a Bloom filter of `rows` bits, of which a pair sets `hashes`.
struct PairShape {
  uint32_t rows = 0;  ///< 0: not at all, the block may have any pair
  uint32_t hashes = 0;
  auto operator<=>(const PairShape&) const = default;

  /// Which row the pair sets as its number `i`.
  [[nodiscard]] uint32_t row(PairHash pair, uint32_t i) const {
    const uint64_t mixed = pair.value * uint64_t{0x9E3779B97F4A7C15};
    const auto at = static_cast<uint32_t>((mixed >> 32) + i * (mixed | 1));
    return static_cast<uint32_t>((uint64_t{at} * rows) >> 32);
  }
};

inline constexpr uint32_t kMaxPairRows = 1U << 22;
inline constexpr uint32_t kMaxPairHashes = 4;

/// About kBitsAPair bits a pair, but no more of them than an eighteenth of the text's: then fewer a pair, as in
/// Chinese, where each character is a word. No rows when so few would be of no use. Rows are powers of the square root
/// of 2, so that most blocks of a topic are of one shape.
[[nodiscard]] PairShape pair_shape(size_t pairs, uint64_t text_bytes);

/// A block's distinct pairs.
struct BlockPairs {
  PairShape shape;               ///< what a segment keeps
  bool known = false;            ///< false: any pair may be there, they are too many
  std::vector<uint32_t> hashes;  ///< in no order
  [[nodiscard]] bool may_have(PairHash pair) const;
};

/// Collects the pairs of a block's texts; reusable after take().
class PairCollector {
 public:
  PairCollector();
  /// A text of so many bytes begins.
  void begin_text(size_t bytes) {
    text_bytes_ += bytes;
    before_ = 0;
  }
  /// The text's next token, by its token_hash().
  void add(Field field, uint32_t token) {
    if (token != 0 && before_ != 0) waiting_.push_back(pair_of(field, before_, token).value);
    before_ = token;
  }
  void end_text();
  [[nodiscard]] BlockPairs take();

 private:
  void insert(uint32_t hash);
  void grow();

  std::vector<uint32_t> waiting_;  // of the text
  std::vector<uint32_t> hashes_;   // distinct
  std::vector<uint32_t> slots_;    // the same, by open addressing, at most half full; 0: free
  unsigned shift_;                 // of a product's 64 bits, to a slot
  uint64_t factor_;
  uint64_t text_bytes_ = 0;
  uint32_t before_ = 0;
};

}  // namespace kseek::store
