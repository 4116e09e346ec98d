#include "base/time.h"

#include <fmt/format.h>

#include <charconv>
#include <limits>

namespace kseek {
namespace {

using std::chrono::milliseconds;

constexpr int64_t kMsADay = 24LL * 3600 * 1000;
constexpr int64_t kMaxSpanMs = 100 * 366 * kMsADay;

/// Reads fixed-width fields off the front of a text.
class Scanner {
 public:
  explicit Scanner(std::string_view text) : rest_(text) {}
  [[nodiscard]] bool done() const { return rest_.empty(); }
  bool accept(char c) {
    if (rest_.empty() || rest_.front() != c) return false;
    rest_.remove_prefix(1);
    return true;
  }
  /// Exactly `digits` digits, in [low, high].
  bool number(size_t digits, int low, int high, int& out) {
    if (rest_.size() < digits) return false;
    const auto [end, failure] = std::from_chars(rest_.data(), rest_.data() + digits, out);
    if (failure != std::errc{} || end != rest_.data() + digits || rest_.front() == '-') return false;
    rest_.remove_prefix(digits);
    return out >= low && out <= high;
  }
  /// One or more digits as a decimal fraction, cut to milliseconds.
  bool fraction_ms(int& ms) {
    ms = 0;
    int weight = 100;
    size_t n = 0;
    for (; n < rest_.size() && rest_[n] >= '0' && rest_[n] <= '9'; ++n, weight /= 10) ms += (rest_[n] - '0') * weight;
    rest_.remove_prefix(n);
    return n > 0;
  }

 private:
  std::string_view rest_;
};

std::optional<Timestamp> parse_rfc3339(std::string_view text) {
  Scanner in(text);
  int year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0, ms = 0, offset_minutes = 0;
  if (!in.number(4, 0, 9999, year) || !in.accept('-') || !in.number(2, 1, 12, month) || !in.accept('-') ||
      !in.number(2, 1, 31, day)) {
    return std::nullopt;
  }
  const std::chrono::year_month_day date{std::chrono::year(year), std::chrono::month(static_cast<unsigned>(month)),
                                         std::chrono::day(static_cast<unsigned>(day))};
  if (!date.ok()) return std::nullopt;
  if (in.accept('T') || in.accept('t') || in.accept(' ')) {
    if (!in.number(2, 0, 23, hour)) return std::nullopt;
    if (in.accept(':')) {
      if (!in.number(2, 0, 59, minute)) return std::nullopt;
      if (in.accept(':')) {
        if (!in.number(2, 0, 60, second)) return std::nullopt;
        if (in.accept('.') && !in.fraction_ms(ms)) return std::nullopt;
      }
    }
    if (!in.accept('Z') && !in.accept('z') && !in.done()) {
      const int sign = in.accept('-') ? -1 : in.accept('+') ? 1 : 0;
      int hours = 0, minutes = 0;
      if (sign == 0 || !in.number(2, 0, 23, hours)) return std::nullopt;
      if (!in.done() && (!in.accept(':') || !in.number(2, 0, 59, minutes))) return std::nullopt;
      offset_minutes = sign * (hours * 60 + minutes);
    }
  }
  if (!in.done()) return std::nullopt;
  const int64_t days = std::chrono::sys_days(date).time_since_epoch().count();
  return Timestamp{days * kMsADay + ((hour * 60LL + minute - offset_minutes) * 60 + second) * 1000 + ms};
}

std::optional<int64_t> parse_integer(std::string_view text) {
  int64_t n = 0;
  const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), n);
  if (failure != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return n;
}

int64_t unit_ms(std::string_view unit) {
  if (unit == "ms") return 1;
  if (unit == "s") return 1000;
  if (unit == "m") return 60'000;
  if (unit == "h") return 3'600'000;
  if (unit == "d") return kMsADay;
  if (unit == "w") return 7 * kMsADay;
  return 0;
}

}  // namespace

Timestamp now() {
  return {std::chrono::duration_cast<milliseconds>(std::chrono::system_clock::now().time_since_epoch()).count()};
}

Result<Timestamp> parse_time(std::string_view text, Timestamp now) {
  if (text == "now") return now;
  if (const auto epoch_ms = parse_integer(text)) return Timestamp{*epoch_ms};
  if (const auto time = parse_rfc3339(text)) return *time;
  if (!text.empty() && text.front() == '-') {
    if (const auto span = parse_duration(text.substr(1))) return Timestamp{now.ms - span->count()};
  }
  return Error{ErrorCode::kInvalid, fmt::format("\"{}\" is not a time", text),
               "write 2026-11-20T10:00:00Z, epoch milliseconds, now, or a relative time such as -15m or -3d"};
}

Result<milliseconds> parse_duration(std::string_view text) {
  const size_t digits = std::min(text.find_first_not_of("0123456789"), text.size());
  const auto count = parse_integer(text.substr(0, digits));
  const int64_t unit = unit_ms(text.substr(digits));
  if (!count || unit == 0 || *count > kMaxSpanMs / unit) {
    return Error{ErrorCode::kInvalid, fmt::format("\"{}\" is not a duration", text),
                 "write a whole number and a unit, ms, s, m, h, d or w, up to 100 years: 90s, 7d"};
  }
  return milliseconds{*count * unit};
}

std::string format_time(Timestamp time) {
  constexpr int64_t kYear0 = -62'167'219'200'000;      // 0000-01-01T00:00:00Z
  constexpr int64_t kYear10000 = 253'402'300'800'000;  // 10000-01-01T00:00:00Z
  if (time.ms == -1 || time.ms < kYear0 || time.ms >= kYear10000) return fmt::format("{}", time.ms);
  const std::chrono::sys_time<milliseconds> point{milliseconds{time.ms}};
  const auto midnight = std::chrono::floor<std::chrono::days>(point);
  const std::chrono::year_month_day date{midnight};
  const std::chrono::hh_mm_ss clock{point - midnight};
  return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:03}Z", static_cast<int>(date.year()),
                     static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()), clock.hours().count(),
                     clock.minutes().count(), clock.seconds().count(), clock.subseconds().count());
}

}  // namespace kseek
