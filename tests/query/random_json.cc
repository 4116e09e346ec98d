#include "tests/query/random_json.h"

#include <fmt/format.h>

namespace kseek::query {
namespace {

const std::vector<std::string> kNames = {"a", "a", "a", "b", "b", "n", "é", "A b", "x.y", "a\"", "你", "ab"};
const std::vector<std::string> kNumbers = {"42",
                                           "42",
                                           "42.0",
                                           "42.00",
                                           "4.2e1",
                                           "420e-1",
                                           "0.42E+2",
                                           "42.000000000000000000000",
                                           "41.99999999999999999999999",
                                           "42.0000000000000001",
                                           "-42",
                                           "-4.2e1",
                                           "0",
                                           "-0",
                                           "0.0",
                                           "0e7",
                                           "0.5",
                                           "0.50",
                                           "5e-1",
                                           "10",
                                           "1.5",
                                           "15e-1",
                                           "1000",
                                           "1e3",
                                           "1E+03",
                                           "1000.000",
                                           "9007199254740993",
                                           "9007199254740992",
                                           "9007199254740993.0",
                                           "18446744073709551615",
                                           "18446744073709551614",
                                           "1844674407370955161.5e1",
                                           "9223372036854775807",
                                           "9223372036854775807.0",
                                           "100000000000000000000",
                                           "1e20",
                                           "0.1",
                                           "0.1000000000000000000000000001",
                                           "123456789012345678",
                                           "12345678901234567.8",
                                           "12345678901234567.80"};
const std::vector<std::string> kStrings = {
    "42",   "42.0", "null", "true", "1.5", "-42", "a",     "b", "a b", "ab abc", "", "error", "Error in order-1",
    "a\"b", "a\\b", "x\ny", "你好", "é",   "1e3", "4.2e1", "n", "a/b", "0.5"};

std::string space(RandomText& random) {
  return random.one_in(6) ? random.pick<std::string>({" ", "\n", "\t", "\r\n "}) : "";
}

std::string value(RandomText& random, int depth);

std::string container(RandomText& random, int depth) {
  const bool object = random.below(5) < 3;
  std::string text = object ? "{" : "[";
  for (size_t n = random.below(4) + (depth > 1 ? 1 : 0), i = 0; i < n; ++i) {
    if (i > 0) text += ",";
    text += space(random);
    if (object) text += random_json_string(random, random.pick(kNames)) + space(random) + ":" + space(random);
    text += value(random, depth - 1) + space(random);
  }
  return text + space(random) + (object ? "}" : "]");
}

std::string value(RandomText& random, int depth) {
  if (depth > 0 && random.one_in(3)) return container(random, depth);
  switch (random.below(6)) {
    case 0:
    case 1: return random_json_string(random, random.pick(kStrings));
    case 2: return random.pick<std::string>({"null", "true", "false"});
    case 3: return random_json_string(random, random.words());
    default: return random_number(random);
  }
}

}  // namespace

std::string random_json(RandomText& random) { return space(random) + container(random, 3) + space(random); }

const std::string& random_number(RandomText& random) { return random.pick(kNumbers); }

std::string random_json_string(RandomText& random, std::string_view text) {
  const bool escape_some = random.one_in(3);
  std::string escaped = "\"";
  const OracleToken characters = oracle_exact(text);
  for (const int32_t c : characters) {
    if (c != '"' && c != '\\' && c >= 0x20 && !(escape_some && random.one_in(3))) {
      append_utf8(escaped, c);
    } else if (c >= 0x10000) {
      escaped += fmt::format("\\u{:04x}\\u{:04X}", 0xD800 + ((c - 0x10000) >> 10), 0xDC00 + ((c - 0x10000) & 0x3FF));
    } else if (c == '\n') {
      escaped += "\\n";
    } else if (c == '"' || c == '\\' || c == '/') {
      escaped += '\\';
      escaped += static_cast<char>(c);
    } else {
      escaped += fmt::format("\\u{:04x}", c);
    }
  }
  return escaped + '"';
}

std::string random_path(RandomText& random, std::vector<OracleStep>& steps) {
  std::string text;
  for (size_t n = 1 + random.below(2) + random.below(2); n > 0; --n) {
    OracleStep& step = steps.emplace_back();
    if (random.below(5) < 3) {
      step.name = random.pick(kNames);
      text += '.';
      for (const char c : *step.name) {
        const bool special = std::string_view(". \"").find(c) != std::string_view::npos;
        if (special || (c > 0 && random.one_in(12))) text += '\\';
        text += c;
      }
    } else if (random.one_in(2)) {
      text += "[*]";
    } else {
      step.index = random.below(3);
      text += fmt::format("[{}]", *step.index);
    }
  }
  return text;
}

}  // namespace kseek::query
