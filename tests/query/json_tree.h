// JSON as nlohmann's parser reports it, for tests to evaluate fields on: members in order with their duplicates,
// numbers as the long double nearest to their text.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace kseek::query {

struct JsonTree {
  enum class Type { kNull, kBool, kNumber, kString, kArray, kObject } type = Type::kNull;
  bool boolean = false;
  long double number = 0;
  std::string text;
  struct Child;
  std::vector<Child> children;
};

struct JsonTree::Child {
  std::string name;  ///< empty in an array
  JsonTree tree;
};

/// nullopt: not JSON. Unlike kseek the library refuses lone surrogates and numbers beyond a double.
[[nodiscard]] std::optional<JsonTree> parse_json_tree(std::string_view text);

}  // namespace kseek::query
