// Patterns of topic names: `*` is any run of characters, also none; every other character is itself.
#pragma once

#include <string_view>

namespace kseek {

/// The whole of `name` fits. Time at most the product of the lengths.
[[nodiscard]] bool matches_glob(std::string_view pattern, std::string_view name);

}  // namespace kseek
