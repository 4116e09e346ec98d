// Points and spans of time as people write them, and the clock.
#pragma once

#include <chrono>
#include <string>
#include <string_view>

#include "base/ids.h"
#include "base/result.h"

namespace kseek {

/// The wall clock, in milliseconds.
[[nodiscard]] Timestamp now();

/// Reads RFC 3339 ("2026-11-20T10:00:00.5+08:00"; minutes, seconds and offset may be left out, without an offset it
/// is UTC; a date alone is its midnight), epoch milliseconds ("1700000000000"), "now", or a time relative to `now`
/// ("-15m", "-3d"). kInvalid names what was expected.
[[nodiscard]] Result<Timestamp> parse_time(std::string_view text, Timestamp now);

/// Reads a span: a whole number and a unit ms, s, m, h, d or w ("90s", "7d"). kInvalid otherwise or over 100 years.
[[nodiscard]] Result<std::chrono::milliseconds> parse_duration(std::string_view text);

/// "2026-11-20T10:00:00.500Z"; years outside 0000..9999 and -1 as the plain number of milliseconds.
[[nodiscard]] std::string format_time(Timestamp time);

}  // namespace kseek
