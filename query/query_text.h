// The query text: what a person types into the search box becomes a Condition. docs/query.md is its grammar.
#pragma once

#include <string_view>

#include "base/ids.h"
#include "base/result.h"
#include "query/condition.h"

namespace kseek::query {

inline constexpr size_t kMaxQueryBytes = 64 * 1024;
inline constexpr size_t kMaxQueryDepth = 64;  ///< of parentheses and NOTs
inline constexpr size_t kMaxQueryTerms = 1024;

/// Relative times (time:-15m..) count from `now`. kInvalid names the place ("at character 7"), what is there and what
/// was expected. Linear in the text; any thread.
[[nodiscard]] Result<Condition> parse_query(std::string_view text, Timestamp now);

}  // namespace kseek::query
