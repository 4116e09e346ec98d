#include "cli/notify.h"

#include <fmt/format.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <cstddef>
#include <cstdlib>
#include <cstring>
#include <ctime>

namespace kseek::cli {
namespace {

std::string take_variable(const char* name) {
  const char* value = std::getenv(name);
  std::string taken = value == nullptr ? "" : value;
  unsetenv(name);
  return taken;
}

int64_t number_of(const std::string& text) {
  int64_t number = 0;
  std::from_chars(text.data(), text.data() + text.size(), number);
  return number;
}

/// "/run/systemd/notify", or "@name" in the abstract namespace. -1: can't be reached.
int connect_to(const std::string& path) {
  sockaddr_un address{};
  if (path.size() < 2 || path.size() >= sizeof(address.sun_path) || (path[0] != '/' && path[0] != '@')) return -1;
  address.sun_family = AF_UNIX;
  std::memcpy(address.sun_path, path.data(), path.size());
  if (path[0] == '@') address.sun_path[0] = '\0';
  const int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  const auto size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + path.size());
  if (fd >= 0 && connect(fd, reinterpret_cast<const sockaddr*>(&address), size) == 0) return fd;
  if (fd >= 0) close(fd);
  return -1;
}

}  // namespace

Notifier::Notifier() : fd_(connect_to(take_variable("NOTIFY_SOCKET"))) {
  const int64_t usec = number_of(take_variable("WATCHDOG_USEC"));
  const std::string pid = take_variable("WATCHDOG_PID");
  const bool for_us = pid.empty() || number_of(pid) == getpid();
  if (fd_ >= 0 && usec > 0 && for_us) {
    watchdog_ = std::max(std::chrono::milliseconds(1), std::chrono::milliseconds(usec / 3'000));
  }
}

Notifier::~Notifier() {
  if (fd_ >= 0) close(fd_);
}

void Notifier::reloading() {
  timespec time{};
  clock_gettime(CLOCK_MONOTONIC, &time);
  send(fmt::format("RELOADING=1\nMONOTONIC_USEC={}", int64_t{time.tv_sec} * 1'000'000 + time.tv_nsec / 1'000));
}

void Notifier::send(const std::string& state) const {
  if (fd_ >= 0) (void)::send(fd_, state.data(), state.size(), MSG_NOSIGNAL);  // a manager that is gone needs no news
}

}  // namespace kseek::cli
