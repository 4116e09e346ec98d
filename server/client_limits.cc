#include "server/client_limits.h"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <netinet/in.h>

#include <algorithm>
#include <array>
#include <utility>

namespace kseek::server {
namespace {

constexpr double kSecondsSaved = 2;
constexpr size_t kManyClients = 10'000;  ///< that are kept in mind; a new address more makes the quiet ones forgotten

}  // namespace

std::string client_of(const sockaddr* address) {
  std::array<char, INET6_ADDRSTRLEN> text{};
  if (address != nullptr && address->sa_family == AF_INET) {
    inet_ntop(AF_INET, &reinterpret_cast<const sockaddr_in*>(address)->sin_addr, text.data(), text.size());
  } else if (address != nullptr && address->sa_family == AF_INET6) {
    in6_addr own = reinterpret_cast<const sockaddr_in6*>(address)->sin6_addr;
    if (IN6_IS_ADDR_V4MAPPED(&own)) {
      inet_ntop(AF_INET, &own.s6_addr[12], text.data(), text.size());
    } else {
      std::fill(&own.s6_addr[8], &own.s6_addr[16], uint8_t{0});
      inet_ntop(AF_INET6, &own, text.data(), text.size());
    }
  }
  return text.data();
}

Result<void> ClientLimits::count_request(const std::string& client, Clock::time_point now) {
  if (options_.requests_per_second <= 0) return {};
  const double most = std::max(options_.requests_per_second * kSecondsSaved, 1.0);
  const std::lock_guard lock(mu_);
  if (clients_.size() >= kManyClients) forget_some(now);
  auto [entry, is_new] = clients_.try_emplace(client);
  Client& known = entry->second;
  if (is_new || known.at == Clock::time_point()) {
    known.saved = most;
  } else {
    const double passed = std::chrono::duration<double>(now - known.at).count();
    known.saved = std::min(most, known.saved + passed * options_.requests_per_second);
  }
  known.at = now;
  if (known.saved >= 1) {
    known.saved -= 1;
    return {};
  }
  return Error{ErrorCode::kTooMany, fmt::format("more than {:g} requests a second", options_.requests_per_second),
               "ask less often; the limit is requests_per_second in [server]"};
}

/// Those without searches that have saved up all that they can, or would have by now.
void ClientLimits::forget_some(Clock::time_point now) {
  std::erase_if(clients_, [&](const auto& entry) {
    return entry.second.searches == 0 && now - entry.second.at > std::chrono::duration<double>(kSecondsSaved);
  });
}

Result<ClientLimits::Place> ClientLimits::begin_search(const std::string& client) {
  const std::lock_guard lock(mu_);
  if (searches_ >= options_.searches) {
    return Error{ErrorCode::kUnavailable, fmt::format("{} searches are waiting or running", searches_),
                 "try again in a moment; the limit is max_searches in [server]"};
  }
  Client& known = clients_[client];
  if (known.searches >= options_.searches_per_client) {
    return Error{ErrorCode::kTooMany, fmt::format("{} searches of yours are waiting or running", known.searches),
                 "wait for some of them; the limit is max_searches_per_client in [server]"};
  }
  ++known.searches;
  ++searches_;
  return Place(*this, client);
}

size_t ClientLimits::searches() const {
  const std::lock_guard lock(mu_);
  return searches_;
}

ClientLimits::Place& ClientLimits::Place::operator=(Place&& other) noexcept {
  release();
  limits_ = std::exchange(other.limits_, nullptr);
  client_ = std::move(other.client_);
  return *this;
}

void ClientLimits::Place::release() {
  if (limits_ == nullptr) return;
  ClientLimits& limits = *std::exchange(limits_, nullptr);
  const std::lock_guard lock(limits.mu_);
  --limits.searches_;
  const auto client = limits.clients_.find(client_);
  if (--client->second.searches == 0 && limits.options_.requests_per_second <= 0) limits.clients_.erase(client);
}

}  // namespace kseek::server
