#include "cli/text_table.h"

#include <fmt/format.h>

#include <algorithm>
#include <numeric>

#include "cli/terminal.h"

namespace kseek::cli {
namespace {

constexpr int kGap = 2;
constexpr int kLeast = 6;  // columns that a cell keeps

/// Takes from the widest until all have room, or nothing can be taken any more.
void shrink(std::vector<int>& widths, int columns) {
  const int room = columns - kGap * (static_cast<int>(widths.size()) - 1);
  int total = std::accumulate(widths.begin(), widths.end(), 0);
  while (total > room) {
    const auto widest = std::max_element(widths.begin(), widths.end());
    if (*widest <= kLeast) return;
    --*widest;
    --total;
  }
}

}  // namespace

std::string text_table(const Rows& rows, int columns) {
  std::vector<int> widths(rows.front().size(), 0);
  for (const auto& row : rows) {
    for (size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], columns_of(row[i]));
  }
  shrink(widths, columns);
  std::string out;
  for (const auto& row : rows) {
    for (size_t i = 0; i < row.size(); ++i) {
      out += i + 1 < row.size() ? fit(row[i], widths[i], true) + std::string(kGap, ' ') : fit(row[i], widths[i], false);
    }
    out += "\n";
  }
  return out;
}

std::string milliseconds_text(double ms) {
  if (ms >= 100) return fmt::format("{:.0f} ms", ms);
  if (ms >= 1) return fmt::format("{:.1f} ms", ms);
  if (ms >= 0.01 || ms <= 0) return fmt::format("{:.2f} ms", ms);
  return ms < 0.001 ? "under 0.001 ms" : fmt::format("{:.3f} ms", ms);
}

}  // namespace kseek::cli
