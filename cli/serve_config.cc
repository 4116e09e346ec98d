#include "cli/serve_config.h"

#include <fmt/format.h>
#include <toml++/toml.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <optional>
#include <string_view>

#include "cli/redact_config.h"
#include "cli/settings.h"
#include "indexer/kafka_properties.h"
#include "indexer/live_redactor.h"

namespace kseek::cli {
namespace {

Error at(const std::string& path, const toml::node& node, std::string what, std::string hint) {
  return {ErrorCode::kInvalid, fmt::format("{}, line {}: {}", path, node.source().begin.line, what), std::move(hint)};
}

std::string origin(const std::string& path, const toml::node& node) {
  return fmt::format("{}, line {}", path, node.source().begin.line);
}

std::optional<SettingValue> value_of(const toml::node& node) {
  if (const auto text = node.value_exact<std::string>()) return *text;
  if (const auto number = node.value_exact<int64_t>()) return *number;
  if (const auto truth = node.value_exact<bool>()) return *truth;
  return std::nullopt;
}

std::string text_of(const SettingValue& value) {
  if (const auto* number = std::get_if<int64_t>(&value)) return std::to_string(*number);
  if (const auto* truth = std::get_if<bool>(&value)) return *truth ? "true" : "false";
  return std::get<std::string>(value);
}

std::string keys_of(const std::vector<Setting>& settings, std::string_view table) {
  std::string list;
  for (const Setting& setting : settings) {
    if (setting.table == table) list += (list.empty() ? "" : ", ") + setting.key;
  }
  return list;
}

std::string table_names() {
  std::string list;
  for (const SettingTable& table : setting_tables()) list += (list.empty() ? "" : ", ") + table.name;
  return list + ", redact";  // read_redaction's
}

Result<void> read_kafka(const std::string& path, const toml::table& table, ServeConfig& config) {
  for (const auto& [key, node] : table) {
    const std::string name(key.str());
    const auto value = value_of(node);
    if (!value) {
      return at(path, node, fmt::format("[kafka] {} must be a text, a whole number, true or false", name),
                "a property with dots is written in quotation marks: \"security.protocol\" = \"SSL\"");
    }
    const auto checked = indexer::check_kafka_property(name, text_of(*value));
    if (!checked) return at(path, node, checked.error().message, checked.error().hint);
    config.indexer.kafka[name] = text_of(*value);
    config.origins["[kafka] " + name] = origin(path, node);
  }
  return {};
}

Result<void> read_table(const std::string& path, std::string_view name, const toml::table& table,
                        const std::vector<Setting>& settings, ServeConfig& config) {
  for (const auto& [key, node] : table) {
    const std::string_view word = key.str();
    const auto setting = std::find_if(settings.begin(), settings.end(),
                                      [&](const Setting& s) { return s.table == name && s.key == word; });
    if (setting == settings.end()) {
      return at(path, node, fmt::format("[{}] has no setting \"{}\"", name, word), "known: " + keys_of(settings, name));
    }
    // A list, a table, a fraction: no setting takes one, and each says what it does take.
    const bool takes_text = setting->kind == Setting::Kind::kText || setting->kind == Setting::Kind::kSpan;
    const SettingValue unfit = takes_text ? SettingValue(int64_t{0}) : SettingValue(std::string());
    const auto set = setting->set(value_of(node).value_or(unfit));
    if (!set) return at(path, node, fmt::format("{}: expected {}", setting->name(), set.error().message), "");
    config.origins[setting->name()] = origin(path, node);
  }
  return {};
}

Result<void> read_tables(const std::string& path, const toml::table& root, ServeConfig& config) {
  const std::vector<Setting> settings = settings_of(config);
  for (const auto& [key, node] : root) {
    const std::string_view name = key.str();
    if (name == "redact") continue;  // read_redaction's
    const auto& tables = setting_tables();
    if (std::none_of(tables.begin(), tables.end(), [&](const SettingTable& t) { return t.name == name; })) {
      return at(path, node, fmt::format("unknown \"{}\"", name), "known tables: " + table_names());
    }
    const toml::table* table = node.as_table();
    if (table == nullptr)
      return at(path, node, fmt::format("\"{}\" must be a table", name), fmt::format("write [{}]", name));
    KSEEK_TRY(name == "kafka" ? read_kafka(path, *table, config) : read_table(path, name, *table, settings, config));
  }
  return {};
}

/// "KSEEK_KAFKA_SASL_PASSWORD" → "sasl.password"
std::string property_of(std::string_view variable) {
  std::string name(variable.substr(std::string_view("KSEEK_KAFKA_").size()));
  for (char& c : name) c = c == '_' ? '.' : c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  return name;
}

Result<void> read_kafka_variable(const std::string& variable, const std::string& value, ServeConfig& config) {
  const std::string name = property_of(variable);
  const auto checked = indexer::check_kafka_property(name, value);
  if (!checked && checked.error().code == ErrorCode::kNotFound) {
    config.warnings.push_back(
        fmt::format("the environment variable {} is ignored: {}", variable, checked.error().message));
    return {};
  }
  if (!checked) return Error{ErrorCode::kInvalid, variable + ": " + checked.error().message, checked.error().hint};
  config.indexer.kafka[name] = value;
  config.origins["[kafka] " + name] = variable;
  return {};
}

bool names_a_table(std::string_view variable) {
  const auto& tables = setting_tables();
  return std::any_of(tables.begin(), tables.end(), [variable](const SettingTable& table) {
    return variable.starts_with(Setting{table.name, "", {}, {}, {}, {}, {}}.variable());
  });
}

}  // namespace

Result<void> read_config(const std::string& path, ServeConfig& config) {
  if (!std::filesystem::is_regular_file(path)) {
    return Error{ErrorCode::kNotFound, fmt::format("there is no file {}", path), "name another with --config"};
  }
  KSEEK_ASSIGN(auto rules, read_redaction(path));
  config.indexer.redactor = std::make_shared<indexer::LiveRedactor>(std::move(rules));
  try {
    return read_tables(path, toml::parse_file(path), config);
  } catch (const toml::parse_error& e) {
    return Error{ErrorCode::kInvalid, fmt::format("{}, line {}: {}", path, e.source().begin.line, e.description()), ""};
  }
}

Result<void> read_environment(const std::vector<std::string>& environment, ServeConfig& config) {
  const std::vector<Setting> settings = settings_of(config);
  for (const std::string& entry : environment) {
    const size_t equals = entry.find('=');
    if (equals == std::string::npos) continue;
    const std::string variable = entry.substr(0, equals);
    const std::string value = entry.substr(equals + 1);
    if (variable.starts_with("KSEEK_KAFKA_")) {
      KSEEK_TRY(read_kafka_variable(variable, value, config));
      continue;
    }
    const auto setting = std::find_if(settings.begin(), settings.end(),
                                      [&variable](const Setting& s) { return s.variable() == variable; });
    if (setting == settings.end()) {
      if (names_a_table(variable)) {
        config.warnings.push_back(
            fmt::format("the environment variable {} is ignored: there is no such setting "
                        "(kseek config lists them)",
                        variable));
      }
      continue;
    }
    const auto set = set_from_text(*setting, value);
    if (!set) {
      return Error{ErrorCode::kInvalid,
                   fmt::format("the environment variable {}: expected {}", variable, set.error().message), ""};
    }
    config.origins[setting->name()] = variable;
  }
  return {};
}

std::vector<std::string> process_environment() {
  std::vector<std::string> entries;
  for (char** entry = environ; *entry != nullptr; ++entry) entries.emplace_back(*entry);
  return entries;
}

Result<ServeConfig> gather_config(const ServeArguments& arguments) {
  ServeConfig config;
  config.indexer.redactor = std::make_shared<indexer::LiveRedactor>();  // it may get rules when they are read again
  if (!arguments.config.empty()) KSEEK_TRY(read_config(arguments.config, config));
  KSEEK_TRY(read_environment(process_environment(), config));
  const std::array<std::array<std::string, 3>, 5> given{{{"[indexer] brokers", "--brokers", arguments.brokers},
                                                         {"[store] data_dir", "--data-dir", arguments.data_dir},
                                                         {"[server] listen", "--listen", arguments.listen},
                                                         {"[log] level", "--log-level", arguments.log_level},
                                                         {"[log] format", "--log-format", arguments.log_format}}};
  for (const Setting& setting : settings_of(config)) {
    for (const auto& [name, option, value] : given) {
      if (setting.name() != name || value.empty()) continue;
      const auto set = set_from_text(setting, value);
      if (!set) return Error{ErrorCode::kInvalid, fmt::format("{}: expected {}", option, set.error().message), ""};
      config.origins[name] = option;
    }
  }
  return config;
}

}  // namespace kseek::cli
