// Does a JSON value fit a schema? For tests: the keywords of JSON Schema that server/openapi.json uses, and no others.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

namespace kseek::testing {

/// The part of `document` that "#/a/b" names. Throws what nlohmann::json throws where there is none.
[[nodiscard]] const nlohmann::json& resolve(const nlohmann::json& document, const nlohmann::json& schema);

/// What does not fit, a line each: "/hits/0/key: is a number". References are looked up in `document`. A keyword that
/// is not known here is one of them.
[[nodiscard]] std::vector<std::string> misfits(const nlohmann::json& document, const nlohmann::json& schema,
                                               const nlohmann::json& value, const std::string& at = "");

}  // namespace kseek::testing
