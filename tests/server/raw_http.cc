#include "tests/server/raw_http.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <utility>

namespace kseek::testing {

RawConnection::RawConnection(const std::string& url, int receive_bytes) {
  const size_t colon = url.rfind(':');
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<uint16_t>(std::stoi(url.substr(colon + 1))));
  inet_pton(AF_INET, url.substr(7, colon - 7).c_str(), &address.sin_addr);
  fd_ = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (receive_bytes > 0) setsockopt(fd_, SOL_SOCKET, SO_RCVBUF, &receive_bytes, sizeof(receive_bytes));
  if (fd_ >= 0 && connect(fd_, reinterpret_cast<const sockaddr*>(&address), sizeof(address)) != 0) {
    close(fd_);
    fd_ = -1;
  }
}

RawConnection::~RawConnection() {
  if (fd_ >= 0) close(fd_);
}

RawConnection::RawConnection(RawConnection&& other) noexcept
    : fd_(std::exchange(other.fd_, -1)), buffer_(std::move(other.buffer_)) {}

bool RawConnection::idle() const {
  pollfd waiting{fd_, POLLIN | POLLRDHUP, 0};
  return fd_ >= 0 && poll(&waiting, 1, 0) == 0;
}

bool RawConnection::send(std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t sent = ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent <= 0) return false;
    bytes.remove_prefix(static_cast<size_t>(sent));
  }
  return true;
}

/// Reads more; false at the end, on an error, or after 60 s.
bool RawConnection::fill() {
  pollfd waiting{fd_, POLLIN, 0};
  if (poll(&waiting, 1, 60'000) <= 0) return false;
  std::array<char, 65536> part{};
  const ssize_t got = recv(fd_, part.data(), part.size(), 0);
  if (got <= 0) return false;
  buffer_.append(part.data(), static_cast<size_t>(got));
  return true;
}

std::optional<RawAnswer> RawConnection::read_answer(bool no_body) {
  size_t head_end = 0;
  while ((head_end = buffer_.find("\r\n\r\n")) == std::string::npos) {
    if (!fill()) return std::nullopt;
  }
  RawAnswer answer;
  answer.status = std::stoi(buffer_.substr(9, 3));
  size_t line = buffer_.find("\r\n") + 2;
  while (line < head_end + 2) {
    const size_t end = buffer_.find("\r\n", line);
    const size_t colon = buffer_.find(':', line);
    std::string name = buffer_.substr(line, colon - line);
    std::transform(name.begin(), name.end(), name.begin(), [](unsigned char c) { return std::tolower(c); });
    answer.headers[name] = buffer_.substr(colon + 2, end - colon - 2);
    line = end + 2;
  }
  const auto length = answer.headers.find("content-length");
  const size_t body = no_body || length == answer.headers.end() ? 0 : std::stoul(length->second);
  while (buffer_.size() < head_end + 4 + body) {
    if (!fill()) return std::nullopt;
  }
  answer.body = buffer_.substr(head_end + 4, body);
  buffer_.erase(0, head_end + 4 + body);
  return answer;
}

std::optional<std::string> RawConnection::read_until(std::string_view end) {
  size_t found = 0;
  while ((found = buffer_.find(end)) == std::string::npos) {
    if (!fill()) return std::nullopt;
  }
  std::string text = buffer_.substr(0, found);
  buffer_.erase(0, found + end.size());
  return text;
}

std::optional<std::string> RawConnection::read_bytes(size_t count) {
  while (buffer_.size() < count) {
    if (!fill()) return std::nullopt;
  }
  std::string bytes = buffer_.substr(0, count);
  buffer_.erase(0, count);
  return bytes;
}

std::string request_text(std::string_view method, std::string_view target, std::string_view body,
                         std::string_view headers) {
  std::string text(method);
  text.append(" ").append(target).append(" HTTP/1.1\r\nHost: localhost\r\n");
  if (!body.empty()) text += "Content-Length: " + std::to_string(body.size()) + "\r\n";
  return text.append(headers).append("\r\n").append(body);
}

RawAnswer http(const std::string& url, std::string_view method, std::string_view target, std::string_view body,
               std::string_view headers) {
  RawConnection connection(url);
  if (!connection.connected() || !connection.send(request_text(method, target, body, headers))) return {};
  return connection.read_answer(method == "HEAD").value_or(RawAnswer{});
}

}  // namespace kseek::testing
