#include "cli/redact_config.h"

#include <fmt/format.h>
#include <toml++/toml.h>

#include <optional>
#include <vector>

namespace kseek::cli {
namespace {

Error at(const std::string& path, const toml::node& node, std::string_view what, std::string hint = "") {
  return {ErrorCode::kInvalid, fmt::format("{}, line {}: [[redact]] {}", path, node.source().begin.line, what),
          std::move(hint)};
}

/// A text, or a list of them.
std::optional<std::vector<std::string>> texts_of(const toml::node& node) {
  if (const auto text = node.value_exact<std::string>()) return std::vector{*text};
  const toml::array* list = node.as_array();
  if (list == nullptr) return std::nullopt;
  std::vector<std::string> texts;
  for (const toml::node& item : *list) {
    const auto text = item.value_exact<std::string>();
    if (!text) return std::nullopt;
    texts.push_back(*text);
  }
  return texts;
}

Result<void> read_in(const std::string& path, const toml::node& node, indexer::RedactionRule& rule) {
  const auto names = texts_of(node);
  if (!names || names->empty())
    return at(path, node, "in: expected \"key\", \"value\", \"headers\", or a list of them");
  for (const std::string& name : *names) {
    if (name == "key") {
      rule.in_key = true;
    } else if (name == "value") {
      rule.in_value = true;
    } else if (name == "headers") {
      rule.in_headers = true;
    } else {
      return at(path, node, fmt::format("in: \"{}\" is none of key, value, headers", name));
    }
  }
  return {};
}

Result<void> read_member(const std::string& path, std::string_view key, const toml::node& node,
                         indexer::RedactionRule& rule) {
  if (key == "in") return read_in(path, node, rule);
  if (key == "topics") {
    const auto topics = texts_of(node);
    if (!topics) return at(path, node, "topics: expected a name or pattern, or a list of them");
    rule.topics = *topics;
    return {};
  }
  const auto text = node.value_exact<std::string>();
  if (key == "not_json") {
    if (text != "keep" && text != "replace") return at(path, node, "not_json: expected \"keep\" or \"replace\"");
    rule.replace_not_json = text == "replace";
    return {};
  }
  std::string* place = key == "field"         ? &rule.field
                       : key == "regex"       ? &rule.regex
                       : key == "header"      ? &rule.header
                       : key == "replacement" ? &rule.replacement
                                              : nullptr;
  if (place == nullptr) {
    return at(path, node, fmt::format("has no setting \"{}\"", key),
              "known: topics, field, regex, header, in, not_json, replacement");
  }
  if (!text) return at(path, node, fmt::format("{}: expected a text in quotation marks", key));
  *place = *text;
  return {};
}

Result<std::shared_ptr<const indexer::Redactor>> read_rules(const std::string& path, const toml::table& file) {
  using Rules = std::shared_ptr<const indexer::Redactor>;
  const toml::node* node = file.get("redact");
  if (node == nullptr) return Rules();
  const toml::array* list = node->as_array();
  if (list == nullptr) return at(path, *node, "must be a list of tables", "write [[redact]] above each rule");
  std::vector<indexer::RedactionRule> rules;
  for (const toml::node& item : *list) {
    const toml::table* table = item.as_table();
    if (table == nullptr) return at(path, item, "must be a list of tables", "write [[redact]] above each rule");
    indexer::RedactionRule rule;
    for (const auto& [key, value] : *table) KSEEK_TRY(read_member(path, key.str(), value, rule));
    // So that what is wrong with a rule is said with its line.
    if (auto alone = indexer::Redactor::compile({rule}); !alone) {
      std::string what = alone.error().message;
      return at(path, item, what.substr(what.find(": ") + 2), alone.error().hint);
    }
    rules.push_back(std::move(rule));
  }
  return indexer::Redactor::compile(rules);
}

}  // namespace

Result<std::shared_ptr<const indexer::Redactor>> read_redaction(const std::string& path) {
  try {
    return read_rules(path, toml::parse_file(path));
  } catch (const toml::parse_error& e) {
    const bool twice = e.description().find("redefine existing table") != std::string_view::npos;
    return Error{ErrorCode::kInvalid, fmt::format("{}, line {}: {}", path, e.source().begin.line, e.description()),
                 twice ? "the file has this table already, maybe empty: write the settings below that line" : ""};
  }
}

}  // namespace kseek::cli
