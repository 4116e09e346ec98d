// The parameters of a search and of reading messages from a position on, as the HTTP endpoint takes them and the
// command line's `--data-dir` form too. An empty parameter is an absent one; kInvalid names the parameter, what is
// wrong and what was expected. Any thread, no state.
#pragma once

#include <string>
#include <vector>

#include "base/ids.h"
#include "base/result.h"
#include "query/messages.h"
#include "query/request.h"
#include "server/http_types.h"

namespace kseek::server {

/// topic, partition, offset, time, key, value, q, limit, order, cursor, explain.
[[nodiscard]] const std::vector<std::string>& search_parameter_names();

[[nodiscard]] Result<query::SearchRequest> parse_search(const std::vector<Parameter>& parameters, Timestamp now);

/// partition, offset, time, limit, cursor. A partition alone is read from its beginning.
[[nodiscard]] const std::vector<std::string>& messages_parameter_names();

[[nodiscard]] Result<query::MessagesRequest> parse_messages(const std::string& topic,
                                                            const std::vector<Parameter>& parameters, Timestamp now);

}  // namespace kseek::server
