// The pairs of a segment's blocks, on disk (docs/format.md): blocks of one shape are a group, and each row of a group
// has a bit for each of its blocks, so that a question about a pair reads a few rows and not a filter a block.
// Internal to store/. One thread. Everything here throws what Xapian throws.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "store/pairs.h"

namespace kseek::store {

class SegmentDatabase;
class SegmentOutput;

/// Writes the pairs of a fresh segment's blocks, by position. Before its terms.
void write_pairs(const std::vector<const BlockPairs*>& blocks, SegmentOutput& output);

/// A segment as an input of a merge.
struct PairsInput {
  const SegmentDatabase* database = nullptr;
  uint32_t shift = 0;  ///< what its positions become higher by
};
/// Writes the pairs of merged segments. Before its terms.
void merge_pairs(const std::vector<PairsInput>& inputs, SegmentOutput& output);

/// Blocks of one shape.
struct PairGroup {
  PairShape shape;
  std::vector<uint32_t> positions;  ///< rising; a row's bit i is that of positions[i]
};

/// Answers which blocks have a pair.
class PairReader {
 public:
  explicit PairReader(const SegmentDatabase& database) : database_(&database) {}
  /// How many rows a question reads, each in a page of its own.
  [[nodiscard]] uint32_t rows_read();
  /// Takes the blocks that don't have the pair out of `positions`, which rise.
  void keep_having(PairHash pair, std::vector<uint32_t>& positions);

 private:
  void load_groups();

  const SegmentDatabase* database_;
  std::optional<std::vector<PairGroup>> groups_;  // once somebody asked
};

}  // namespace kseek::store
