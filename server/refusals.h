// Answers to requests that are refused before a route sees them. Any thread, no state.
#pragma once

#include <optional>
#include <string_view>

#include "server/http_types.h"

namespace kseek::server {

inline constexpr size_t kMaxTargetBytes = 16_KiB;  ///< of a request's first line
inline constexpr size_t kMaxHeaderBytes = 32_KiB;  ///< names and values together

/// 414 or 431 where the first line or the headers are too long.
[[nodiscard]] std::optional<Response> refuse_long_head(std::string_view target, const Request& request);

/// Of a body over kMaxBodyBytes.
[[nodiscard]] Error body_too_large();

/// The error as an answer; what passes by itself says when to try again.
[[nodiscard]] Response refused_for_now(const Error& error);

}  // namespace kseek::server
