// Server-sent events over a plain socket, for tests: undoes the chunks of HTTP/1.1 and parts the events.
#pragma once

#include <nlohmann/json.hpp>
#include <optional>
#include <string>

#include "tests/server/raw_http.h"

namespace kseek::testing {

struct Event {
  std::string name;
  nlohmann::json data;
};

/// The answer to one GET, which must be a stream. One thread.
class EventReader {
 public:
  EventReader(const std::string& url, const std::string& target, const std::string& headers = "");

  /// The answer's first line and headers; the body of one that is no stream.
  [[nodiscard]] const RawAnswer& head() const { return head_; }
  /// The next event; nullopt when the stream has ended, the connection is lost, or 60 s pass.
  [[nodiscard]] std::optional<Event> next();
  /// The server said that nothing more comes.
  [[nodiscard]] bool ended() const { return ended_; }

 private:
  bool read_chunk();
  RawConnection connection_;
  RawAnswer head_;
  std::string text_;
  bool ended_ = false;
};

}  // namespace kseek::testing
