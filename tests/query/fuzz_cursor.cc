// Any bytes as a cursor, and any bytes behind the right checksum: refused, or a cursor that reads back as itself.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "query/cursor.h"

namespace {

void check(std::string_view text) {
  const auto cursor = kseek::query::decode_cursor(text);
  if (!cursor) return;
  const auto again = kseek::query::decode_cursor(kseek::query::encode_cursor(*cursor));
  if (!again || !(*again == *cursor)) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  check(text);
  check(kseek::query::seal_cursor_bytes(text));
  return 0;
}
