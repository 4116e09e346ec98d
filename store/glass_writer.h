// Writes a Xapian database (backend glass, Xapian 1.4) in one pass from terms that come in order: the same database as
// WritableDatabase makes from boolean terms, for a tenth of its time and half its size, because its B-tree is filled
// from left to right, each block once, to the brim. Xapian reads, checks and merges it like any other; docs/format.md
// has the bytes. Measured on bench/store_bench.cc, four blocks of 41,000 terms each: WritableDatabase 1.14 µs a posting
// and 1.01 bytes of index a raw byte, this 0.17 µs (merging the blocks' terms, syncing and hashing included) and 0.51.
//
// One thread. Limits: documents 1 to kMaxDocuments, so that a posting list fits into one B-tree item.
#pragma once

#include <array>
#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace kseek::store {

class GlassWriter {
 public:
  static constexpr uint32_t kMaxDocuments = 256;
  static constexpr size_t kMaxTermBytes = 100;  ///< far above the index's own limit

  /// A database of `documents` documents in `directory`, which must exist and be empty. kUnavailable: can't be written.
  [[nodiscard]] static Result<std::unique_ptr<GlassWriter>> create(const std::filesystem::path& directory,
                                                                   uint32_t documents);
  ~GlassWriter();
  GlassWriter(const GlassWriter&) = delete;
  GlassWriter& operator=(const GlassWriter&) = delete;

  /// The documents (positions: docid - 1, rising, not empty) that have a term. REQUIRES: terms rise bytewise, have 1 to
  /// kMaxTermBytes bytes, and no NUL.
  void add(std::string_view term, std::span<const uint32_t> positions);
  /// Writes what is left. kUnavailable when anything could not be written since create().
  [[nodiscard]] Result<void> finish();

 private:
  static constexpr size_t kBlockBytes = 8192;
  struct CloseFile {
    void operator()(std::FILE* file) const { std::fclose(file); }
  };
  struct Child {
    std::string separator;  // at most its first key, above the last key of the child before it
    uint32_t block = 0;
  };

  GlassWriter(std::filesystem::path directory, uint32_t documents);
  void add_leaf_item(std::string_view key, std::string_view tag);
  void add_document_lengths();
  uint32_t write_branches();
  void start_block();
  char* place(size_t bytes);
  void write_block(unsigned level);
  Result<void> write_version(uint32_t root, uint32_t levels);

  const std::filesystem::path directory_;
  const uint32_t documents_;
  std::unique_ptr<std::FILE, CloseFile> file_;
  int error_ = 0;  // errno of the first failure
  std::array<char, kBlockBytes> block_{};
  size_t directory_end_ = 0;  // in block_: its directory of items grows up …
  size_t items_begin_ = 0;    // … and its items grow down
  uint32_t blocks_written_ = 0;
  uint32_t levels_ = 0;
  uint64_t entries_ = 0;
  std::vector<Child> children_;  // of the level being written
  std::string last_key_;
  std::string tag_;
};

}  // namespace kseek::store
