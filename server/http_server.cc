#include "server/http_server.h"

#include <fmt/format.h>
#include <microhttpd.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <charconv>
#include <chrono>
#include <cstring>
#include <optional>
#include <thread>
#include <utility>

#include "base/open_files.h"
#include "server/access.h"
#include "server/answer_queue.h"
#include "server/client_limits.h"
#include "server/connection_watch.h"
#include "server/cors.h"
#include "server/event_stream.h"
#include "server/exposure.h"
#include "server/file_watch.h"
#include "server/finish.h"
#include "server/hangup_watch.h"
#include "server/header_list.h"
#include "server/host_check.h"
#include "server/listen_socket.h"
#include "server/metrics.h"
#include "server/peer.h"
#include "server/refusals.h"
#include "server/request_id.h"
#include "server/router.h"
#include "server/routes.h"
#include "server/stream_hub.h"
#include "server/tls_files.h"
#include "server/url.h"
#include "server/work_pool.h"

namespace kseek::server {
namespace {

constexpr size_t kMaxWaitingJobs = 1000;
constexpr size_t kControlThreads = 4;
constexpr uint64_t kMaxBodyBytesTogether = 256_MiB;
constexpr uint64_t kDroppedBodyBytes = 64_KiB;  ///< a refused request's
constexpr size_t kConnectionBytes = 96_KiB;  ///< room for a request's first line and headers; over it they are cut off

/// One request, from its first line to the last byte of its answer. Belongs to the connections' thread, and while the
/// connection is suspended to the worker that answers it.
struct Call {
  std::string target;
  Request request;
  Response response;
  std::shared_ptr<std::atomic<bool>> client_gone = std::make_shared<std::atomic<bool>>(false);
  uint64_t watched = 0;                         ///< the watch's id while someone works for the client; 0: not watched
  std::chrono::steady_clock::time_point began;  ///< when its last byte had come
  ClientLimits::Place search;                   ///< from its dispatch until it is answered, or its stream has ended
  const Route* route = nullptr;                 ///< nullptr: none fits, or not found yet
  bool started = false;                         ///< the headers were seen
  bool body_refused = false;                    ///< too large; the rest is read and dropped
  bool refused = false;                         ///< `response` is the answer, once the body has come and is dropped
  bool answered = false;                        ///< `response` is the answer
  uint64_t reserved_bytes = 0;
  uint64_t dropped_bytes = 0;  ///< of the body of a refused request
};

class Server final : public HttpServer {
 public:
  Server(store::Store& store, indexer::Indexer& indexer, indexer::Producer* producer, const ServerOptions& options);
  ~Server() override;
  Result<void> listen(const ServerOptions& options);
  Result<void> reload() override;
  MHD_Daemon* start_daemon(const ServerOptions& options);
  [[nodiscard]] std::string url() const override { return socket_.url; }

 private:
  static void* on_target(void* self, const char* target, MHD_Connection* connection);
  static MHD_Result on_request(void* self, MHD_Connection* connection, const char* url, const char* method,
                               const char* version, const char* data, size_t* data_size, void** context);
  static void on_connection(void* self, MHD_Connection* connection, void** context,
                            MHD_ConnectionNotificationCode what);
  static void on_completed(void* self, MHD_Connection* connection, void** context, MHD_RequestTerminationCode why);

  MHD_Result begin(Call& call, MHD_Connection* connection, const char* method);
  MHD_Result take_body(Call& call, std::string_view data);
  std::optional<Response> refusal(Call& call, const std::string& address);
  MHD_Result dispatch(Call& call, MHD_Connection* connection);
  void work_on(Call& call, MHD_Connection* connection);
  MHD_Result send_answer(Call& call, MHD_Connection* connection, Response response);
  MHD_Result answer_at_once(Call& call, MHD_Connection* connection, Response response);
  void finish_answer(const Call& call, Response& response);

  [[nodiscard]] ServerState state();

