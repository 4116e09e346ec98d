#include "server/refusals.h"

#include <fmt/format.h>

#include <utility>

#include "base/message.h"

namespace kseek::server {
namespace {

Response too_long(int status, const char* what, std::string hint) {
  Response response = error_response({ErrorCode::kTooLarge, fmt::format("{} too many bytes", what), std::move(hint)});
  response.status = status;
  return response;
}

}  // namespace

std::optional<Response> refuse_long_head(std::string_view target, const Request& request) {
  if (target.size() > kMaxTargetBytes) {
    return too_long(
        414, "the request's address has",
        fmt::format("at most {}; searches and messages take their parameters as the JSON body of a POST, too",
                    kMaxTargetBytes));
  }
  size_t header_bytes = 0;
  for (const Parameter& header : request.headers) header_bytes += header.name.size() + header.value.size();
  if (header_bytes > kMaxHeaderBytes) {
    return too_long(431, "the request's headers have", fmt::format("at most {}", kMaxHeaderBytes));
  }
  return std::nullopt;
}

Error body_too_large() {
  return {ErrorCode::kTooLarge, "the request's body is too large",
          fmt::format("at most {} bytes; messages to {} bytes are indexed", kMaxBodyBytes, kMaxMessageBytes)};
}

Response refused_for_now(const Error& error) {
  Response response = error_response(error);
  if (error.code == ErrorCode::kUnavailable) response.headers.emplace_back("Retry-After", "1");
  return response;
}

}  // namespace kseek::server
