// Where the values stand that a path leads to, in the bytes of a JSON text: no tree is built. Private to indexer/.
// Any thread, no state.
#pragma once

#include <cstddef>
#include <string_view>
#include <vector>

#include "tokenizer/json_path.h"

namespace kseek::indexer {

/// Bytes [begin, end).
struct ByteRange {
  size_t begin = 0;
  size_t end = 0;
  bool operator==(const ByteRange&) const = default;
};

/// Each value that the path leads to, whole (a string with its quotes, an object with its braces), in order; null is
/// none. Of members of the same name all count; names are compared with their escapes spelled out.
/// REQUIRES: tokenizer::is_json_container(json). Linear in the text.
[[nodiscard]] std::vector<ByteRange> find_values(std::string_view json, const tokenizer::JsonPath& path);

}  // namespace kseek::indexer
