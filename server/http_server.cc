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

#include "server/cors.h"
#include "server/event_stream.h"
#include "server/finish.h"
#include "server/hangup_watch.h"
#include "server/listen_socket.h"
#include "server/metrics.h"
#include "server/request_id.h"
#include "server/router.h"
#include "server/routes.h"
#include "server/stream_hub.h"
#include "server/url.h"
#include "server/work_pool.h"

namespace kseek::server {
namespace {

constexpr size_t kMaxWaitingJobs = 1000;
constexpr size_t kControlThreads = 4;
constexpr uint64_t kMaxBodyBytesTogether = 256_MiB;

/// One request, from its first line to the last byte of its answer. Belongs to the connections' thread, and while the
/// connection is suspended to the worker that answers it.
struct Call {
  std::string target;
  Request request;
  Response response;
  std::shared_ptr<std::atomic<bool>> client_gone = std::make_shared<std::atomic<bool>>(false);
  uint64_t watched = 0;                         ///< the watch's id while someone works for the client; 0: not watched
  std::chrono::steady_clock::time_point began;  ///< when its last byte had come
  const Route* route = nullptr;                 ///< nullptr: none fits, or not found yet
  bool started = false;                         ///< the headers were seen
  bool body_refused = false;                    ///< too large; the rest is read and dropped
  bool answered = false;                        ///< `response` is the answer
  uint64_t reserved_bytes = 0;
};

class Server final : public HttpServer {
 public:
  Server(store::Store& store, indexer::Indexer& indexer, indexer::Producer* producer, const ServerOptions& options);
  ~Server() override;
  Result<void> listen(const ServerOptions& options);
  [[nodiscard]] std::string url() const override { return socket_.url; }

 private:
  static void* on_target(void* self, const char* target, MHD_Connection* connection);
  static MHD_Result on_request(void* self, MHD_Connection* connection, const char* url, const char* method,
                               const char* version, const char* data, size_t* data_size, void** context);
  static void on_completed(void* self, MHD_Connection* connection, void** context, MHD_RequestTerminationCode why);

  MHD_Result begin(Call& call, MHD_Connection* connection, const char* method);
  MHD_Result take_body(Call& call, std::string_view data);
  MHD_Result dispatch(Call& call, MHD_Connection* connection);
  void work_on(Call& call, MHD_Connection* connection);
  MHD_Result answer_at_once(Call& call, MHD_Connection* connection, Response response);
  void finish_answer(const Call& call, Response& response);

