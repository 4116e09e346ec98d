#include "server/exposure.h"

#include <netinet/in.h>
#include <spdlog/spdlog.h>
#include <sys/socket.h>

namespace kseek::server {

bool only_this_machine(int listening_fd) {
  sockaddr_storage storage{};
  socklen_t length = sizeof(storage);
  if (getsockname(listening_fd, reinterpret_cast<sockaddr*>(&storage), &length) != 0) return false;
  if (storage.ss_family == AF_INET) {
    constexpr uint32_t kLoopbackNet = 127;
    return ntohl(reinterpret_cast<const sockaddr_in*>(&storage)->sin_addr.s_addr) >> 24 == kLoopbackNet;
  }
  return storage.ss_family == AF_INET6 &&
         IN6_IS_ADDR_LOOPBACK(&reinterpret_cast<const sockaddr_in6*>(&storage)->sin6_addr);
}

void warn_of_exposure(int listening_fd, bool with_tls, bool with_tokens) {
  const auto log = spdlog::get("kseek");
  if (log == nullptr || only_this_machine(listening_fd)) return;
  if (!with_tokens) {
    log->warn(
        "other machines can reach this server and it asks for no token: everybody there may read every opened topic, "
        "and open and close topics. Set tokens_file in [server] (docs/security.md)");
  }
  if (!with_tls) {
    log->warn(
        "other machines can reach this server without TLS: messages{} go over the network as they are. Set "
        "tls_cert_file and tls_key_file in [server], or put a proxy with TLS before it (docs/security.md)",
        with_tokens ? " and tokens" : "");
  }
}

}  // namespace kseek::server
