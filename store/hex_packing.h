// Hexadecimal digits, two a byte: many messages of Kafka have UUIDs, trace ids and hashes, of which no compressor
// makes less than half a byte a digit. Packed first, they are half a byte even where a fast one
// (LZ4, which takes bytes as they are) does the rest; docs/format.md has the bytes. Internal to store/. Any thread.
#pragma once

#include <span>
#include <string>
#include <string_view>

namespace kseek::store {

/// What is left of a text, and the bytes that its digits were packed into.
struct HexPacked {
  std::string text;
  std::string digits;

  [[nodiscard]] size_t size() const { return text.size() + digits.size(); }
};

/// Replaces what `packed` holds. At most twice as long as `raw`: where it isn't shorter, `raw` is the better one to
/// keep.
void pack_hex(std::string_view raw, HexPacked& packed);

/// False, and `raw` is anything, unless they spell exactly as many bytes as `raw` has, and all are needed for that.
/// Any bytes are allowed.
[[nodiscard]] bool unpack_hex(std::string_view text, std::string_view digits, std::span<char> raw);

/// The longest part of a text that every packed text has as it is, wherever that text stands in what it spells; may be
/// empty.
[[nodiscard]] std::string_view never_packed(std::string_view text);

}  // namespace kseek::store
