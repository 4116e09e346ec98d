#include "server/cors.h"

#include <algorithm>

namespace kseek::server {
namespace {

bool may_read(std::string_view origin, const Origins& origins) {
  return !origin.empty() && std::any_of(origins.begin(), origins.end(), [&](const std::string& allowed) {
    return allowed == "*" || allowed == origin;
  });
}

}  // namespace

void allow_origin(const Request& request, const Origins& origins, Response& response) {
  const std::string_view origin = request.header("Origin");
  if (!may_read(origin, origins)) return;
  response.headers.emplace_back("Access-Control-Allow-Origin", origin);
  response.headers.emplace_back("Access-Control-Expose-Headers",
                                "X-Request-Id, ETag, Content-Disposition, Retry-After, WWW-Authenticate");
}

void answer_preflight(const Request& request, const Origins& origins, Response& refused) {
  if (request.method != "OPTIONS" || request.header("Access-Control-Request-Method").empty()) return;
  if (!may_read(request.header("Origin"), origins)) return;
  Response granted{.status = 204, .body = ""};
  for (auto& [name, value] : refused.headers) {
    if (name == "Allow") granted.headers.emplace_back("Access-Control-Allow-Methods", std::move(value));
  }
  granted.headers.emplace_back("Access-Control-Allow-Headers", "Authorization, Content-Type, X-Request-Id");
  granted.headers.emplace_back("Access-Control-Max-Age", "600");
  refused = std::move(granted);
}

Result<void> permit_change(const Request& request, const Origins& origins) {
  if (request.method == "GET" || request.method == "HEAD" || request.method == "OPTIONS") return {};
  const std::string_view origin = request.header("Origin");
  if (origin.empty() || request.header("Sec-Fetch-Site") == "same-origin" || may_read(origin, origins)) return {};
  const size_t scheme_end = origin.find("://");
  if (scheme_end != std::string_view::npos && origin.substr(scheme_end + 3) == request.header("Host")) return {};
  return Error{ErrorCode::kForbidden, "a page of another origin may change nothing here",
               "if it should, name its origin in the setting cors_origins of [server]"};
}

}  // namespace kseek::server
