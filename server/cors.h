// Which pages of other origins a browser lets read the answers (CORS): none, unless the settings name them.
// Any thread, no state.
#pragma once

#include <string>
#include <vector>

#include "server/http_types.h"

namespace kseek::server {

/// The origins that may: "https://tools.example.com"; "*" is all.
using Origins = std::vector<std::string>;

/// Lets the page that asked read the answer, if its origin may.
void allow_origin(const Request& request, const Origins& origins, Response& response);

/// Turns the refusal of an OPTIONS request into the answer to a browser that asks before it sends (a preflight), if the
/// origin may. `refused` has the path's methods as its header Allow.
void answer_preflight(const Request& request, const Origins& origins, Response& refused);

/// kForbidden: a request that changes something and comes from a page that may not. Browsers send such requests without
/// asking, and only keep the answer from the page. Requests that come from no page at all are fine.
[[nodiscard]] Result<void> permit_change(const Request& request, const Origins& origins);

}  // namespace kseek::server
