// HTTP over plain sockets, for tests: sees exactly what the server sends, and can misbehave.
#pragma once

#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>

namespace kseek::testing {

struct RawAnswer {
  int status = 0;
  std::map<std::string, std::string> headers;  ///< names in small letters
  std::string body;
  [[nodiscard]] nlohmann::json json() const { return nlohmann::json::parse(body); }
};

/// A connection to "http://127.0.0.1:PORT". One thread.
class RawConnection {
 public:
  /// `receive_bytes`: how much the system takes for us that we have not read; 0: as it likes.
  explicit RawConnection(const std::string& url, int receive_bytes = 0);
  ~RawConnection();
  RawConnection(RawConnection&& other) noexcept;
  RawConnection& operator=(RawConnection&&) = delete;

  [[nodiscard]] bool connected() const { return fd_ >= 0; }
  /// True if the server has neither closed the connection nor sent anything.
  [[nodiscard]] bool idle() const;
  /// False when the server has closed the connection.
  bool send(std::string_view bytes);
  /// The next answer; nullopt when the server closes first or 60 s pass. `no_body` for an answer to HEAD.
  [[nodiscard]] std::optional<RawAnswer> read_answer(bool no_body = false);
  /// What comes up to `end`, without it; the next so many bytes. nullopt as read_answer.
  [[nodiscard]] std::optional<std::string> read_until(std::string_view end);
  [[nodiscard]] std::optional<std::string> read_bytes(size_t count);

 private:
  bool fill();
  int fd_ = -1;
  std::string buffer_;
};

/// A request as text; a body is sent with its length. `headers`: further ones, each with its line's end.
[[nodiscard]] std::string request_text(std::string_view method, std::string_view target, std::string_view body = "",
                                       std::string_view headers = "");

/// One request on a connection of its own; status 0 when there was no answer.
[[nodiscard]] RawAnswer http(const std::string& url, std::string_view method, std::string_view target,
                             std::string_view body = "", std::string_view headers = "");

}  // namespace kseek::testing
