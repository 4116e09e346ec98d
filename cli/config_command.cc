// kseek config: the settings with their defaults as a kseek.toml, or those that kseek serve would use.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <memory>
#include <nlohmann/json.hpp>

#include "cli/commands.h"
#include "cli/common.h"
#include "cli/config_text.h"
#include "cli/serve_config.h"

namespace kseek::cli {
namespace {

struct ConfigOptions {
  std::string config;
  bool effective = false;
  bool json = false;
};

int config(const ConfigOptions& options) {
  ServeConfig used;
  if (options.effective) {
    auto gathered = gather_config({.config = options.config});
    if (!gathered) return fail(gathered.error());
    used = *std::move(gathered);
  }
  for (const std::string& warning : used.warnings) fmt::print(stderr, "kseek: {}\n", warning);
  if (options.json) return print_all(settings_json(used) + "\n") ? kDone : kFailed;
  return print_all(options.effective ? effective_config_text(used) : default_config_text()) ? kDone : kFailed;
}

}  // namespace

void add_config(CLI::App& app, Run& run) {
  auto options = std::make_shared<ConfigOptions>();
  CLI::App* command = app.add_subcommand("config", "Print a kseek.toml with every setting, its default and meaning");
  CLI::Option* effective = command->add_flag("--effective", options->effective,
                                             "Instead, what kseek serve would use, and who says so: file, environment");
  command->add_option("--config", options->config, "kseek.toml to read")->needs(effective);
  command->add_flag("--json", options->json, "As JSON");
  add_example(*command, "kseek config > kseek.toml");
  add_example(*command, "kseek config --effective --config /etc/kseek/kseek.toml");
  command->callback([options, &run] { run = [options] { return config(*options); }; });
}

}  // namespace kseek::cli