  const bool access_log_;
  const Origins origins_;
  Metrics metrics_;
  Router router_;                       // constant after construction
  ListenSocket socket_;                 // constant after listen()
  MHD_Daemon* daemon_ = nullptr;        // constant after listen()
  std::unique_ptr<HangupWatch> watch_;  // constant after listen()
  WorkPool search_pool_;
  WorkPool control_pool_;
  StreamHub streams_;
  std::atomic<uint64_t> body_bytes_{0};  ///< of all requests that are being received or worked on
};

size_t search_threads(unsigned asked) { return asked > 0 ? asked : std::max(4U, std::thread::hardware_concurrency()); }

Server::Server(store::Store& store, indexer::Indexer& indexer, indexer::Producer* producer,
               const ServerOptions& options)
    : access_log_(options.access_log),
      origins_(origins_of(options.cors_origins)),
      search_pool_(search_threads(options.search_threads), kMaxWaitingJobs),
      control_pool_(kControlThreads, kMaxWaitingJobs),
      streams_(search_pool_, options.max_streams) {
  const Services services{store, indexer, metrics_, producer, options.search_deadline};
  add_all_routes(router_, services, streams_);
}

Server::~Server() {
  if (daemon_ != nullptr) MHD_quiesce_daemon(daemon_);
  if (watch_ != nullptr) watch_->give_up_all();
  search_pool_.stop();  // every suspended connection is resumed by its job
  control_pool_.stop();
  streams_.stop();  // and by this
  if (daemon_ != nullptr) MHD_stop_daemon(daemon_);
  if (socket_.fd >= 0) close(socket_.fd);
}

Result<void> Server::listen(const ServerOptions& options) {
  KSEEK_ASSIGN(socket_, listen_on(options.listen));
  KSEEK_ASSIGN(watch_, HangupWatch::start());
  constexpr uint64_t kFilesForTheRest = 256;  // the store's and the Kafka client's
  const uint64_t files = raise_open_file_limit();
  const auto connections = static_cast<unsigned>(
      std::clamp<uint64_t>(files > kFilesForTheRest ? files - kFilesForTheRest : 0, 16, options.max_connections));
  daemon_ = MHD_start_daemon(
      MHD_USE_EPOLL_INTERNAL_THREAD | MHD_ALLOW_SUSPEND_RESUME, 0, nullptr, nullptr, &Server::on_request, this,
      MHD_OPTION_LISTEN_SOCKET, socket_.fd, MHD_OPTION_CONNECTION_LIMIT, connections, MHD_OPTION_CONNECTION_TIMEOUT,
      static_cast<unsigned>(options.idle_timeout.count()), MHD_OPTION_URI_LOG_CALLBACK, &Server::on_target, this,
      MHD_OPTION_NOTIFY_COMPLETED, &Server::on_completed, this, MHD_OPTION_END);
  if (daemon_ == nullptr) {
    return Error{ErrorCode::kUnavailable, fmt::format("can't serve on {}", socket_.url),
                 "raise the limit of open files (ulimit -n)"};
  }
  return {};
}

/// What libmicrohttpd reads a stream's events through; it suspends the connection while there is none.
struct StreamBody {
  std::shared_ptr<EventStream> events;
  MHD_Connection* connection = nullptr;
};

ssize_t read_events(void* body, uint64_t /*position*/, char* out, size_t max) {
  const auto& [events, connection] = *static_cast<StreamBody*>(body);
  const auto read = events->read(out, max, [c = connection] { MHD_suspend_connection(c); });
  return read ? static_cast<ssize_t>(*read) : MHD_CONTENT_READER_END_OF_STREAM;
}

MHD_Response* streaming_response(MHD_Connection* connection, std::shared_ptr<EventStream> events) {
  constexpr size_t kReadBytes = 32 * 1024;
  events->attach([connection] { MHD_resume_connection(connection); });
  auto* body = new StreamBody{std::move(events), connection};
  const auto forget = [](void* owned) {
    static_cast<StreamBody*>(owned)->events->detach();
    delete static_cast<StreamBody*>(owned);
  };
  MHD_Response* answer = MHD_create_response_from_callback(MHD_SIZE_UNKNOWN, kReadBytes, &read_events, body, forget);
  if (answer == nullptr) forget(body);
  return answer;
}

MHD_Response* whole_response(std::string text) {
  auto* body = new std::string(std::move(text));
  MHD_Response* answer = MHD_create_response_from_buffer_with_free_callback_cls(
      body->size(), body->data(), [](void* owned) { delete static_cast<std::string*>(owned); }, body);
  if (answer == nullptr) delete body;
  return answer;
}

MHD_Result queue(MHD_Connection* connection, Response response) {
  MHD_Response* answer = response.events != nullptr ? streaming_response(connection, std::move(response.events))
                                                    : whole_response(std::move(response.body));
  if (answer == nullptr) return MHD_NO;
  if (response.status != 204 && response.status != 304)
    MHD_add_response_header(answer, "Content-Type", response.content_type.c_str());
  for (const auto& [name, value] : response.headers) MHD_add_response_header(answer, name.c_str(), value.c_str());
  const MHD_Result queued = MHD_queue_response(connection, static_cast<unsigned>(response.status), answer);
  MHD_destroy_response(answer);
  return queued;
}

Error too_large() {
  return {ErrorCode::kTooLarge, "the request's body is too large",
          fmt::format("at most {} bytes; messages to {} bytes are indexed", kMaxBodyBytes, kMaxMessageBytes)};
}

void* Server::on_target(void* /*self*/, const char* target, MHD_Connection* /*connection*/) {
  auto* call = new Call;
  call->target = target;
  return call;
}

void Server::on_completed(void* self, MHD_Connection* /*connection*/, void** context, MHD_RequestTerminationCode) {
  auto* call = static_cast<Call*>(*context);
  if (call != nullptr) {
    auto& server = *static_cast<Server*>(self);
    server.body_bytes_ -= call->reserved_bytes;
    if (call->watched != 0) server.watch_->remove(call->watched);
    call->client_gone->store(true);
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
  if (call.answered) return queue(connection, std::move(call.response));
  return server.dispatch(call, connection);
}

/// A body that is announced as too large is refused before it is sent.
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
  const char* length = MHD_lookup_connection_value(connection, MHD_HEADER_KIND, "Content-Length");
  if (length == nullptr) return MHD_YES;
  uint64_t bytes = 0;
  const auto [rest, error] = std::from_chars(length, length + std::strlen(length), bytes);
  if (error == std::errc() && bytes <= kMaxBodyBytes) return MHD_YES;
  return answer_at_once(call, connection, error_response(too_large()));
}

MHD_Result Server::take_body(Call& call, std::string_view data) {
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
  if (call.body_refused) return answer_at_once(call, connection, error_response(too_large()));
  if (const auto may = permit_change(call.request, origins_); !may) {
    return answer_at_once(call, connection, error_response(may.error()));
  }
  auto target = parse_target(call.target);
  if (!target) return answer_at_once(call, connection, error_response(target.error()));
  call.request.path = std::move(target->path);
  call.request.query = std::move(target->query);
  call.request.client_gone = call.client_gone;
  Response refused;
  const auto route = router_.find(call.request, refused);
  if (!route) return answer_at_once(call, connection, error_response(route.error()));
  if (*route == nullptr) {
    answer_preflight(call.request, origins_, refused);
    return answer_at_once(call, connection, std::move(refused));
  }
  call.route = *route;
  if (call.route->lane == Lane::kInline) return answer_at_once(call, connection, run(*call.route, call.request));
  work_on(call, connection);
  return MHD_YES;
}

MHD_Result Server::answer_at_once(Call& call, MHD_Connection* connection, Response response) {
  finish_answer(call, response);
  return queue(connection, std::move(response));
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
  const bool taken = pool.try_submit([&call, answer] {
    answer(*call.client_gone ? error_response({ErrorCode::kUnavailable, "the request was given up", ""})
                             : run(*call.route, call.request));
  });
  if (!taken) answer(error_response({ErrorCode::kUnavailable, "too many requests are waiting", "try again later"}));
}

}  // namespace

Result<std::unique_ptr<HttpServer>> HttpServer::start(store::Store& store, indexer::Indexer& indexer,
                                                      indexer::Producer* producer, const ServerOptions& options) {
  auto server = std::make_unique<Server>(store, indexer, producer, options);
  KSEEK_TRY(server->listen(options));
  return std::unique_ptr<HttpServer>(std::move(server));
}

}  // namespace kseek::server
