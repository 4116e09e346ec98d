#include "cli/bare_time.h"

#include <fmt/format.h>

#include <charconv>
#include <cstdio>
#include <optional>

#include "base/time.h"
#include "cli/common.h"

namespace kseek::cli {
namespace {

constexpr int64_t k2001 = 978'307'200;    // in seconds
constexpr int64_t k2100 = 4'102'444'800;  // in seconds

std::optional<int64_t> whole_number_in(std::string_view text) {
  const size_t begin = text.find_first_not_of(" \t");
  if (begin == std::string_view::npos) return std::nullopt;
  text = text.substr(begin, text.find_last_not_of(" \t") + 1 - begin);
  int64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return number;
}

std::string perhaps_meant(int64_t number, std::string_view offset_hint) {
  if (number < 0) return fmt::format("a time before now has a unit: {}m, {}h, {}d", number, number, number);
  if (number < k2001 || number >= k2100) return std::string(offset_hint);
  return fmt::format("if seconds were meant, write {}000 ({})", number, format_time(Timestamp{number * 1000}));
}

}  // namespace

std::optional<Error> bare_time_note(std::string_view option, std::string_view text, std::string_view offset_hint) {
  for (std::string_view rest = text;;) {
    const size_t between = rest.find("..");
    const auto number = whole_number_in(rest.substr(0, between));
    if (number && *number < k2001 * 1000 && *number != 0 && *number != -1) {
      return Error{ErrorCode::kInvalid,
                   fmt::format("{}: {} was read as milliseconds since 1970, which is {}", option, *number,
                               format_time(Timestamp{*number})),
                   perhaps_meant(*number, offset_hint)};
    }
    if (between == std::string_view::npos) return std::nullopt;
    rest.remove_prefix(between + 2);
  }
}

void warn_of_bare_time(std::string_view option, std::string_view text, std::string_view offset_hint) {
  if (const auto note = bare_time_note(option, text, offset_hint)) fail_for_good(*note);
}

}  // namespace kseek::cli
