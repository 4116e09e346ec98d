#include "server/url.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>

namespace kseek::server {
namespace {

std::optional<unsigned> hex_digit(char c) {
  if (c >= '0' && c <= '9') return static_cast<unsigned>(c - '0');
  if (c >= 'a' && c <= 'f') return static_cast<unsigned>(c - 'a' + 10);
  if (c >= 'A' && c <= 'F') return static_cast<unsigned>(c - 'A' + 10);
  return std::nullopt;
}

/// `start` is where `text` stands in the target, for the message.
Result<std::string> percent_decode(std::string_view text, size_t start, bool plus_is_space) {
  std::string out;
  out.reserve(text.size());
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '+' && plus_is_space) {
      out.push_back(' ');
    } else if (text[i] != '%') {
      out.push_back(text[i]);
    } else {
      const auto high = i + 1 < text.size() ? hex_digit(text[i + 1]) : std::nullopt;
      const auto low = i + 2 < text.size() ? hex_digit(text[i + 2]) : std::nullopt;
      if (!high || !low) {
        return Error{ErrorCode::kInvalid,
                     fmt::format("the request target has a % without two hexadecimal digits at byte {}", start + i),
                     "write % itself as %25"};
      }
      out.push_back(static_cast<char>(*high << 4 | *low));
      i += 2;
    }
  }
  return out;
}

Result<Parameter> parse_parameter(std::string_view pair, size_t start) {
  const size_t equals = pair.find('=');
  Parameter parameter;
  KSEEK_ASSIGN(parameter.name, percent_decode(pair.substr(0, equals), start, true));
  if (equals != std::string_view::npos) {
    KSEEK_ASSIGN(parameter.value, percent_decode(pair.substr(equals + 1), start + equals + 1, true));
  }
  return parameter;
}

}  // namespace

Result<Target> parse_target(std::string_view target) {
  Target out;
  const size_t question = std::min(target.find('?'), target.size());
  const std::string_view path = target.substr(0, question);
  for (size_t begin = 1; begin < path.size();) {
    const size_t end = std::min(path.find('/', begin), path.size());
    KSEEK_ASSIGN(std::string segment, percent_decode(path.substr(begin, end - begin), begin, false));
    out.path.push_back(std::move(segment));
    begin = end + 1;
    if (end + 1 == path.size()) out.path.emplace_back();
  }
  for (size_t begin = question + 1; begin < target.size();) {
    const size_t end = std::min(target.find('&', begin), target.size());
    if (end > begin) {
      KSEEK_ASSIGN(Parameter parameter, parse_parameter(target.substr(begin, end - begin), begin));
      const auto same = [&](const Parameter& other) { return other.name == parameter.name; };
      if (std::any_of(out.query.begin(), out.query.end(), same)) {
        return Error{ErrorCode::kInvalid, fmt::format("parameter \"{}\" is given twice", parameter.name),
                     "give it once; lists are separated by commas"};
      }
      out.query.push_back(std::move(parameter));
    }
    begin = end + 1;
  }
  return out;
}

std::string percent_encode(std::string_view bytes) {
  std::string out;
  for (const char c : bytes) {
    const bool unreserved = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '-' ||
                            c == '.' || c == '_' || c == '~';
    if (unreserved) {
      out.push_back(c);
    } else {
      fmt::format_to(std::back_inserter(out), "%{:02X}", static_cast<unsigned char>(c));
    }
  }
  return out;
}

}  // namespace kseek::server
