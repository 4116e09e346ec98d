// What is said of a command line that is not understood. CLI11's own words name no command, and some are riddles.
#pragma once

#include <CLI/App.hpp>

#include "base/result.h"

namespace kseek::cli {

/// kInvalid: what is wrong with the command line that `app` has just refused with `error`, what was perhaps meant, and
/// where to read on.
[[nodiscard]] Error usage_error(const CLI::App& app, const CLI::Error& error);

/// Accepts a whole number from 0 to `max` (at most INT64_MAX), else says that it is none.
[[nodiscard]] CLI::Validator whole_number(uint64_t max);

/// Accepts a number above 0, else says that it is none.
[[nodiscard]] CLI::Validator positive_number();

/// Accepts what a server can be told to listen on, host:port, else says that it can't.
[[nodiscard]] CLI::Validator listen_address();

}  // namespace kseek::cli
