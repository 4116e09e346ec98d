#include "cli/reload.h"

#include <fmt/format.h>

#include <array>

#include "cli/settings.h"

namespace kseek::cli {
namespace {

constexpr std::array kReloadable{"[log] level"};

bool can_reload(const Setting& setting) {
  return std::find(kReloadable.begin(), kReloadable.end(), setting.name()) != kReloadable.end();
}

}  // namespace

void reload_config(const ServeArguments& arguments, ServeConfig& running) {
  auto read = gather_config(arguments);
  if (!read) {
    log_line(LogLevel::kError, fmt::format("the configuration is not reloaded: {}", describe(read.error())));
    return;
  }
  bool changed = false;
  const auto now = settings_of(running);
  const auto wanted = settings_of(*read);
  for (size_t i = 0; i < now.size(); ++i) {
    const std::string value = wanted[i].shown();
    if (now[i].shown() == value) continue;
    changed = true;
    if (!can_reload(now[i])) {
      log_line(LogLevel::kWarn,
               fmt::format("{} = {} needs a restart; until then it is {}", now[i].name(), value, now[i].shown()));
    }
  }
  if (read->indexer.kafka != running.indexer.kafka) {
    changed = true;
    log_line(LogLevel::kWarn, "[kafka] has changed: that needs a restart");
  }
  if (running.log.level != read->log.level) {
    running.log.level = read->log.level;
    ignore_error(set_log_level(running.log.level), "the setting was checked when it was read");
    log_line(LogLevel::kInfo, fmt::format("reloaded [log] level = \"{}\"", running.log.level));
  }
  if (!changed) log_line(LogLevel::kInfo, "the configuration is read again: nothing in it has changed");
}

}  // namespace kseek::cli
