#include "cli/terminal.h"

#include <sys/ioctl.h>
#include <unistd.h>

#include <clocale>
#include <cstdlib>
#include <cstring>
#include <cwchar>
#include <limits>

namespace kseek::cli {
namespace {

/// wcwidth knows wide characters only in a UTF-8 locale.
void use_utf8_locale() {
  static const char* set = std::setlocale(LC_CTYPE, "C.UTF-8");
  (void)set;
}

/// Turns the direction of the text behind it: what is shown would read otherwise than it stands there.
bool turns_direction(wchar_t c) {
  return c == 0x061C || c == 0x200E || c == 0x200F || (c >= 0x202A && c <= 0x202E) || (c >= 0x2066 && c <= 0x2069);
}

Glyph glyph_of(wchar_t character, std::string_view bytes, size_t origin) {
  if (character == L'\n' || character == L'\r' || character == L'\t') return {" ", 1, origin};
  const int columns = wcwidth(character);
  if (columns < 0 || turns_direction(character)) return {"·", 1, origin};
  return {std::string(bytes), columns, origin};
}

/// Columns of the terminal behind `fd`, or `otherwise` when there is none.
int columns_behind(int fd, int otherwise) {
  winsize size{};
  return isatty(fd) != 0 && ioctl(fd, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 ? size.ws_col : otherwise;
}

}  // namespace

int terminal_columns() { return columns_behind(STDOUT_FILENO, 160); }
int table_columns() { return columns_behind(STDOUT_FILENO, std::numeric_limits<int>::max()); }
int error_columns() { return columns_behind(STDERR_FILENO, 80); }

bool may_style() {
  const char* no_color = std::getenv("NO_COLOR");
  const char* term = std::getenv("TERM");
  return isatty(STDOUT_FILENO) != 0 && (no_color == nullptr || *no_color == '\0') &&
         (term == nullptr || std::strcmp(term, "dumb") != 0);
}

std::vector<Glyph> glyphs_of(std::string_view text) {
  use_utf8_locale();
  std::vector<Glyph> glyphs;
  std::mbstate_t state{};
  for (size_t i = 0; i < text.size();) {
    wchar_t character = 0;
    size_t length = std::mbrtowc(&character, text.data() + i, text.size() - i, &state);
    if (length == 0) length = 1;  // a NUL
    if (length > text.size()) {   // not UTF-8
      state = {};
      glyphs.push_back({"·", 1, i});
      ++i;
      continue;
    }
    glyphs.push_back(glyph_of(character, text.substr(i, length), i));
    i += length;
  }
  return glyphs;
}

int columns_of(std::string_view text) {
  int columns = 0;
  for (const Glyph& glyph : glyphs_of(text)) columns += glyph.columns;
  return columns;
}

std::string fit(std::string_view text, int columns, bool pad) {
  const std::vector<Glyph> glyphs = glyphs_of(text);
  int total = 0;
  for (const Glyph& glyph : glyphs) total += glyph.columns;
  const bool cut = total > columns;
  std::string out;
  int used = 0;
  for (const Glyph& glyph : glyphs) {
    if (used + glyph.columns > columns - (cut ? 1 : 0)) break;
    out += glyph.bytes;
    used += glyph.columns;
  }
  if (cut) {
    out += "…";
    ++used;
  }
  if (pad && used < columns) out.append(static_cast<size_t>(columns - used), ' ');
  return out;
}

}  // namespace kseek::cli
