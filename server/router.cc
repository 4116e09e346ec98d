#include "server/router.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <exception>

#include "server/json.h"
#include "server/url.h"

namespace kseek::server {
namespace {

/// The captured segments, if the path fits the pattern.
bool fits(const std::vector<std::string>& pattern, const std::vector<std::string>& path,
          std::vector<std::string>& captures) {
  if (pattern.size() != path.size()) return false;
  captures.clear();
  for (size_t i = 0; i < path.size(); ++i) {
    if (pattern[i] == "{}") {
      if (path[i].empty()) return false;
      captures.push_back(path[i]);
    } else if (pattern[i] != path[i]) {
      return false;
    }
  }
  return true;
}

Result<void> check_parameters(const Route& route, const Request& request) {
  for (const Parameter& parameter : request.query) {
    if (std::find(route.parameters.begin(), route.parameters.end(), parameter.name) == route.parameters.end()) {
      return Error{ErrorCode::kInvalid, fmt::format("unknown parameter \"{}\"", parameter.name),
                   route.parameters.empty() ? "this path takes no parameters"
                                            : fmt::format("known here: {}", fmt::join(route.parameters, ", "))};
    }
  }
  return {};
}

}  // namespace

std::string_view Request::header(std::string_view name) const {
  const auto same = [](char a, char b) {
    const auto small = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; };
    return small(a) == small(b);
  };
  for (const Parameter& header : headers) {
    if (std::equal(header.name.begin(), header.name.end(), name.begin(), name.end(), same)) return header.value;
  }
  return {};
}

int http_status(ErrorCode code) {
  switch (code) {
    case ErrorCode::kInvalid: return 400;
    case ErrorCode::kNotFound: return 404;
    case ErrorCode::kConflict: return 409;
    case ErrorCode::kTooLarge: return 413;
    case ErrorCode::kUnavailable: return 503;
    case ErrorCode::kTimeout: return 504;
    case ErrorCode::kUnauthorized: return 401;
    case ErrorCode::kForbidden: return 403;
    case ErrorCode::kTooMany: return 429;
    case ErrorCode::kCorrupt:
    case ErrorCode::kInternal: return 500;
  }
  return 500;
}

Response error_response(const Error& error) {
  Response response{.status = http_status(error.code), .body = error_json(error)};
  if (error.code == ErrorCode::kUnauthorized)
    response.headers.emplace_back("WWW-Authenticate", "Bearer realm=\"kseek\"");
  if (error.code == ErrorCode::kTooMany) response.headers.emplace_back("Retry-After", "1");
  return response;
}

void Router::add(Route route) {
  auto target = parse_target(route.pattern);
  std::vector<std::string> segments = std::move(target.value().path);
  entries_.push_back({std::move(route), std::move(segments)});
}

std::vector<Route> Router::routes() const {
  std::vector<Route> all;
  all.reserve(entries_.size());
  for (const Entry& entry : entries_) all.push_back(entry.route);
  return all;
}

Result<const Route*> Router::find(Request& request, Response& refused) const {
  std::vector<std::string> allowed;
  std::vector<std::string> captures;
  for (const Entry& entry : entries_) {
    if (!fits(entry.segments, request.path, captures)) continue;
    const bool head = request.method == "HEAD" && entry.route.method == "GET";
    if (entry.route.method == request.method || head) {
      KSEEK_TRY(check_parameters(entry.route, request));
      request.captures = std::move(captures);
      return &entry.route;
    }
    allowed.push_back(entry.route.method);
    if (entry.route.method == "GET") allowed.emplace_back("HEAD");
  }
  if (allowed.empty()) {
    return Error{ErrorCode::kNotFound, "there is nothing at this path", "GET /openapi.json lists what is there"};
  }
  const std::string list = fmt::format("{}", fmt::join(allowed, ", "));
  refused = error_response({ErrorCode::kInvalid, fmt::format("this path does not take {}", request.method),
                            fmt::format("it takes {}", list)});
  refused.status = 405;
  refused.headers.emplace_back("Allow", list);
  return nullptr;
}

Response run(const Route& route, const Request& request) {
  try {
    auto answer = route.handler(request);
    return answer ? *std::move(answer) : error_response(answer.error());
  } catch (const std::exception& e) {  // a bug of ours (or no memory): the connection still gets its answer
    return error_response({ErrorCode::kInternal, fmt::format("unexpected: {}", e.what()), "please report this"});
  }
}

}  // namespace kseek::server
