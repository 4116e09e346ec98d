// The HTTP endpoint (libmicrohttpd): routes of contract, JSON answers. Connections wait in epoll; searches run on a
// pool of their own, so idle or slow clients hold no thread.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>

#include "base/result.h"
#include "indexer/indexer.h"
#include "indexer/producer.h"
#include "store/store.h"

namespace kseek::server {

struct ServerOptions {
  std::string listen = "127.0.0.1:7420";  ///< address:port; port 0 picks one
  unsigned max_connections = 4096;
  unsigned search_threads = 0;  ///< 0: one a core, at least 4
  std::chrono::milliseconds search_deadline{10'000};
  size_t max_streams = 256;  ///< searches that stream and live tails together; the rest get 503
  std::chrono::seconds idle_timeout{60};
  std::string tokens_file = {};              ///< who may do what (tokens.h); empty: everyone everything
  bool open_metrics = false;                 ///< /metrics asks for no token
  std::string tls_cert_file = {};            ///< PEM, with the chain; empty: no TLS. Read again when it changes
  std::string tls_key_file = {};             ///< PEM, without a password
  unsigned max_connections_per_client = 0;   ///< of one address; 0: half of max_connections
  unsigned requests_per_second = 10000;      ///< of one client (token or address); 0: no limit. Over it: 429
  size_t max_searches = 512;                 ///< waiting, running and streaming, of all clients; over it: 503
  size_t max_searches_per_client = 128;      ///< over it: 429
  std::chrono::seconds request_timeout{60};  ///< for a client to send a request once it has begun
  std::chrono::seconds answer_timeout{120};  ///< for a client to read an answer; of a stream, 64 KiB of it
  std::string hosts = {};         ///< names by which browsers may ask, apart by commas, with *; see host_check.h
  std::string cors_origins = {};  ///< whose pages may use the server from a browser: apart by commas; "*": all
  bool access_log = false;        ///< a line at level info for each request; else at debug
};

/// Serves while it lives. Borrows store, indexer and producer, which must outlive it.
class HttpServer {
 public:
  /// kUnavailable: the address can't be listened on (says why and what to do). `producer` may be nullptr (no Kafka).
  [[nodiscard]] static Result<std::unique_ptr<HttpServer>> start(store::Store& store, indexer::Indexer& indexer,
                                                                 indexer::Producer* producer,
                                                                 const ServerOptions& options);
  virtual ~HttpServer() = default;
  /// Reads what may change while it serves: tokens, certificate and key. It does so by itself, too, within seconds of a
  /// change. An error leaves things as they were.
  [[nodiscard]] virtual Result<void> reload() = 0;
  [[nodiscard]] virtual std::string url() const = 0;  ///< "http://127.0.0.1:7420"
};

}  // namespace kseek::server
