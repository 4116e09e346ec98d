// gzip (RFC 1952), by zlib. Any thread, no state.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace kseek::server {

/// Quick rather than small: some 100 MB of JSON a second. nullopt: there is no memory for it.
[[nodiscard]] std::optional<std::string> gzip(std::string_view plain);

}  // namespace kseek::server
