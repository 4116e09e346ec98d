// server/openapi.json, as tests hold answers against it.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

#include "tests/server/raw_http.h"

namespace kseek::testing {

/// The document that is in the program.
[[nodiscard]] const nlohmann::json& api_document();

/// The path of the document ("/api/v1/topics/{topic}") that a request's target goes to; empty: none.
[[nodiscard]] std::string path_of(std::string_view target);

/// What the document does not say of this answer: its status, content type, members, X-Request-Id. Empty: it says it
/// all. An answer that never came (status 0) is one of which nothing is said.
[[nodiscard]] std::string complaint(std::string_view method, std::string_view target, const RawAnswer& answer);

}  // namespace kseek::testing
