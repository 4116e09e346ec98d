// The parameters of a search, as the HTTP endpoint takes them and the command line's `--data-dir` form too.
#pragma once

#include <string>
#include <vector>

#include "base/ids.h"
#include "base/result.h"
#include "query/request.h"
#include "server/http_types.h"

namespace kseek::server {

/// topic, partition, offset, time, key, value, q, limit, order, cursor, explain.
[[nodiscard]] const std::vector<std::string>& search_parameter_names();

/// An empty parameter is an absent one. kInvalid names the parameter, what is wrong and what was expected.
[[nodiscard]] Result<query::SearchRequest> parse_search(const std::vector<Parameter>& parameters, Timestamp now);

}  // namespace kseek::server
