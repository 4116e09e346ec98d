// Ends connections whose client takes too long: to send a request (also one that sends a byte now and then), or to read
// an answer. libmicrohttpd itself ends those on which nothing at all happens. A connection that waits for its next
// request, or for us, is left alone.
//
// Any thread; one thread of its own looks four times a second.
#pragma once

#include <chrono>
#include <condition_variable>
#include <list>
#include <mutex>
#include <string>
#include <thread>

namespace kseek::server {

struct ConnectionLimits {
  std::chrono::milliseconds idle{60'000};     ///< for the next request to begin
  std::chrono::milliseconds request{60'000};  ///< from its first line to its last byte
  std::chrono::milliseconds answer{120'000};  ///< from its first byte until the client has it all, see kLeastBytes
  size_t least_bytes = 64 * 1024;             ///< of a stream in that time, while there is something to send
};

class ConnectionWatch {
 public:
  using Clock = std::chrono::steady_clock;

  /// A connection; it belongs to the watch.
  class Connection;

  explicit ConnectionWatch(const ConnectionLimits& limits);
  ~ConnectionWatch();  ///< REQUIRES: every connection was removed
  ConnectionWatch(const ConnectionWatch&) = delete;
  ConnectionWatch& operator=(const ConnectionWatch&) = delete;

  /// `client`: the address that it comes from, as client_address.h gives it.
  [[nodiscard]] Connection* add(int fd, std::string client);
  /// After it returns `fd` is not touched again. To be called before it is closed.
  void remove(Connection* connection);

  // What the connection is about now.
  void request_began(Connection& connection);              ///< its first line came
  void request_came(Connection& connection);               ///< all of it: now it is our turn
  void answer_began(Connection& connection);               ///< it can be sent
  void stream_gave(Connection& connection, size_t bytes);  ///< of a stream: so much was handed on
  void stream_rests(Connection& connection);               ///< of a stream: all that there is was sent
  void answer_ended(Connection& connection);               ///< all of it was sent
  void gave_up(Connection& connection);  ///< it is closed next, as nothing happened on it for too long

  [[nodiscard]] static const std::string& client_of(const Connection& connection);
  [[nodiscard]] size_t count() const;

 private:
  void watch();
  [[nodiscard]] bool is_late(Connection& connection, Clock::time_point now) const;

  const ConnectionLimits limits_;
  mutable std::mutex mu_;
  std::condition_variable wake_;
  std::list<Connection> connections_;  // guarded by mu_: the list and what its members say
  bool stopping_ = false;              // guarded by mu_
  std::thread thread_;                 // last: it uses the others
};

}  // namespace kseek::server
