// A body of server-sent events between whoever has something to tell and the connection that sends it. Holds no thread:
// the connection is suspended while there is nothing to send. Any thread.
#pragma once

#include <atomic>
#include <chrono>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>

namespace kseek::server {

class EventStream {
 public:
  using Clock = std::chrono::steady_clock;

  explicit EventStream(std::shared_ptr<const std::atomic<bool>> client_gone) : gone_(std::move(client_gone)) {}

  // --- who tells -----------------------------------------------------------------------------------------------------
  /// `json` without line breaks. Does nothing once the client is gone.
  void send(std::string_view event, std::string_view json);
  /// A line that clients ignore, so that proxies see life; only when nothing was sent for `quiet`.
  void keep_alive(std::chrono::milliseconds quiet);
  /// The answer ends when what was sent so far is through.
  void close();
  /// Nobody listens any more.
  [[nodiscard]] bool client_gone() const { return gone_ != nullptr && *gone_; }
  [[nodiscard]] const std::atomic<bool>* gone_flag() const { return gone_.get(); }
  /// Sent and not yet taken by the connection.
  [[nodiscard]] size_t waiting_bytes() const;

  // --- the connection ------------------------------------------------------------------------------------------------
  /// `resume` wakes the connection after `suspend` was called; it is called under the stream's lock.
  void attach(std::function<void()> resume);
  /// The connection is no more; `resume` is never called again.
  void detach();
  /// Bytes put to `out`; 0 after calling `suspend`, as there are none now; nullopt: the end.
  [[nodiscard]] std::optional<size_t> read(char* out, size_t max, const std::function<void()>& suspend);

 private:
  void add(std::string_view text);

  const std::shared_ptr<const std::atomic<bool>> gone_;
  mutable std::mutex mu_;
  std::string buffer_;                          // guarded by mu_
  size_t taken_ = 0;                            // guarded by mu_: of buffer_
  bool closed_ = false;                         // guarded by mu_
  bool suspended_ = false;                      // guarded by mu_
  std::function<void()> resume_;                // guarded by mu_
  Clock::time_point last_sent_ = Clock::now();  // guarded by mu_
};

}  // namespace kseek::server
