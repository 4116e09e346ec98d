#include "server/listen_socket.h"

#include <fmt/format.h>
#include <netdb.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <memory>

namespace kseek::server {
namespace {

struct HostPort {
  std::string host;  ///< empty: every address
  std::string port;
};

Result<HostPort> split_address(const std::string& address) {
  const Error wrong{ErrorCode::kInvalid, fmt::format("\"{}\" is not an address to listen on", address),
                    "write host:port, for instance 127.0.0.1:7420 or [::1]:7420"};
  const size_t colon = address.rfind(':');
  if (colon == std::string::npos) return wrong;
  HostPort out{address.substr(0, colon), address.substr(colon + 1)};
  unsigned port = 0;
  const char* end = out.port.data() + out.port.size();
  const auto [rest, error] = std::from_chars(out.port.data(), end, port);
  if (out.port.empty() || error != std::errc() || rest != end || port > 65535) return wrong;
  if (out.host.size() >= 2 && out.host.front() == '[' && out.host.back() == ']') {
    out.host = out.host.substr(1, out.host.size() - 2);
  } else if (out.host.find(':') != std::string::npos) {
    return wrong;
  }
  return out;
}

std::string url_of(int fd) {
  sockaddr_storage storage{};
  socklen_t length = sizeof(storage);
  auto* address = reinterpret_cast<sockaddr*>(&storage);
  getsockname(fd, address, &length);
  std::array<char, NI_MAXHOST> host{};
  std::array<char, NI_MAXSERV> port{};
  getnameinfo(address, length, host.data(), host.size(), port.data(), port.size(), NI_NUMERICHOST | NI_NUMERICSERV);
  const bool v6 = storage.ss_family == AF_INET6;
  return v6 ? fmt::format("http://[{}]:{}", host.data(), port.data())
            : fmt::format("http://{}:{}", host.data(), port.data());
}

/// The listening socket, or -1 with errno.
int open_socket(const addrinfo& info) {
  const int fd = socket(info.ai_family, info.ai_socktype | SOCK_NONBLOCK | SOCK_CLOEXEC, info.ai_protocol);
  if (fd < 0) return -1;
  const int yes = 1;
  setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof(yes));
  if (bind(fd, info.ai_addr, info.ai_addrlen) == 0 && listen(fd, SOMAXCONN) == 0) return fd;
  const int error = errno;
  close(fd);
  errno = error;
  return -1;
}

}  // namespace

Result<void> check_listen_address(const std::string& address) {
  KSEEK_TRY(split_address(address));
  return {};
}

Result<ListenSocket> listen_on(const std::string& address) {
  KSEEK_ASSIGN(const HostPort where, split_address(address));
  addrinfo hints{};
  hints.ai_family = where.host.empty() ? AF_INET : AF_UNSPEC;
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_PASSIVE | AI_NUMERICSERV;
  addrinfo* found = nullptr;
  const int lookup = getaddrinfo(where.host.empty() ? nullptr : where.host.c_str(), where.port.c_str(), &hints, &found);
  if (lookup != 0) {
    return Error{ErrorCode::kUnavailable, fmt::format("can't listen on {}: {}", address, gai_strerror(lookup)),
                 "use an address of this machine"};
  }
  const std::unique_ptr<addrinfo, decltype(&freeaddrinfo)> owned(found, &freeaddrinfo);
  const int fd = open_socket(*found);
  if (fd >= 0) return ListenSocket{fd, url_of(fd)};
  if (errno == EADDRINUSE) {
    return Error{ErrorCode::kConflict, fmt::format("can't listen on {}: another program does", address),
                 "choose another port with --listen, or stop that program"};
  }
  return Error{ErrorCode::kUnavailable, fmt::format("can't listen on {}: {}", address, std::strerror(errno)),
               "choose another address with --listen"};
}

}  // namespace kseek::server
