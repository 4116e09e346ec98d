// A message's headers as an answer shows them. Any thread, no state.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/message.h"

namespace kseek::server {

struct HeaderLimits {
  size_t text_bytes;   ///< of a name, and of a value
  size_t total_bytes;  ///< of all together, with some bytes around each
};

struct ShownHeader {
  std::string name;                  ///< valid UTF-8, as ShownText
  std::optional<std::string> value;  ///< so is it; nullopt: null
};

struct ShownHeaders {
  std::vector<ShownHeader> list;
  bool truncated = false;  ///< something was cut or left out
};

/// In their order. Where they are too long together the longest ones are cut, at a character, and short ones stay
/// whole; only where they are too many for that the last ones are left out. Time O(headers that fit).
[[nodiscard]] ShownHeaders show_headers(const HeaderList& headers, const HeaderLimits& limits);

}  // namespace kseek::server
