// SIGHUP: reads the configuration again and takes over what can change while everything runs.
#pragma once

#include "cli/serve_config.h"

namespace kseek::cli {

/// Reads file and environment again, and sets `running` to what holds from now on. The log says what was taken over and
/// what needs a restart; of a configuration that is wrong nothing is taken over.
void reload_config(const ServeArguments& arguments, ServeConfig& running);

}  // namespace kseek::cli
