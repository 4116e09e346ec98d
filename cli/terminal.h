// Text for terminals: how wide it is, what of it is safe to print, and whether it may be styled.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace kseek::cli {

/// Columns of the terminal on stdout; 160 when it is none.
[[nodiscard]] int terminal_columns();
/// The same for tables whose every cell tells something: no limit when stdout is no terminal.
[[nodiscard]] int table_columns();
/// Columns of the terminal on stderr; 80 when it is none.
[[nodiscard]] int error_columns();
/// True when stdout is a terminal that may show bold text (NO_COLOR and TERM=dumb say no).
[[nodiscard]] bool may_style();

/// One character as it is printed.
struct Glyph {
  std::string bytes;
  int columns = 1;
  size_t origin = 0;  ///< where it begins in the text, in bytes
};

/// UTF-8 text as glyphs: line breaks and tabs become spaces, other control characters and broken bytes a middle dot, so
/// that no message can drive the terminal. Wide characters count two columns (the C library's wcwidth).
[[nodiscard]] std::vector<Glyph> glyphs_of(std::string_view text);

/// The text made safe, cut with an ellipsis to `columns`, and filled up with spaces if `pad`.
[[nodiscard]] std::string fit(std::string_view text, int columns, bool pad);
[[nodiscard]] int columns_of(std::string_view text);

}  // namespace kseek::cli
