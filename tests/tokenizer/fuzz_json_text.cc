// Any bytes: is_json_container must end, read nothing outside, and what it accepts must unescape to valid UTF-8 that
// has no escape left to misread. Cut by one byte, no container is one (but for white space around it).
#include <cstdlib>
#include <string>

#include "tokenizer/json_text.h"
#include "tokenizer/utf8.h"

namespace kseek::tokenizer {
namespace {

void require(bool condition) {
  if (!condition) std::abort();
}

bool is_valid_utf8(std::string_view text) {
  for (const char *p = text.data(), *end = p + text.size(); p < end;) {
    const Decoded decoded = decode_utf8(p, end);
    if (decoded.c == kReplacement && std::string_view(p, decoded.length) != "\xEF\xBF\xBD") return false;
    p += decoded.length;
  }
  return true;
}

void check(std::string_view text) {
  if (!is_json_container(text)) return;
  require(is_valid_utf8(text));
  require(is_json_container("[" + std::string(text) + ", {\"a\":" + std::string(text) + "}]"));
  require(!is_json_container(std::string(text) + "]"));
  require(!is_json_container(text.substr(0, text.find_last_of("]}"))));
  std::string unescaped;
  append_unescaped(text, unescaped);
  require(is_valid_utf8(unescaped));
  require(unescaped.size() <= text.size());
}

}  // namespace
}  // namespace kseek::tokenizer

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  kseek::tokenizer::check({reinterpret_cast<const char*>(data), size});
  return 0;
}
