// A request as the routes see it, and what they answer. Values; one thread at a time.
#pragma once

#include <atomic>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"

namespace kseek::server {

/// Largest request body: a test message of the greatest size and its JSON around it.
inline constexpr uint64_t kMaxBodyBytes = 11_MiB;

/// One `name=value` of a query string, percent-decoded (any bytes, NUL included).
struct Parameter {
  std::string name;
  std::string value;
};

class EventStream;
struct Caller;

struct Request {
  std::string id;                                        ///< request_id.h
  std::string method;                                    ///< as sent: "GET"
  std::vector<std::string> path;                         ///< decoded segments: "/a/b%2Fc" is {"a", "b/c"}
  std::vector<Parameter> query;                          ///< in order
  std::string body;                                      ///< at most kMaxBodyBytes
  std::vector<std::string> captures;                     ///< the segments that stand for {} in the route's pattern
  std::vector<Parameter> headers;                        ///< as sent
  std::shared_ptr<const std::atomic<bool>> client_gone;  ///< turns true when the client hangs up
  std::string client;                                    ///< who takes turns with others: a token's owner or an address
  std::shared_ptr<const Caller> caller;                  ///< whose token it is (access.h); nullptr: none is asked for

  /// The parameter's value; empty when it is absent or empty.
  [[nodiscard]] std::string_view parameter(std::string_view name) const {
    for (const Parameter& p : query) {
      if (p.name == name) return p.value;
    }
    return {};
  }

  /// The header's value, `name` in any case; empty when it is absent.
  [[nodiscard]] std::string_view header(std::string_view name) const;
};

struct Response {
  int status = 200;
  std::string content_type = "application/json";
  std::string body;
  std::vector<std::pair<std::string, std::string>> headers = {};
  std::shared_ptr<EventStream> events = {};  ///< if set, the body is what is sent there, until it is closed
};

/// The status that contract gives an error.
[[nodiscard]] int http_status(ErrorCode code);

/// The error as an answer in contract's form, with the headers that its status asks for.
[[nodiscard]] Response error_response(const Error& error);

}  // namespace kseek::server
