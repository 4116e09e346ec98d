// Rows of texts as a table, and spans of time, as people read them. No state.
#pragma once

#include <string>
#include <vector>

namespace kseek::cli {

using Rows = std::vector<std::vector<std::string>>;

/// Columns at their natural widths, two spaces apart; the first row is the head. Where they need more than `columns`
/// together, the widest are cut, until each has a few characters left.
[[nodiscard]] std::string text_table(const Rows& rows, int columns);

/// "12 ms", "3.4 ms", "0.25 ms", "0.004 ms": never a zero that is none.
[[nodiscard]] std::string milliseconds_text(double ms);

}  // namespace kseek::cli
