// Any text into pack_hex and back: the same. Any bytes into unpack_hex: nothing is touched beyond what they may touch.
#include <cstdint>
#include <cstdlib>
#include <string_view>
#include <vector>

#include "store/hex_packing.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view raw(reinterpret_cast<const char*>(data), size);  // NOLINT: bytes are bytes
  kseek::store::HexPacked packed;
  kseek::store::pack_hex(raw, packed);
  std::vector<char> again(size);
  if (!kseek::store::unpack_hex(packed.text, packed.digits, again)) std::abort();
  if (std::string_view(again.data(), size) != raw) std::abort();
  if (size < 2) return 0;
  const size_t room = data[0];
  const size_t digits = data[1] % (size - 1);
  std::vector<char> any(room);
  (void)kseek::store::unpack_hex(raw.substr(2 + digits), raw.substr(2, digits), any);
  return 0;
}
