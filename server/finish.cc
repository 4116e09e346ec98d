#include "server/finish.h"

#include <spdlog/spdlog.h>

#include <algorithm>

#include "server/gzip.h"
#include "server/header_list.h"

namespace kseek::server {
namespace {

bool has_header(const Response& response, std::string_view name) {
  return std::any_of(response.headers.begin(), response.headers.end(),
                     [&](const auto& header) { return header.first == name; });
}

/// Says that the answer depends on this header of the request.
void vary(Response& response, std::string_view header) {
  for (auto& [name, value] : response.headers) {
    if (name == "Vary") {
      value.append(", ").append(header);
      return;
    }
  }
  response.headers.emplace_back("Vary", header);
}

void compress(const Request& request, Response& response) {
  const bool is_text =
      response.content_type.starts_with("application/json") || response.content_type.starts_with("text/");
  const bool has_form = has_header(response, "Content-Encoding") || has_header(response, "ETag");  // a file, as it is
  if (response.events != nullptr || !is_text || has_form || response.body.size() < kLeastGzipBytes) return;
  vary(response, "Accept-Encoding");
  if (!lists(request.header("Accept-Encoding"), "gzip")) return;
  auto smaller = gzip(response.body);
  if (!smaller) return;
  response.body = *std::move(smaller);
  response.headers.emplace_back("Content-Encoding", "gzip");
}

/// What a log may show of a path: as sent, but bounded, and without what would end the line.
std::string shown_path(std::string_view target) {
  constexpr size_t kMost = 256;
  std::string path(target.substr(0, std::min(target.find('?'), kMost)));
  std::replace_if(
      path.begin(), path.end(), [](char c) { return c <= ' ' || c == '\x7f'; }, '?');
  return path;
}

}  // namespace

void finish(const Request& request, const Origins& origins, Response& response) {
  response.headers.emplace_back("X-Request-Id", request.id);
  if (!has_header(response, "X-Content-Type-Options"))
    response.headers.emplace_back("X-Content-Type-Options", "nosniff");
  if (!has_header(response, "Cache-Control")) response.headers.emplace_back("Cache-Control", "no-store");
  allow_origin(request, origins, response);
  if (!origins.empty()) vary(response, "Origin");
  compress(request, response);
}

void log_request(const Request& request, std::string_view target, const Response& response,
                 std::chrono::nanoseconds took, bool wanted) {
  const auto log = spdlog::get("kseek");
  const auto level = response.status == 500 ? spdlog::level::err : wanted ? spdlog::level::info : spdlog::level::debug;
  if (log == nullptr || !log->should_log(level)) return;
  log->log(level, "request id={} method={} path={} status={} bytes={} ms={:.1f}", request.id, request.method,
           shown_path(target), response.status, response.body.size(),
           std::chrono::duration<double, std::milli>(took).count());
}

}  // namespace kseek::server