  const bool access_log_;
  const size_t max_searches_;
  const Origins origins_;
  Metrics metrics_;
  Router router_;                       // constant after construction
  size_t max_connections_ = 0;          // constant after listen()
  ListenSocket socket_;                 // constant after listen()
  MHD_Daemon* daemon_ = nullptr;        // constant after listen()
  std::unique_ptr<HangupWatch> watch_;  // constant after listen()
  std::unique_ptr<Access> access_;      // constant after listen()
  std::optional<HostCheck> hosts_;      // constant after listen()
  std::unique_ptr<TlsFiles> tls_;       // constant after listen(); nullptr: without TLS
  ConnectionWatch connections_;
  ClientLimits clients_;
  WorkPool search_pool_;
  WorkPool control_pool_;
  StreamHub streams_;
  std::atomic<uint64_t> body_bytes_{0};  ///< of all requests that are being received or worked on
  std::unique_ptr<FileWatch> files_;     ///< constant after listen(); last: it calls reload()
};

size_t search_threads(unsigned asked) { return asked > 0 ? asked : std::max(4U, std::thread::hardware_concurrency()); }

Server::Server(store::Store& store, indexer::Indexer& indexer, indexer::Producer* producer,
               const ServerOptions& options)
    : access_log_(options.access_log),
      max_searches_(options.max_searches),
      origins_(items_of(options.cors_origins)),
      connections_({options.idle_timeout, options.request_timeout, options.answer_timeout}),
      clients_(
          {static_cast<double>(options.requests_per_second), options.max_searches, options.max_searches_per_client}),
      search_pool_(search_threads(options.search_threads), kMaxWaitingJobs),
      control_pool_(kControlThreads, kMaxWaitingJobs),
      streams_(search_pool_, options.max_streams) {
  const Services services{
      store, indexer, metrics_, producer, options.search_deadline, options.open_metrics, !options.tokens_file.empty()};
  add_all_routes(router_, services, streams_);
  metrics_.set_state([this] { return state(); });
}

Server::~Server() {
  files_.reset();
  if (daemon_ != nullptr) MHD_quiesce_daemon(daemon_);
  if (watch_ != nullptr) watch_->give_up_all();
  search_pool_.stop();  // every suspended connection is resumed by its job
  control_pool_.stop();
  streams_.stop();  // and by this
  if (daemon_ != nullptr) MHD_stop_daemon(daemon_);
  if (socket_.fd >= 0) close(socket_.fd);
}

Result<void> Server::listen(const ServerOptions& options) {
  KSEEK_ASSIGN(access_, Access::open(options.tokens_file));
  if (!options.tls_cert_file.empty() || !options.tls_key_file.empty()) {
    KSEEK_ASSIGN(tls_, TlsFiles::open(options.tls_cert_file, options.tls_key_file));
  }
  KSEEK_ASSIGN(socket_, listen_on(options.listen));
  hosts_.emplace(
      HostCheck::Options{options.hosts, options.listen, access_->asks_for_tokens(), only_this_machine(socket_.fd)});
  if (tls_ != nullptr) socket_.url.replace(0, std::strlen("http"), "https");
  KSEEK_ASSIGN(watch_, HangupWatch::start());
  daemon_ = start_daemon(options);
  if (daemon_ == nullptr) {
    return Error{ErrorCode::kUnavailable, fmt::format("can't serve on {}", socket_.url),
                 "raise the limit of open files (ulimit -n)"};
  }
  warn_of_exposure(socket_.fd, tls_ != nullptr, access_->asks_for_tokens());
  files_ = std::make_unique<FileWatch>(
      std::vector{options.tokens_file, options.tls_cert_file, options.tls_key_file}, [this] { return reload(); },
      [this] {
        if (tls_ != nullptr) tls_->warn_of_end();
      });
  return {};
}

MHD_Daemon* Server::start_daemon(const ServerOptions& options) {
  constexpr size_t kFewest = 16;
  raise_open_file_limit();
  const auto connections =
      static_cast<unsigned>(std::clamp<size_t>(file_shares().connections, kFewest, options.max_connections));
  max_connections_ = connections;
  const unsigned of_a_client =
      options.max_connections_per_client > 0 ? options.max_connections_per_client : std::max(connections / 2, 1U);
  std::vector<MHD_OptionItem> items;
  if (tls_ != nullptr) {
    items.push_back({MHD_OPTION_HTTPS_PRIORITIES, 0, const_cast<char*>(kTlsPriorities)});
    items.push_back({MHD_OPTION_HTTPS_CERT_CALLBACK2, 0, reinterpret_cast<void*>(&show_certificate)});
  }
  items.push_back({MHD_OPTION_END, 0, nullptr});
  const unsigned tls = tls_ != nullptr ? MHD_USE_TLS : MHD_NO_FLAG;
  return MHD_start_daemon(MHD_USE_EPOLL_INTERNAL_THREAD | MHD_ALLOW_SUSPEND_RESUME | tls, 0, nullptr, nullptr,
                          &Server::on_request, this, MHD_OPTION_LISTEN_SOCKET, socket_.fd, MHD_OPTION_CONNECTION_LIMIT,
                          connections, MHD_OPTION_PER_IP_CONNECTION_LIMIT, of_a_client, MHD_OPTION_CONNECTION_TIMEOUT,
                          static_cast<unsigned>(options.idle_timeout.count()), MHD_OPTION_CONNECTION_MEMORY_LIMIT,
                          kConnectionBytes, MHD_OPTION_URI_LOG_CALLBACK, &Server::on_target, this,
                          MHD_OPTION_NOTIFY_CONNECTION, &Server::on_connection, this, MHD_OPTION_NOTIFY_COMPLETED,
                          &Server::on_completed, this, MHD_OPTION_ARRAY, items.data(), MHD_OPTION_END);
}

ServerState Server::state() {
  ServerState state{connections_.count(), max_connections_, clients_.searches(), max_searches_, std::nullopt};
  if (tls_ != nullptr) state.certificate_left = tls_->left();
  return state;
}

/// The tokens first; each is tried, whatever became of the other.
Result<void> Server::reload() {
  auto tokens = access_->reload();
  if (tls_ != nullptr) KSEEK_TRY(tls_->reload());
  return tokens;
}

void Server::on_connection(void* self, MHD_Connection* connection, void** context,
                           MHD_ConnectionNotificationCode what) {
  auto& server = *static_cast<Server*>(self);
  if (what == MHD_CONNECTION_NOTIFY_CLOSED) {
    auto* peer = static_cast<Peer*>(std::exchange(*context, nullptr));
    server.connections_.remove(peer->watched);
    delete peer;
    return;
  }
  const int fd = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD)->connect_fd;
  const sockaddr* address = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CLIENT_ADDRESS)->client_addr;
  *context = new Peer{server.connections_.add(fd, client_of(address)), server.tls_.get()};
}

