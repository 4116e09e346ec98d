// Keys, values and headers as an answer shows them: valid UTF-8, cut to a limit. Any thread, no state.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "query/request.h"

namespace kseek::server {

/// Keys and values in lists of hits are shown to so many bytes.
inline constexpr size_t kShownBytes = 1024;

/// A range of bytes.
struct ByteRange {
  uint32_t begin = 0;
  uint32_t end = 0;
  bool operator==(const ByteRange&) const = default;
};

struct ShownText {
  std::string text;               ///< valid UTF-8; each byte that isn't UTF-8 is U+FFFD
  bool truncated = false;         ///< the bytes had more
  std::vector<ByteRange> ranges;  ///< the given ranges, in bytes of `text`: clipped, and without those behind the cut
};

/// Cuts at a character boundary, so that `text` has at most `limit` bytes. `ranges` are bytes of `bytes`.
[[nodiscard]] ShownText show_text(std::string_view bytes, size_t limit, const std::vector<ByteRange>& ranges = {});

/// A part of a text around a match that the cut hides.
struct Snippet {
  size_t at = 0;  ///< where in the bytes it begins
  ShownText shown;
};

/// Some `limit` bytes around the first of `ranges` (bytes of `bytes`, rising), with what is seen of them all. The cut
/// is at characters. REQUIRES: a range; it begins inside of `bytes`.
[[nodiscard]] Snippet show_around(std::string_view bytes, size_t limit, const std::vector<ByteRange>& ranges);

}  // namespace kseek::server
