#include "server/connection_watch.h"

#include <sys/socket.h>

#include <utility>

namespace kseek::server {
namespace {

constexpr std::chrono::milliseconds kEvery{250};

/// When the socket is closed, what the client has not taken is dropped: else the system would go on to offer it.
void drop_rest(int fd) {
  const linger at_once{1, 0};
  setsockopt(fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once));
}

}  // namespace

class ConnectionWatch::Connection {
 public:
  enum class State {
    kWaiting,  ///< for the next request
    kReading,
    kWorking,  ///< for us
    kAnswering,
    kStreaming,
  };
  int fd = -1;         // constant after construction
  std::string client;  // constant after construction
  State state = State::kWaiting;
  Clock::time_point since = Clock::now();  ///< in this state; of kStreaming: since when it is measured
  size_t bytes = 0;                        ///< handed on since then
  std::list<Connection>::iterator place;   // constant after construction

  void turn(State next) {
    state = next;
    since = Clock::now();
    bytes = 0;
  }
};

ConnectionWatch::ConnectionWatch(const ConnectionLimits& limits) : limits_(limits), thread_([this] { watch(); }) {}

ConnectionWatch::~ConnectionWatch() {
  {
    const std::lock_guard lock(mu_);
    stopping_ = true;
  }
  wake_.notify_one();
  thread_.join();
}

ConnectionWatch::Connection* ConnectionWatch::add(int fd, std::string client) {
  const std::lock_guard lock(mu_);
  Connection& connection = connections_.emplace_back();
  connection.fd = fd;
  connection.client = std::move(client);
  connection.place = std::prev(connections_.end());
  return &connection;
}

void ConnectionWatch::remove(Connection* connection) {
  const std::lock_guard lock(mu_);
  connections_.erase(connection->place);
}

void ConnectionWatch::request_began(Connection& connection) {
  const std::lock_guard lock(mu_);
  connection.turn(Connection::State::kReading);
}

void ConnectionWatch::request_came(Connection& connection) {
  const std::lock_guard lock(mu_);
  connection.turn(Connection::State::kWorking);
}

void ConnectionWatch::answer_began(Connection& connection) {
  const std::lock_guard lock(mu_);
  connection.turn(Connection::State::kAnswering);
}

void ConnectionWatch::stream_gave(Connection& connection, size_t bytes) {
  const std::lock_guard lock(mu_);
  if (connection.state != Connection::State::kStreaming) connection.turn(Connection::State::kStreaming);
  connection.bytes += bytes;
}

void ConnectionWatch::stream_rests(Connection& connection) {
  const std::lock_guard lock(mu_);
  connection.turn(Connection::State::kWorking);
}

void ConnectionWatch::answer_ended(Connection& connection) {
  const std::lock_guard lock(mu_);
  connection.turn(Connection::State::kWaiting);
}

void ConnectionWatch::gave_up(Connection& connection) {
  const std::lock_guard lock(mu_);
  drop_rest(connection.fd);
}

const std::string& ConnectionWatch::client_of(const Connection& connection) { return connection.client; }

size_t ConnectionWatch::count() const {
  const std::lock_guard lock(mu_);
  return connections_.size();
}

/// A connection that waits gets the time of a request on top: where its first line comes a byte at a time, nobody tells
/// us that it has begun.
bool ConnectionWatch::is_late(Connection& connection, Clock::time_point now) const {
  const auto passed = now - connection.since;
  switch (connection.state) {
    case Connection::State::kWaiting: return passed > limits_.idle + limits_.request;
    case Connection::State::kReading: return passed > limits_.request;
    case Connection::State::kWorking: return false;
    case Connection::State::kAnswering: return passed > limits_.answer;
    case Connection::State::kStreaming: break;
  }
  if (passed <= limits_.answer) return false;
  if (connection.bytes < limits_.least_bytes) return true;
  connection.turn(Connection::State::kStreaming);
  return false;
}

void ConnectionWatch::watch() {
  std::unique_lock lock(mu_);
  while (!wake_.wait_for(lock, kEvery, [this] { return stopping_; })) {
    const auto now = Clock::now();
    for (Connection& connection : connections_) {
      if (!is_late(connection, now)) continue;
      drop_rest(connection.fd);
      shutdown(connection.fd, SHUT_RDWR);  // libmicrohttpd sees the end of it, and closes it
      connection.turn(Connection::State::kWorking);
    }
  }
}

}  // namespace kseek::server
