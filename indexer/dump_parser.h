// Reads one line of a `kcat -J` dump. Private to indexer/.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/ids.h"
#include "base/result.h"

namespace kseek::indexer {

/// Bytes that must be readable behind a line (their content doesn't matter).
inline constexpr size_t kLinePadding = 64;

/// A part of the arena that a line's strings are appended to; absent is JSON's null, or no such field.
struct ArenaSlice {
  size_t begin = 0;
  size_t size = 0;
  bool absent = true;
  [[nodiscard]] std::optional<std::string_view> in(const std::string& arena) const {
    if (absent) return std::nullopt;
    return std::string_view(arena).substr(begin, size);
  }
};

struct DumpLine {
  std::optional<PartitionId> partition;
  std::optional<Offset> offset;
  Timestamp time;
  TimestampType timestamp_type = TimestampType::kNone;
  ArenaSlice key;
  ArenaSlice value;
  ArenaSlice headers;  ///< encoded as base/message.h says; absent: none
};

/// One thread. Keeps its buffers from line to line.
class DumpParser {
 public:
  DumpParser();
  ~DumpParser();

  /// REQUIRES: kLinePadding readable bytes behind `line`. Strings are appended to `arena`. Unknown fields are ignored,
  /// absent ones are what null is; but "payload" must be there, which kcat always writes: other JSON is no message.
  /// kcat writes bytes that aren't UTF-8 as they are, which isn't JSON: such bytes are kept (in a line that has them,
  /// \u escapes of U+0080 to U+00FF read as single bytes; kcat writes none). kInvalid says what was expected.
  Result<DumpLine> parse(std::string_view line, std::string& arena);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace kseek::indexer
