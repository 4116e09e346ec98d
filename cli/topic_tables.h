// The JSON of topics, shown to people.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"

namespace kseek::cli {

/// A table of {"topics":[…]}. kInternal when the JSON isn't that.
[[nodiscard]] Result<std::string> topics_table(std::string_view json);
/// A table of a topic's progress.
[[nodiscard]] Result<std::string> progress_table(std::string_view json);
/// A table of {"jobs":[…]}, and of a topic's dead letters (a page of them).
[[nodiscard]] Result<std::string> jobs_table(std::string_view json);
[[nodiscard]] Result<std::string> dead_letters_table(std::string_view json);
/// A table of the consumer groups on a topic.
[[nodiscard]] Result<std::string> groups_table(std::string_view json);
/// One "name: value" line a member; a line an event.
[[nodiscard]] Result<std::string> member_lines(std::string_view json);

}  // namespace kseek::cli
