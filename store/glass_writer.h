// Writes a Xapian database (backend glass, Xapian 1.4) in one pass from user metadata that come in order of their keys:
// the same as WritableDatabase::set_metadata() makes, for a fraction of its time, because its B-tree is filled from
// left to right, each block once, to the brim. Xapian reads and checks it like any other; docs/format.md has the bytes.
//
// One thread. Limits: an item fits into one block of the B-tree, at most kMaxItemBytes.
#pragma once

#include <array>
#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace kseek::store {

class GlassWriter {
 public:
  static constexpr size_t kMaxKeyBytes = 120;
  static constexpr size_t kMaxItemBytes = 8160;  ///< key and value: always fits

  /// A database without documents in `directory`, which must exist and be empty. kUnavailable: can't be written.
  [[nodiscard]] static Result<std::unique_ptr<GlassWriter>> create(const std::filesystem::path& directory);
  ~GlassWriter();
  GlassWriter(const GlassWriter&) = delete;
  GlassWriter& operator=(const GlassWriter&) = delete;

  /// Bytes of key and value that the block being filled has room for; kMaxItemBytes when it is (nearly) full.
  [[nodiscard]] size_t room() const;
  /// REQUIRES: keys rise bytewise, have 1 to kMaxKeyBytes bytes; the value is not empty; no more than kMaxItemBytes.
  void add(std::string_view key, std::string_view value);
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

  explicit GlassWriter(std::filesystem::path directory);
  uint32_t write_branches();
  void start_block();
  char* place(size_t bytes);
  void write_block(unsigned level);
  Result<void> write_version(uint32_t root, uint32_t levels);

  const std::filesystem::path directory_;
  std::unique_ptr<std::FILE, CloseFile> file_;
  int error_ = 0;  // errno of the first failure
  std::array<char, kBlockBytes> block_{};
  size_t directory_end_ = 0;  // in block_: its directory of items grows up …
  size_t items_begin_ = 0;    // … and its items grow down
  uint32_t blocks_written_ = 0;
  uint32_t levels_ = 0;
  uint64_t entries_ = 0;
  std::vector<Child> children_;  // of the level being written
  std::string key_;
  std::string last_key_;
};

}  // namespace kseek::store
