// The socket that the server listens on.
#pragma once

#include <cstdint>
#include <string>
#include <utility>

#include "base/result.h"

namespace kseek::server {

struct ListenSocket {
  int fd = -1;      ///< listening, non-blocking; the caller closes it
  std::string url;  ///< "http://127.0.0.1:7420", with the port that it really has
};

/// `address` is host:port, [v6 address]:port or :port (every address); port 0 picks a free one.
/// kInvalid: not of that form. kConflict: the port is taken. kUnavailable: it can't be listened on otherwise.
[[nodiscard]] Result<ListenSocket> listen_on(const std::string& address);
/// kInvalid: the address is not of that form.
[[nodiscard]] Result<void> check_listen_address(const std::string& address);

}  // namespace kseek::server
