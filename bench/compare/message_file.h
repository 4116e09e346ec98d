// The file of messages that kseek and every peer read, so that all index the same bytes. Little-endian:
//
//   "KSEEKMSG"
//   record: u32 bytes that follow · i32 partition · i64 offset · i64 timestamp (ms) · i32 key bytes (-1: null)
//           · i32 value bytes (-1: null) · key · value
//
// Offsets of a partition rise. Headers are left out: the peers have no place for them. One thread each.
#pragma once

#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <memory>
#include <optional>
#include <vector>

#include "base/message.h"

namespace kseek::bench {

struct CloseFile {
  void operator()(std::FILE* file) const { std::fclose(file); }
};
using File = std::unique_ptr<std::FILE, CloseFile>;

class MessageFileWriter {
 public:
  /// Ends the program when the file can't be made or, later, written.
  explicit MessageFileWriter(const std::filesystem::path& path);
  /// Key, value, partition, offset and create time.
  void write(const MessageView& message);
  void close();

 private:
  File file_;
  std::vector<char> record_;
};

class MessageFileReader {
 public:
  /// Ends the program when it is not such a file or, later, when it breaks off.
  explicit MessageFileReader(const std::filesystem::path& path);
  /// nullopt at the end. The views die with the next call.
  [[nodiscard]] std::optional<MessageView> next();

 private:
  /// False at the end of the file.
  bool fill(size_t bytes);

  File file_;
  std::vector<char> buffer_;
  size_t begin_ = 0;
  size_t end_ = 0;
};

}  // namespace kseek::bench
