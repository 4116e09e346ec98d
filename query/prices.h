// What the planner reckons with, in seconds of one core. Measured: 2 million messages of 331 bytes, 6.8 million terms;
// the scan of terms by BM_ScanTerms of bench/store_bench.cc, blocks by bench/search_bench.cc.
#pragma once

#include "query/slice_set.h"
#include "query/term_source.h"

namespace kseek::query {

/// A term that is passed over, and one that is visited: matched, its blocks added.
inline constexpr double kTermSeconds = 1 / 70e6;
inline constexpr double kVisitSeconds = 100e-9;
/// Opening a block, and decoding and verifying its bytes.
inline constexpr double kOpenBlockSeconds = 20e-6;
inline constexpr double kVerifyBytesPerSecond = 1.05e9;
/// Reading a row of pairs, and asking a block in memory.
inline constexpr double kPairRowSeconds = 6e-6;
inline constexpr double kPairInMemorySeconds = 4e-6;

inline double verify_block_seconds(const TermSource& source) {
  return kOpenBlockSeconds + source.raw_bytes_per_block / kVerifyBytesPerSecond;
}

/// What verifying these blocks costs.
inline double verify_seconds(const TermSource& source, const SliceSet& among) {
  const double slice_seconds = source.raw_bytes_per_block / store::kBlockSlices / kVerifyBytesPerSecond;
  return static_cast<double>(among.count()) * kOpenBlockSeconds +
         static_cast<double>(among.slice_count()) * slice_seconds;
}

}  // namespace kseek::query
