// Answers for people: a table of messages with the matched parts marked, and lines that say how sure it is.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"

namespace kseek::cli {

struct TableStyle {
  int columns = 160;  ///< no line is wider
  bool mark = false;  ///< show matched parts bold and underlined
};

/// `json` is a search answer of the HTTP interface. kInternal when it isn't.
[[nodiscard]] Result<std::string> answer_table(std::string_view json, const TableStyle& style);
/// One hit (its JSON) as a line of a table without heads, in widths that don't depend on other hits: for a live tail.
[[nodiscard]] std::string hit_line(std::string_view json, const TableStyle& style);

/// As answer_table, for messages from a position on.
[[nodiscard]] Result<std::string> messages_table(std::string_view json, const TableStyle& style);

}  // namespace kseek::cli
