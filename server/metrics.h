// What the server tells Prometheus: requests and searches as they are counted here, topics and the process as they
// stand when they are asked for. docs/metrics.md lists every name; a test holds the two together.
//
// Any thread. Names never change their meaning; labels are of few values: routes as patterns, topics by name.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "indexer/indexer.h"
#include "query/request.h"
#include "store/store.h"

namespace kseek::server {

/// The server itself at the moment of asking.
struct ServerState {
  size_t connections = 0, max_connections = 0;
  size_t searches = 0, max_searches = 0;                 ///< waiting, running and streaming
  std::optional<std::chrono::seconds> certificate_left;  ///< until the TLS certificate ends; nullopt: no TLS
};

class Metrics {
 public:
  Metrics();
  ~Metrics();

  /// Where the state comes from; before anybody asks for text().
  void set_state(std::function<ServerState()> state) { state_ = std::move(state); }

  /// A request that was answered. `route`: its pattern, as it was added to the router; empty when there is none.
  void count_request(std::string_view method, std::string_view route, int status, std::chrono::nanoseconds took);
  /// A search that was answered, whole or not, with so many hits in all.
  void count_search(const query::SearchAnswer& answer, size_t hits);
  /// A search that ended with an error, `code` as in the answer ("invalid", "timeout", …).
  void count_failed_search(std::string_view code);

  /// All of it in Prometheus' text format; of the topics those that `shown` says yes to.
  [[nodiscard]] std::string text(const store::Store& store, const indexer::Indexer& indexer,
                                 const std::function<bool(std::string_view)>& shown) const;

  static constexpr const char* kContentType = "text/plain; version=0.0.4; charset=utf-8";

 private:
  struct Counted;
  std::unique_ptr<Counted> counted_;
  std::function<ServerState()> state_;  // constant after set_state(); empty: it is not told
};

}  // namespace kseek::server
