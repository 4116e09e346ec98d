// The name of a request, for logs here and elsewhere. Any thread.
#pragma once

#include <string>
#include <string_view>

namespace kseek::server {

/// What the client sent as X-Request-Id, if it is 1 to 128 letters, digits and characters of "-_.:/+=@"; else a new
/// one, of 16 hexadecimal digits.
[[nodiscard]] std::string request_id(std::string_view sent);

}  // namespace kseek::server
