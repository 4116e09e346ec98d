// Request headers that are lists: Accept-Encoding, If-None-Match. Any thread, no state.
#pragma once

#include <string_view>

namespace kseek::server {

/// True if the list has the item, in any case, and not with a weight of 0 (";q=0"). A weak tag (W/"x") is its strong
/// one: the comparison that If-None-Match asks for.
[[nodiscard]] bool lists(std::string_view header, std::string_view item);

}  // namespace kseek::server
