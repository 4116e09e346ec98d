// Numbers in what a client sends. Any thread, no state.
#pragma once

#include <charconv>
#include <string_view>

namespace kseek::server {

/// False (`number` says nothing then) unless the whole text is a number of that type.
template <class Number>
[[nodiscard]] bool read_number(std::string_view text, Number& number) {
  const auto [rest, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  return error == std::errc() && rest == text.data() + text.size();
}

}  // namespace kseek::server
