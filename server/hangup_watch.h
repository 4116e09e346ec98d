// Notices clients that hang up while their request is worked on: libmicrohttpd does not look at a suspended
// connection's socket, so one thread of ours waits in epoll for its end.
#pragma once

#include <atomic>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <thread>

#include "base/result.h"

namespace kseek::server {

/// Any thread.
class HangupWatch {
 public:
  /// kUnavailable: out of file descriptors.
  [[nodiscard]] static Result<std::unique_ptr<HangupWatch>> start();
  ~HangupWatch();
  HangupWatch(const HangupWatch&) = delete;
  HangupWatch& operator=(const HangupWatch&) = delete;

  /// Sets `gone` when the peer of `fd` closes or half-closes, until remove(id). A socket that can't be watched is not.
  [[nodiscard]] uint64_t add(int fd, std::atomic<bool>& gone);
  /// After it returns neither `fd` nor `gone` is touched again.
  void remove(uint64_t id);
  /// Sets every `gone` (the server stops).
  void give_up_all();

 private:
  HangupWatch(int epoll, int wake);
  void watch();

  struct Entry {
    int fd = -1;
    std::atomic<bool>* gone = nullptr;
  };
  const int epoll_;  // constant after construction
  const int wake_;   // constant after construction: an eventfd, readable when it is time to end
  std::mutex mu_;
  std::map<uint64_t, Entry> entries_;  // guarded by mu_
  uint64_t next_id_ = 1;               // guarded by mu_
  std::thread thread_;
};

}  // namespace kseek::server
