#include "cli/reload.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <vector>

#include "cli/settings.h"
#include "indexer/live_redactor.h"

namespace kseek::cli {
namespace {

constexpr std::array kReloadable{"[log] level"};

bool can_reload(const Setting& setting) {
  return std::find(kReloadable.begin(), kReloadable.end(), setting.name()) != kReloadable.end();
}

using Rules = std::vector<indexer::RedactionRule>;

Rules rules_of(const ServeConfig& config) {
  const auto redactor = config.indexer.redactor->rules();
  return redactor == nullptr ? Rules() : redactor->rules();
}

/// A line for each rule that is in one and not in the other; how many.
size_t tell_difference(const char* what, const Rules& in, const Rules& not_in) {
  size_t count = 0;
  for (const indexer::RedactionRule& rule : in) {
    if (std::find(not_in.begin(), not_in.end(), rule) != not_in.end()) continue;
    log_line(LogLevel::kInfo, fmt::format("[[redact]] {}: {}", what, indexer::name_of(rule)));
    ++count;
  }
  return count;
}

/// True: the rules have changed.
bool reload_redaction(const ServeConfig& read, ServeConfig& running) {
  const Rules before = rules_of(running);
  const Rules after = rules_of(read);
  if (before == after) return false;
  running.indexer.redactor->set(read.indexer.redactor->rules());
  const size_t lines = tell_difference("gone", before, after) + tell_difference("new", after, before);
  if (lines == 0) log_line(LogLevel::kInfo, "[[redact]] the rules stand in another order");
  log_line(
      LogLevel::kInfo,
      fmt::format("reloaded [[redact]]: {} rules, for messages that are taken in from now on; `kseek reindex TOPIC "
                  "--source kafka` applies them to what is stored",
                  after.size()));
  return true;
}

}  // namespace

void reload_config(const ServeArguments& arguments, ServeConfig& running) {
  auto read = gather_config(arguments);
  if (!read) {
    log_line(LogLevel::kError, fmt::format("the configuration is not reloaded: {}", describe(read.error())));
    return;
  }
  bool changed = reload_redaction(*read, running);
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
