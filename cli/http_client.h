// Talks to a kseek server. libcurl stays behind this header. One thread at a time.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "cli/server_choice.h"
#include "server/http_types.h"

namespace kseek::cli {

/// What is asked by parameters: with GET, or, where that would be too long an address, with POST.
struct Question {
  std::string path;
  std::optional<std::string> body;  ///< set: POST
};

class HttpClient {
 public:
  /// `url` as "http://127.0.0.1:7420" and what else it takes to be let in; nothing is connected yet. `limit`: for the
  /// whole of an answer.
  explicit HttpClient(ServerChoice server, std::chrono::milliseconds limit = std::chrono::seconds(120));
  ~HttpClient();
  HttpClient(const HttpClient&) = delete;
  HttpClient& operator=(const HttpClient&) = delete;

  /// The answer's body when the status is 2xx; otherwise the server's own error.
  /// kUnavailable: nobody answers there (the hint says how to start a server).
  [[nodiscard]] Result<std::string> get(const std::string& path);
  [[nodiscard]] Result<std::string> ask(const Question& question);
  [[nodiscard]] Result<std::string> post(const std::string& path, const std::string& json_body);
  [[nodiscard]] Result<std::string> patch(const std::string& path, const std::string& json_body);
  [[nodiscard]] Result<std::string> remove(const std::string& path);
  /// Gives the body to `take` as it comes, without limit of time, until the server ends it or `take` says false. Errors
  /// as get(); kUnavailable too when nothing at all comes for a minute (a live server sends something every 15 s).
  [[nodiscard]] Result<void> stream(const Question& question, const std::function<bool(std::string_view)>& take);

 private:
  [[nodiscard]] Result<void> prepare(const char* method, const std::string& target, const std::string* json_body);
  [[nodiscard]] Result<void> outcome(int code) const;
  [[nodiscard]] Result<std::string> perform(const char* method, const std::string& path, const std::string* body);

  const ServerChoice server_;
  const std::string url_;
  const std::chrono::milliseconds limit_;
  struct Handle;
  std::unique_ptr<Handle> handle_;
};

/// "/api/v1/topics/…" with the segments percent-encoded.
[[nodiscard]] std::string topic_path(const std::string& topic, const std::string& rest = "");
/// "/api/v1/search?…", or that path and a body
[[nodiscard]] Question search_question(const std::vector<server::Parameter>& parameters);
/// "/api/v1/topics/…/messages?…", or "/api/v1/topics/…/messages/read" and a body
[[nodiscard]] Question messages_question(const std::string& topic, const std::vector<server::Parameter>& parameters);

}  // namespace kseek::cli
