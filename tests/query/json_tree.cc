#include "tests/query/json_tree.h"

#include <cstdlib>
#include <nlohmann/json.hpp>
#include <utility>

namespace kseek::query {
namespace {

class TreeBuilder : public nlohmann::json_sax<nlohmann::json> {
 public:
  JsonTree root;
  bool null() override { return add({}); }
  bool boolean(bool b) override { return add({JsonTree::Type::kBool, b, 0, "", {}}); }
  bool number_integer(number_integer_t n) override { return number(static_cast<long double>(n)); }
  bool number_unsigned(number_unsigned_t n) override { return number(static_cast<long double>(n)); }
  bool number_float(number_float_t /*n*/, const string_t& text) override {
    return number(std::strtold(text.c_str(), nullptr));
  }
  bool string(string_t& text) override { return add({JsonTree::Type::kString, false, 0, text, {}}); }
  bool binary(binary_t& /*bytes*/) override { return false; }
  bool start_object(size_t /*n*/) override { return open(JsonTree::Type::kObject); }
  bool start_array(size_t /*n*/) override { return open(JsonTree::Type::kArray); }
  bool key(string_t& name) override {
    name_ = name;
    return true;
  }
  bool end_object() override { return close(); }
  bool end_array() override { return close(); }
  bool parse_error(size_t /*at*/, const std::string& /*token*/, const nlohmann::detail::exception& /*e*/) override {
    return false;
  }

 private:
  bool number(long double n) { return add({JsonTree::Type::kNumber, false, n, "", {}}); }
  bool add(JsonTree tree) {
    if (open_.empty()) {
      root = std::move(tree);
    } else {
      open_.back().tree.children.push_back({std::exchange(name_, ""), std::move(tree)});
    }
    return true;
  }
  bool open(JsonTree::Type type) {
    open_.push_back({std::exchange(name_, ""), JsonTree{type, false, 0, "", {}}});
    return true;
  }
  bool close() {
    auto [name, tree] = std::move(open_.back());
    open_.pop_back();
    name_ = std::move(name);
    return add(std::move(tree));
  }
  std::string name_;
  std::vector<JsonTree::Child> open_;
};

}  // namespace

std::optional<JsonTree> parse_json_tree(std::string_view text) {
  TreeBuilder builder;
  if (!nlohmann::json::sax_parse(text, &builder)) return std::nullopt;
  return std::move(builder.root);
}

}  // namespace kseek::query
