// The list of all settings of kseek.toml. Whatever reads, prints or documents settings goes by it;
// docs/configuration.md is compared with it by a test.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/result.h"

namespace kseek::cli {

struct ServeConfig;

using SettingValue = std::variant<std::string, int64_t, bool>;

/// One setting, bound to its place in a ServeConfig.
struct Setting {
  enum class Kind { kText, kNumber, kSpan, kTruth };

  std::string table;  ///< "server"
  std::string key;    ///< "listen"
  Kind kind = Kind::kText;
  std::string unit;     ///< of the value: "bytes", "span", "host:port", …
  std::string meaning;  ///< a sentence or two
  /// kInvalid: the message says what was expected.
  std::function<Result<void>(const SettingValue&)> set;
  std::function<std::string()> shown;  ///< its value as kseek.toml has it: "\"5m\"", "4096"

  [[nodiscard]] std::string name() const { return "[" + table + "] " + key; }
  /// "KSEEK_SERVER_LISTEN"
  [[nodiscard]] std::string variable() const;
};

/// All of them, by table, in the order in which people read them. `config` must outlive them.
[[nodiscard]] std::vector<Setting> settings_of(ServeConfig& config);

/// Reads a value from a text without quotation marks, as an environment variable has it.
[[nodiscard]] Result<void> set_from_text(const Setting& setting, const std::string& text);

struct SettingTable {
  std::string name;
  std::string meaning;
};
/// The tables, in order; the last is "kafka", which has librdkafka's properties and no settings.
[[nodiscard]] const std::vector<SettingTable>& setting_tables();

}  // namespace kseek::cli
