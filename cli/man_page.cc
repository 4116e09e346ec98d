#include "cli/man_page.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <memory>
#include <set>
#include <sstream>
#include <string_view>

#include "cli/commands.h"
#include "cli/common.h"
#include "cli/serve_config.h"
#include "cli/server_choice.h"
#include "cli/settings.h"

namespace kseek::cli {
namespace {

/// Text that means itself wherever it stands: in a line, or as an argument of a macro.
std::string plain(std::string_view text) {
  std::string out = text.starts_with('.') || text.starts_with('\'') ? "\\&" : "";
  for (const char c : text) {
    switch (c) {
      case '\\': out += "\\e"; break;
      case '-': out += "\\-"; break;
      case '\'': out += "\\(aq"; break;
      case '"': out += "\\(dq"; break;
      case '`': out += "\\(ga"; break;
      case '^': out += "\\(ha"; break;
      case '~': out += "\\(ti"; break;
      default: out += c;
    }
  }
  return out;
}

std::string section(std::string_view name) { return fmt::format(".SH {}\n", plain(name)); }
std::string subsection(std::string_view name) { return fmt::format(".SS {}\n", plain(name)); }
std::string entry(std::string_view bold, std::string_view rest, std::string_view meaning) {
  return fmt::format(".TP\n\\fB{}\\fR{}{}\n{}\n", plain(bold), rest.empty() ? "" : " ", plain(rest), plain(meaning));
}

/// Lines as they are.
std::string example(std::string_view lines) {
  std::string out = ".PP\n.nf\n";
  std::istringstream in{std::string(lines)};
  for (std::string line; std::getline(in, line);) out += plain(line) + "\n";
  return out + ".fi\n";
}

std::vector<const CLI::App*> commands_of(const CLI::App& app) {
  return app.get_subcommands([](const CLI::App* command) { return !command->get_group().empty(); });
}

std::set<std::string> names_of_server_options() {
  CLI::App app;
  ServerChoice server;
  add_server_option(app, server);
  std::set<std::string> names;
  for (const CLI::Option* option : app.get_options()) {
    if (option != app.get_help_ptr()) names.insert(option->get_name());
  }
  return names;
}

std::string option_entry(const CLI::Option& option) {
  const bool takes_value = option.get_items_expected_max() > 0;
  std::string meaning = option.get_description();
  if (!option.get_default_str().empty()) meaning += fmt::format(" (default {})", option.get_default_str());
  if (!option.get_envname().empty()) meaning += fmt::format(" (variable {})", option.get_envname());
  return entry(option.get_name(false, true), takes_value ? option.get_type_name() : "", meaning);
}

/// "kseek search [OPTIONS] topics [query]"
std::string usage(const std::string& name, const CLI::App& command) {
  std::string text = name + " [OPTIONS]";
  for (const CLI::Option* option : command.get_options()) {
    if (!option->get_positional()) continue;
    const std::string operand = option->get_name(true);
    text += option->get_required() ? " " + operand : " [" + operand + "]";
  }
  return text;
}

/// The command's section, and then those of its own commands.
std::string about_command(const std::string& name, const CLI::App& command, const std::set<std::string>& of_server) {
  std::string out = subsection(usage(name, command)) + plain(command.get_description()) + ".\n";
  bool asks_server = false;
  for (const CLI::Option* option : command.get_options()) {
    if (of_server.contains(option->get_name())) {
      asks_server = true;
    } else if (option->get_positional()) {
      out += entry(option->get_name(true), "", option->get_description());
    } else if (option != command.get_help_ptr()) {
      out += option_entry(*option);
    }
  }
  if (asks_server) out += ".PP\nAnd the options of a server, see below.\n";
  if (!command.get_footer().empty()) out += example(command.get_footer());
  for (const CLI::App* own : commands_of(command)) out += about_command(name + " " + own->get_name(), *own, of_server);
  return out;
}

std::string about_server_options() {
  CLI::App app;
  ServerChoice server;
  add_server_option(app, server);
  std::string out = section("OPTIONS OF A SERVER") + "Commands that ask a server know these.\n";
  for (const CLI::Option* option : app.get_options()) {
    if (option != app.get_help_ptr()) out += option_entry(*option);
  }
  return out;
}

std::string about_settings() {
  ServeConfig defaults;
  const auto settings = settings_of(defaults);
  std::string out =
      section("SETTINGS") +
      plain(
          "Of kseek serve, in the file that --config names (TOML), or as variables of the environment, which go "
          "before the file: [server] listen is KSEEK_SERVER_LISTEN. The values shown are the defaults.") +
      "\n";
  for (const SettingTable& table : setting_tables()) {
    out += subsection("[" + table.name + "]") + plain(table.meaning) + "\n";
    for (const Setting& setting : settings) {
      if (setting.table != table.name) continue;
      out += entry(setting.key, fmt::format("= {} ({})", setting.shown(), setting.unit), setting.meaning);
    }
  }
  return out;
}

}  // namespace

std::string man_page(const CLI::App& app) {
  std::string out = fmt::format(".TH KSEEK 1 \"\" \"{}\" \"User Commands\"\n", plain(app.version()));
  out += section("NAME") + "kseek \\- finds any message in Kafka\n";
  out += section("SYNOPSIS") + ".B kseek\n.I COMMAND\n.RI [ OPTIONS ]\n";
  out += section("DESCRIPTION") + plain(app.get_description()) + "\n" + example(app.get_footer());
  out += section("COMMANDS");
  const auto of_server = names_of_server_options();
  for (const CLI::App* command : commands_of(app)) {
    out += about_command("kseek " + command->get_name(), *command, of_server);
  }
  out += about_server_options() + about_settings();
  out += section("EXIT STATUS") + entry("0", "", "Done.") + entry("1", "", "It failed: standard error says why.") +
         entry("2", "", "The command line is wrong.");
  return out + section("SEE ALSO") + plain("kcat(1), and the documents in /usr/share/doc/kseek.") + "\n";
}

void add_man(CLI::App& app, Run& run) {
  CLI::App* command = app.add_subcommand("man", "Print the manual page kseek(1)");
  add_example(*command, "kseek man | man -l -");
  command->callback([&app, &run] { run = [&app] { return print_all(man_page(app)) ? kDone : kFailed; }; });
}

}  // namespace kseek::cli
