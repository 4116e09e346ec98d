#include "server/hangup_watch.h"

#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>

namespace kseek::server {

Result<std::unique_ptr<HangupWatch>> HangupWatch::start() {
  const int epoll = epoll_create1(EPOLL_CLOEXEC);
  const int wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  epoll_event event{};
  event.events = EPOLLIN;
  event.data.u64 = 0;  // ids begin at 1
  if (epoll < 0 || wake < 0 || epoll_ctl(epoll, EPOLL_CTL_ADD, wake, &event) != 0) {
    const int error = errno;
    if (epoll >= 0) close(epoll);
    if (wake >= 0) close(wake);
    return Error{ErrorCode::kUnavailable, std::string("can't watch connections: ") + std::strerror(error),
                 "raise the limit of open files (ulimit -n)"};
  }
  return std::unique_ptr<HangupWatch>(new HangupWatch(epoll, wake));
}

HangupWatch::HangupWatch(int epoll, int wake) : epoll_(epoll), wake_(wake), thread_([this] { watch(); }) {}

HangupWatch::~HangupWatch() {
  eventfd_write(wake_, 1);
  thread_.join();
  close(epoll_);
  close(wake_);
}

uint64_t HangupWatch::add(int fd, std::atomic<bool>& gone) {
  const std::lock_guard lock(mu_);
  const uint64_t id = next_id_++;
  entries_[id] = {fd, &gone};
  epoll_event event{};
  event.events = EPOLLRDHUP | EPOLLONESHOT;
  event.data.u64 = id;
  epoll_ctl(epoll_, EPOLL_CTL_ADD, fd, &event);
  return id;
}

void HangupWatch::remove(uint64_t id) {
  const std::lock_guard lock(mu_);
  const auto entry = entries_.find(id);
  if (entry == entries_.end()) return;
  epoll_ctl(epoll_, EPOLL_CTL_DEL, entry->second.fd, nullptr);
  entries_.erase(entry);
}

void HangupWatch::give_up_all() {
  const std::lock_guard lock(mu_);
  for (const auto& [id, entry] : entries_) entry.gone->store(true);
}

void HangupWatch::watch() {
  std::array<epoll_event, 64> events{};
  for (;;) {
    const int count = epoll_wait(epoll_, events.data(), static_cast<int>(events.size()), -1);
    const std::lock_guard lock(mu_);
    for (int i = 0; i < count; ++i) {
      const uint64_t id = events[static_cast<size_t>(i)].data.u64;
      if (id == 0) return;
      const auto entry = entries_.find(id);
      if (entry != entries_.end()) entry->second.gone->store(true);
    }
  }
}

}  // namespace kseek::server
