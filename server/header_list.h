// Lists with commas between their items: request headers (Accept-Encoding, If-None-Match), settings. Any thread, no
// state.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace kseek::server {

/// True if the list has the item, in any case, and not with a weight of 0 (";q=0"). A weak tag (W/"x") is its strong
/// one: the comparison that If-None-Match asks for.
[[nodiscard]] bool lists(std::string_view header, std::string_view item);

/// What stands between commas or blanks.
[[nodiscard]] std::vector<std::string> items_of(std::string_view list);

}  // namespace kseek::server
