// The manual page kseek(1), made from the commands as they are declared and from the list of settings: what --help and
// `kseek config` say.
#pragma once

#include <CLI/App.hpp>
#include <string>

namespace kseek::cli {

/// The page as troff source (man(7)), UTF-8. `app` has all of its commands.
[[nodiscard]] std::string man_page(const CLI::App& app);

}  // namespace kseek::cli
