// The text of `q`, as far as it goes today: words and "quoted phrases", all of which must match, wildcards inside.
// What the full query language has and this has not (fields, OR, NOT, parentheses) is refused, never misread.
#pragma once

#include <string_view>

#include "base/result.h"
#include "query/condition.h"

namespace kseek::server {

/// kInvalid says at which byte of `text` (from 1) and what to write instead.
[[nodiscard]] Result<query::Condition> parse_query_text(std::string_view text);

}  // namespace kseek::server
