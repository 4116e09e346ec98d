#include "cli/config_text.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>
#include <string_view>

#include "cli/settings.h"

namespace kseek::cli {
namespace {

constexpr size_t kColumns = 100;
constexpr std::string_view kKafka = "[kafka] ";

/// "# …" lines of at most kColumns.
std::string comment(std::string_view text) {
  std::string out;
  std::string line = "#";
  while (!text.empty()) {
    const size_t end = std::min(text.find(' '), text.size());
    if (line.size() + 1 + end > kColumns && line != "#") {
      out += line + "\n";
      line = "#";
    }
    line += " " + std::string(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return out + line + "\n";
}

std::string default_of(const Setting& setting) {
  ServeConfig defaults;
  for (const Setting& other : settings_of(defaults)) {
    if (other.name() == setting.name()) return other.shown();
  }
  return "";
}

std::string origin_of(const ServeConfig& config, const std::string& name) {
  const auto found = config.origins.find(name);
  return found == config.origins.end() ? "default" : found->second;
}

}  // namespace

std::string default_config_text() {
  ServeConfig defaults;
  const auto settings = settings_of(defaults);
  std::string out = comment(
      "kseek.toml. A line that begins with # is not read: the values shown are the defaults. The command line goes "
      "before the environment, and the environment before this file. docs/configuration.md says more.");
  for (const SettingTable& table : setting_tables()) {
    out += "\n" + comment(table.meaning) + "[" + table.name + "]\n";
    for (const Setting& setting : settings) {
      if (setting.table != table.name) continue;
      out += "\n" + comment(setting.meaning) + comment(fmt::format("({}; {})", setting.unit, setting.variable())) +
             "#" + setting.key + " = " + setting.shown() + "\n";
    }
  }
  return out + "\n#\"security.protocol\" = \"SASL_SSL\"\n#\"sasl.mechanism\" = \"SCRAM-SHA-512\"\n" +
         "#\"sasl.username\" = \"kseek\"\n#\"sasl.password\" = \"…\"\n" +
         "#\"ssl.ca.location\" = \"/etc/ssl/certs/ca-certificates.crt\"\n";
}

std::string effective_config_text(const ServeConfig& config) {
  ServeConfig shown = config;
  const auto settings = settings_of(shown);
  std::string out;
  for (const SettingTable& table : setting_tables()) {
    out += (out.empty() ? "[" : "\n[") + table.name + "]\n";
    for (const Setting& setting : settings) {
      if (setting.table != table.name) continue;
      out += fmt::format("{:<48} # {}\n", setting.key + " = " + setting.shown(), origin_of(config, setting.name()));
    }
  }
  for (const auto& [name, value] : config.indexer.kafka) {
    out += fmt::format("{:<48} # {}; not shown\n", "#\"" + name + "\"", origin_of(config, std::string(kKafka) + name));
  }
  return out;
}

std::string settings_json(const ServeConfig& config) {
  ServeConfig shown = config;
  nlohmann::ordered_json json{{"settings", nlohmann::json::array()}, {"kafka", nlohmann::json::array()}};
  for (const Setting& setting : settings_of(shown)) {
    nlohmann::ordered_json one{{"table", setting.table}, {"key", setting.key}};
    one["default"] = default_of(setting);
    one["value"] = setting.shown();
    one["set_by"] = origin_of(config, setting.name());
    one["unit"] = setting.unit;
    one["meaning"] = setting.meaning;
    one["variable"] = setting.variable();
    json["settings"].push_back(std::move(one));
  }
  for (const auto& [name, value] : config.indexer.kafka) {
    json["kafka"].push_back({{"property", name}, {"set_by", origin_of(config, std::string(kKafka) + name)}});
  }
  return json.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

}  // namespace kseek::cli
