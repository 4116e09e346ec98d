// What one client may take, so that none starves the others: requests a second, searches at a time. A client is the
// owner of a token, or where there is no token an address. Any thread.
#pragma once

#include <chrono>
#include <cstddef>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <utility>

#include "base/result.h"

struct sockaddr;

namespace kseek::server {

/// The client that an address stands for: IPv4 as it is, IPv6 by its first 64 bits, as one client has all below them.
[[nodiscard]] std::string client_of(const sockaddr* address);

class ClientLimits {
 public:
  using Clock = std::chrono::steady_clock;
  struct Options {
    double requests_per_second = 0;  ///< of a client, on average; it may have saved up two seconds' worth. 0: no limit
    size_t searches = 0;             ///< of all clients together, waiting or running
    size_t searches_per_client = 0;
  };

  explicit ClientLimits(const Options& options) : options_(options) {}

  /// kTooMany: more requests than the client may send.
  [[nodiscard]] Result<void> count_request(const std::string& client, Clock::time_point now = Clock::now());

  /// A search's place; it is free again when this goes.
  class Place {
   public:
    Place() = default;
    ~Place() { release(); }
    Place(Place&& other) noexcept : limits_(std::exchange(other.limits_, nullptr)), client_(std::move(other.client_)) {}
    Place& operator=(Place&& other) noexcept;
    void release();

   private:
    friend class ClientLimits;
    Place(ClientLimits& limits, std::string client) : limits_(&limits), client_(std::move(client)) {}
    ClientLimits* limits_ = nullptr;
    std::string client_;
  };
  /// kTooMany: the client has as many as it may. kUnavailable: all clients together have.
  [[nodiscard]] Result<Place> begin_search(const std::string& client);

  [[nodiscard]] size_t searches() const;  ///< now

 private:
  struct Client {
    double saved = 0;  ///< requests
    Clock::time_point at = {};
    size_t searches = 0;
  };
  void forget_some(Clock::time_point now);

  const Options options_;
  mutable std::mutex mu_;
  std::map<std::string, Client, std::less<>> clients_;  // guarded by mu_: those heard of lately
  size_t searches_ = 0;                                 // guarded by mu_
};

}  // namespace kseek::server
