// Index segments: immutable, each answers "which of my blocks have this term, and in which of
// their slices". All of Xapian stands behind this header.
// A segment is a directory below <data>/segments/; the catalog names the live ones.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/ids.h"
#include "base/result.h"
#include "store/block.h"
#include "store/slices.h"
#include "store/terms.h"

namespace kseek::store {

/// As many as a page of terms can name one by one.
inline constexpr uint32_t kMaxSegmentBlocks = 60'000;

/// What the catalog keeps of a segment.
struct SegmentMeta {
  SegmentId id;
  std::vector<BlockId> blocks;  ///< by position: a posting is an index into this
  uint32_t level = 0;           ///< 0 as built, one more after each merge
  uint64_t bytes = 0;           ///< on disk
  uint64_t checksum = 0;        ///< of its files (docs/format.md)
  bool operator==(const SegmentMeta&) const = default;
};

/// One block's terms for a segment.
struct SegmentInput {
  BlockId block;
  std::shared_ptr<const BlockTerms> terms;
};

/// Writes a fresh segment to the directory `path` (must not exist) and syncs it and its parent: when it returns, the
/// segment survives power loss; who crashes before the catalog names it leaves an orphan. Any thread.
/// A full disk or a lack of permission is kUnavailable, more than kMaxSegmentBlocks are kTooLarge; failures leave
/// nothing behind at `path`. The directory is built as `path`.building beside it and renamed, so that a half-written
/// one never has the name.
[[nodiscard]] Result<SegmentMeta> write_segment(const std::filesystem::path& path, SegmentId id,
                                                const std::vector<SegmentInput>& inputs);

class Segment;

/// Merges neighbours, oldest first, into one segment at `path`, as write_segment does. kCorrupt names the input that
/// is not what was written: each is verified before it is read. REQUIRES: inputs not empty.
[[nodiscard]] Result<SegmentMeta> merge_segments(const std::filesystem::path& path, SegmentId id,
                                                 const std::vector<std::shared_ptr<const Segment>>& inputs);

/// Reads the files again and compares them with what was written: kCorrupt says which segment differs.
[[nodiscard]] Result<void> verify_segment(const std::filesystem::path& path, const SegmentMeta& meta);

/// Which terms to visit.
struct TermScan {
  std::string_view prefix{};   ///< they begin with it
  std::string_view literal{};  ///< and contain it, or are cut (tokenizer::kCutMark); empty: all
  std::string_view from{};     ///< and are not below it
  std::string_view below{};    ///< and are below it; empty: no limit
  uint64_t most = UINT64_MAX;  ///< stop when about so many were gone through, visited or passed over
};

/// Reads one segment. One thread at a time (a Xapian handle is not thread-safe). Errors: kCorrupt when the files are
/// not what was written, kUnavailable when they can't be read.
class SegmentReader {
 public:
  ~SegmentReader();
  /// How many blocks have the term; 0 when it is absent.
  [[nodiscard]] Result<uint32_t> block_count(std::string_view field_term);
  /// Appends the term's postings, positions rising. In a segment that doesn't know slices each has all of them.
  [[nodiscard]] Result<void> postings(std::string_view field_term, std::vector<Posting>& postings);
  /// How many rows a question about a pair reads, each in a few microseconds; 0: nothing is known of pairs.
  [[nodiscard]] Result<uint32_t> pair_rows();
  /// Takes the blocks that don't have the pair out of `positions` (rising, of this segment). Others may stay too.
  [[nodiscard]] Result<void> keep_having(PairHash pair, std::vector<uint32_t>& positions);
  /// How many terms the field has; nullopt: a segment of the older format, which doesn't say.
  [[nodiscard]] std::optional<uint64_t> terms(Field field) const;
  /// Terms, rising, between which about as many others stand, some ten thousand or more: who scans all can scan from
  /// one to below the next on several threads. None in a small segment, and in one that was written before there were.
  [[nodiscard]] Result<std::vector<std::string>> landmarks();
  /// Calls `visit` with the terms that `scan` asks for, in bytewise order, until it returns false. A visited term dies
  /// with the call; `visit` may call postings(), which costs next to nothing for the term that is visited.
  /// False: not all were gone through.
  [[nodiscard]] Result<bool> scan_terms(const TermScan& scan,
                                        const std::function<bool(std::string_view field_term)>& visit);

 private:
  friend class Segment;
  struct Impl;
  explicit SegmentReader(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

/// A live segment, shared by searches and merges. Any thread; it keeps a few idle readers.
class Segment {
 public:
  /// `times`: of the messages in its blocks.
  Segment(std::filesystem::path path, SegmentMeta meta, TimeBounds times = {});
  ~Segment();  ///< deletes the directory if it was made obsolete

  [[nodiscard]] const SegmentMeta& meta() const { return meta_; }
  [[nodiscard]] const std::filesystem::path& path() const { return path_; }
  [[nodiscard]] const TimeBounds& times() const { return times_; }

  /// A reader for the calling thread, given back to the segment when `Lease` dies. kUnavailable also when the directory
  /// is gone: beside an owner, who has merged or dropped it (its blocks are then candidates for everything).
  class Lease;
  [[nodiscard]] Result<Lease> borrow() const;

  /// The catalog no longer names it: its files go when the last reader has gone.
  void make_obsolete() const;

 private:
  const std::filesystem::path path_;
  const SegmentMeta meta_;
  const TimeBounds times_;
  mutable std::mutex mu_;
  mutable std::vector<std::unique_ptr<SegmentReader>> idle_;  // guarded by mu_
  mutable bool obsolete_ = false;                             // guarded by mu_
};

class Segment::Lease {
 public:
  Lease(const Segment& segment, std::unique_ptr<SegmentReader> reader)
      : segment_(&segment), reader_(std::move(reader)) {}
  Lease(Lease&&) noexcept = default;
  Lease& operator=(Lease&&) = delete;
  ~Lease();
  SegmentReader* operator->() const { return reader_.get(); }

 private:
  const Segment* segment_;
  std::unique_ptr<SegmentReader> reader_;
};

}  // namespace kseek::store
