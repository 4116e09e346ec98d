// A path into a JSON value, as people write it: customer.id, items[*].sku, rows[0][1].
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace kseek::tokenizer {

struct JsonPath {
  struct Step {
    enum class Kind : uint8_t { kName, kIndex, kAny } kind = Kind::kName;
    std::string name;    ///< kName: the member's exact name
    uint64_t index = 0;  ///< kIndex: from 0
    bool operator==(const Step&) const = default;
  };
  std::vector<Step> steps;
  /// As written; characters of names that mean something in a query are escaped.
  [[nodiscard]] std::string to_string() const;
  bool operator==(const JsonPath&) const = default;
};

/// Steps a path may have: following it recurses once a step.
inline constexpr size_t kMaxJsonPathSteps = 256;

/// Reads names apart by dots, [n] and [*]; `\` makes any character part of a name. kInvalid says what was expected.
[[nodiscard]] Result<JsonPath> parse_json_path(std::string_view text);

}  // namespace kseek::tokenizer
