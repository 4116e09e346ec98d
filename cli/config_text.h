// The settings as text: a kseek.toml with all of them, what is in use, and the same as JSON.
#pragma once

#include <string>

#include "cli/serve_config.h"

namespace kseek::cli {

/// A kseek.toml of comments: for each setting what it means, its unit, its variable, and a line with its default.
[[nodiscard]] std::string default_config_text();
/// A kseek.toml with the values of `config`, each followed by who set it. Values of librdkafka's properties may be
/// secrets and are left out.
[[nodiscard]] std::string effective_config_text(const ServeConfig& config);
/// {"settings":[{"table","key","default","value","set_by","unit","meaning","variable"}],"kafka":[{"property","set_by"}]}
[[nodiscard]] std::string settings_json(const ServeConfig& config);

}  // namespace kseek::cli