void* Server::on_target(void* self, const char* target, MHD_Connection* connection) {
  static_cast<Server*>(self)->connections_.request_began(*peer_of(connection).watched);
  auto* call = new Call;
  call->target = target;
  return call;
}

void Server::on_completed(void* self, MHD_Connection* connection, void** context, MHD_RequestTerminationCode why) {
  auto* call = static_cast<Call*>(*context);
  if (call != nullptr) {
    auto& server = *static_cast<Server*>(self);
    server.body_bytes_ -= call->reserved_bytes;
    if (call->watched != 0) server.watch_->remove(call->watched);
    call->client_gone->store(true);
    ConnectionWatch::Connection& watched = *peer_of(connection).watched;
    server.connections_.answer_ended(watched);
    if (why == MHD_REQUEST_TERMINATED_TIMEOUT_REACHED) server.connections_.gave_up(watched);
  }
  delete call;
  *context = nullptr;
}

MHD_Result Server::on_request(void* self, MHD_Connection* connection, const char* /*url*/, const char* method,
                              const char* /*version*/, const char* data, size_t* data_size, void** context) {
  auto& server = *static_cast<Server*>(self);
  auto& call = *static_cast<Call*>(*context);
  if (!call.started) return server.begin(call, connection, method);
  if (*data_size > 0) {
    const std::string_view part(data, *data_size);
    *data_size = 0;
    return server.take_body(call, part);
  }
  if (call.answered) return server.send_answer(call, connection, std::move(call.response));
  return server.dispatch(call, connection);
}

/// Why the request is refused, as far as its first line and headers tell: nobody is to send a body for nothing.
std::optional<Response> Server::refusal(Call& call, const std::string& address) {
  if (auto refused = refuse_long_head(call.target, call.request)) return refused;
  if (const auto known = hosts_->check(call.request.header("Host")); !known) return error_response(known.error());
  auto target = parse_target(call.target);
  if (!target) return error_response(target.error());
  call.request.path = std::move(target->path);
  call.request.query = std::move(target->query);
  Response refused;
  const auto route = router_.find(call.request, refused);
  if (!route) return error_response(route.error());
  if (*route == nullptr) {
    answer_preflight(call.request, origins_, refused);
    return refused;
  }
  call.route = *route;
  if (const auto may = permit_change(call.request, origins_); !may) return error_response(may.error());
  const auto admitted = access_->admit(**route, call.request);
  call.request.client = call.request.caller != nullptr ? "token " + call.request.caller->name : address;
  if ((*route)->need != Need::kNothing) {  // health must be seen
    const auto counted = clients_.count_request(call.request.client);
    if (!counted) return error_response(counted.error());
  }
  if (!admitted) return error_response(admitted.error());
  return std::nullopt;
}

