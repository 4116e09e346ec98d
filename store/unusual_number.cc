#include "store/unusual_number.h"

#include <cstring>

namespace kseek::store {
namespace {

bool is_digit(char c) { return c >= '0' && c <= '9'; }

/// One past the string whose opening quotation mark is before p.
const char* skip_string(const char* p, const char* end) {
  while (p < end) {
    const void* quote = std::memchr(p, '"', static_cast<size_t>(end - p));
    if (quote == nullptr) return end;
    const char* const at = static_cast<const char*>(quote);
    const char* escape = at;
    while (escape > p && escape[-1] == '\\') --escape;
    p = at + 1;
    if ((at - escape) % 2 == 0) return p;
  }
  return end;
}

}  // namespace

bool looks_like_json(std::string_view text) {
  const size_t first = text.find_first_not_of(" \t\r\n");
  return first != std::string_view::npos && (text[first] == '{' || text[first] == '[');
}

bool has_unusual_number(std::string_view json) {
  const char* p = json.data();
  const char* const end = p + json.size();
  while (p < end) {
    if (*p == '"') {
      p = skip_string(p + 1, end);
      continue;
    }
    if (!is_digit(*p)) {
      ++p;
      continue;
    }
    const char* const first = p;
    while (p < end && is_digit(*p)) ++p;
    auto digits = static_cast<size_t>(p - first);
    size_t limit = kMaxIntegerDigits;
    if (p < end && *p == '.') {
      const char* const fraction = ++p;
      while (p < end && is_digit(*p)) ++p;
      digits += static_cast<size_t>(p - fraction);
      limit = kMaxFractionDigits;
    }
    if (digits > limit || (p < end && (*p == 'e' || *p == 'E'))) return true;
  }
  return false;
}

}  // namespace kseek::store
