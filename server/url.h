// Request targets ("/api/v1/search?topic=a&q=b%20c") taken apart. Any thread, no state.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "server/http_types.h"

namespace kseek::server {

struct Target {
  std::vector<std::string> path;  ///< decoded segments; empty for "/"
  std::vector<Parameter> query;
};

/// Percent-decodes path and query (there `+` is a space). kInvalid: a `%` without two hexadecimal digits (says where),
/// or a parameter given twice.
[[nodiscard]] Result<Target> parse_target(std::string_view target);

/// Percent-encodes everything but RFC 3986's unreserved characters.
[[nodiscard]] std::string percent_encode(std::string_view bytes);

}  // namespace kseek::server