/// A request that is refused, and one whose body is announced as too large, are answered before the body is sent. If
/// the body is short it is read all the same: it may be on its way already, and a connection that is closed with bytes
/// unread loses the answer.
MHD_Result Server::begin(Call& call, MHD_Connection* connection, const char* method) {
  call.started = true;
  call.began = std::chrono::steady_clock::now();
  call.request.method = method;
  const auto keep = [](void* headers, MHD_ValueKind, const char* name, const char* value) {
    static_cast<std::vector<Parameter>*>(headers)->push_back({name, value == nullptr ? "" : value});
    return MHD_YES;
  };
  MHD_get_connection_values(connection, MHD_HEADER_KIND, keep, &call.request.headers);
  call.request.id = request_id(call.request.header("X-Request-Id"));
  call.request.client_gone = call.client_gone;
  const std::string_view length = call.request.header("Content-Length");
  uint64_t bytes = 0;
  const auto [rest, error] = std::from_chars(length.data(), length.data() + length.size(), bytes);
  auto refused = refusal(call, ConnectionWatch::client_of(*peer_of(connection).watched));
  if (!refused && !length.empty() && (error != std::errc() || bytes > kMaxBodyBytes)) {
    refused = error_response(body_too_large());
  }
  if (!refused) return MHD_YES;
  if (bytes > kDroppedBodyBytes || error == std::errc::result_out_of_range) {
    return answer_at_once(call, connection, *std::move(refused));
  }
  call.response = *std::move(refused);
  call.refused = true;
  return MHD_YES;
}

MHD_Result Server::take_body(Call& call, std::string_view data) {
  if (call.refused) return (call.dropped_bytes += data.size()) <= kDroppedBodyBytes ? MHD_YES : MHD_NO;
  if (call.request.body.size() + data.size() > kMaxBodyBytes) {
    if (call.body_refused) return MHD_NO;  // still coming: hang up
    call.body_refused = true;
    call.request.body.clear();
  }
  if (!call.body_refused && body_bytes_ + data.size() > kMaxBodyBytesTogether) return MHD_NO;
  call.request.body.append(data);
  call.reserved_bytes += data.size();
  body_bytes_ += data.size();
  return MHD_YES;
}

MHD_Result Server::dispatch(Call& call, MHD_Connection* connection) {
  call.began = std::chrono::steady_clock::now();
  connections_.request_came(*peer_of(connection).watched);
  if (call.body_refused) return answer_at_once(call, connection, error_response(body_too_large()));
  if (call.refused) return answer_at_once(call, connection, std::move(call.response));
  if (call.route->lane == Lane::kInline) return answer_at_once(call, connection, run(*call.route, call.request));
  if (call.route->lane == Lane::kSearch) {
    auto place = clients_.begin_search(call.request.client);
    if (!place) return answer_at_once(call, connection, refused_for_now(place.error()));
    call.search = *std::move(place);
  }
  work_on(call, connection);
  return MHD_YES;
}

MHD_Result Server::answer_at_once(Call& call, MHD_Connection* connection, Response response) {
  finish_answer(call, response);
  return send_answer(call, connection, std::move(response));
}

/// A stream's place among the searches is kept until the stream has ended.
MHD_Result Server::send_answer(Call& call, MHD_Connection* connection, Response response) {
  if (response.events == nullptr) call.search.release();
  ConnectionWatch::Connection& watched = *peer_of(connection).watched;
  connections_.answer_began(watched);
  return queue_answer(connection, std::move(response), connections_, watched);
}

/// Counts it, writes it to the log, and gives it what every answer has.
void Server::finish_answer(const Call& call, Response& response) {
  const auto took = std::chrono::steady_clock::now() - call.began;
  metrics_.count_request(call.request.method, call.route == nullptr ? std::string_view() : call.route->pattern,
                         response.status, took);
  finish(call.request, origins_, response);
  log_request(call.request, call.target, response, took, access_log_);
}

/// Suspends the connection and has a worker answer it. After MHD_resume_connection the call is the connections'
/// thread's again.
void Server::work_on(Call& call, MHD_Connection* connection) {
  const auto* info = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD);
  call.watched = watch_->add(info->connect_fd, *call.client_gone);
  MHD_suspend_connection(connection);
  const auto answer = [this, &call, connection](Response response) {
    if (response.events == nullptr) watch_->remove(std::exchange(call.watched, 0));
    finish_answer(call, response);
    call.response = std::move(response);
    call.answered = true;
    MHD_resume_connection(connection);
  };
  WorkPool& pool = call.route->lane == Lane::kSearch ? search_pool_ : control_pool_;
  const bool taken = pool.try_submit(call.request.client, [&call, answer] {
    answer(*call.client_gone ? error_response({ErrorCode::kUnavailable, "the request was given up", ""})
                             : run(*call.route, call.request));
  });
  if (!taken) answer(refused_for_now({ErrorCode::kUnavailable, "too many requests are waiting", "try again later"}));
}

}  // namespace

Result<std::unique_ptr<HttpServer>> HttpServer::start(store::Store& store, indexer::Indexer& indexer,
                                                      indexer::Producer* producer, const ServerOptions& options) {
  auto server = std::make_unique<Server>(store, indexer, producer, options);
  KSEEK_TRY(server->listen(options));
  return std::unique_ptr<HttpServer>(std::move(server));
}

}  // namespace kseek::server
