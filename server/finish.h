// What every answer gets before it goes out: the request's id, compression, what browsers are to know, a line in the
// log. Any thread, no state.
#pragma once

#include <chrono>
#include <string_view>

#include "server/cors.h"
#include "server/http_types.h"

namespace kseek::server {

/// Answers of fewer bytes are not compressed.
inline constexpr size_t kLeastGzipBytes = 1024;

/// JSON and text of at least kLeastGzipBytes are compressed where the client takes that (not streams, raw keys and
/// values, nor what is compressed already). Takes milliseconds for answers of megabytes.
void finish(const Request& request, const Origins& origins, Response& response);

/// A line of the log, at level info if `wanted`, else debug. It has the path, but no parameters: what people look for
/// is not the log's business. `target` is the request's, as sent.
void log_request(const Request& request, std::string_view target, const Response& response,
                 std::chrono::nanoseconds took, bool wanted);

}  // namespace kseek::server
