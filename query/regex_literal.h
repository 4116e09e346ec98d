// Inside query/: the text that a regular expression can't match without, read off the pattern itself.
#pragma once

#include <string>
#include <string_view>

namespace kseek::query {

/// The longest run of literal characters on the outermost level of `pattern`, outside groups, classes and anything
/// optional: every match contains it. Empty when there is none, and whenever the pattern has anything that this simple
/// reader doesn't follow (an alternative outside of groups, flags, \Q, \x, \p). REQUIRES: RE2 compiles the pattern,
/// case sensitive, with its default options.
[[nodiscard]] std::string required_literal(std::string_view pattern);

}  // namespace kseek::query
