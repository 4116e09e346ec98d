// The log of a serving process: spdlog's logger "kseek", on standard error, as lines for people or as JSON. One line an
// event.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"

namespace kseek::cli {

struct LogOptions {
  std::string level = "info";   ///< debug, info, warn or error; below it nothing is written
  std::string format = "text";  ///< text or json
};

/// Makes the logger. To be called before anything logs; kInvalid: no such level or format.
[[nodiscard]] Result<void> set_up_log(const LogOptions& options);
/// From now on. kInvalid: no such level. Any thread.
[[nodiscard]] Result<void> set_log_level(const std::string& level);

enum class LogLevel { kInfo, kWarn, kError };
/// A line of the program itself. REQUIRES: set_up_log(). Any thread.
void log_line(LogLevel level, std::string_view text);

/// What a line tells beside its text. By convention a line about a topic begins "topic NAME: " or "topic NAME,
/// partition N: ", one about a job "job N: "; names of topics hold no colon, comma or space.
struct LogSubject {
  std::string_view topic;
  std::string_view partition;  ///< digits; empty: none
  std::string_view job;        ///< digits; empty: none
  std::string_view text;       ///< what is left
};
[[nodiscard]] LogSubject subject_of(std::string_view line);

}  // namespace kseek::cli
