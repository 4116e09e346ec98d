#include "tokenizer/json_path.h"

#include <fmt/format.h>

#include <charconv>
#include <optional>

namespace kseek::tokenizer {
namespace {

constexpr std::string_view kSpecial = ".[]:\\\"()/*? \t\r\n";

Error bad_path(std::string_view text, std::string_view what) {
  return {ErrorCode::kInvalid, fmt::format("\"{}\" is not a path into a JSON value: {}", text, what),
          "write names apart by dots, [n] or [*] for array elements: customer.id, items[*].sku"};
}

/// Takes "n]" or "*]" off the front of `rest`.
std::optional<JsonPath::Step> take_index(std::string_view& rest) {
  const size_t close = rest.find(']');
  if (close == std::string_view::npos) return std::nullopt;
  const std::string_view inside = rest.substr(0, close);
  rest.remove_prefix(close + 1);
  JsonPath::Step step;
  if (inside == "*") {
    step.kind = JsonPath::Step::Kind::kAny;
    return step;
  }
  step.kind = JsonPath::Step::Kind::kIndex;
  const auto [end, failure] = std::from_chars(inside.data(), inside.data() + inside.size(), step.index);
  if (inside.empty() || failure != std::errc{} || end != inside.data() + inside.size()) return std::nullopt;
  return step;
}

/// Takes a name off the front of `rest`, up to an unescaped '.' or '['.
JsonPath::Step take_name(std::string_view& rest) {
  JsonPath::Step step;
  size_t i = 0;
  for (; i < rest.size() && rest[i] != '.' && rest[i] != '['; ++i) {
    if (rest[i] == '\\' && i + 1 < rest.size()) ++i;
    step.name += rest[i];
  }
  rest.remove_prefix(i);
  return step;
}

}  // namespace

std::string JsonPath::to_string() const {
  std::string text;
  for (const Step& step : steps) {
    switch (step.kind) {
      case Step::Kind::kIndex: text += fmt::format("[{}]", step.index); break;
      case Step::Kind::kAny: text += "[*]"; break;
      case Step::Kind::kName:
        if (!text.empty()) text += '.';
        for (const char c : step.name) {
          if (kSpecial.find(c) != std::string_view::npos) text += '\\';
          text += c;
        }
    }
  }
  return text;
}

Result<JsonPath> parse_json_path(std::string_view text) {
  JsonPath path;
  std::string_view rest = text;
  bool name_next = !rest.starts_with('[');
  while (name_next || !rest.empty()) {
    if (path.steps.size() == kMaxJsonPathSteps) {
      return bad_path(text, fmt::format("it has over {} steps", kMaxJsonPathSteps));
    }
    if (name_next) {
      path.steps.push_back(take_name(rest));
      if (path.steps.back().name.empty()) return bad_path(text, "a name is empty");
      name_next = false;
    } else if (rest.front() == '[') {
      rest.remove_prefix(1);
      const auto step = take_index(rest);
      if (!step) return bad_path(text, "brackets hold a number or *");
      path.steps.push_back(*step);
    } else if (rest.front() == '.') {
      rest.remove_prefix(1);
      name_next = true;
    } else {
      return bad_path(text, "a dot belongs between ] and a name");
    }
  }
  return path;
}

}  // namespace kseek::tokenizer
