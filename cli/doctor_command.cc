// kseek doctor: whether kseek serve would work here, line by line, and what to do where it would not.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <memory>
#include <nlohmann/json.hpp>

#include "cli/commands.h"
#include "cli/common.h"
#include "cli/doctor.h"
#include "cli/terminal.h"

namespace kseek::cli {

const char* to_string(Health health) {
  switch (health) {
    case Health::kOk: return "ok";
    case Health::kWarn: return "warn";
    case Health::kFail: return "fail";
  }
  return "fail";
}

namespace {

struct DoctorOptions {
  ServeArguments serve;
  std::vector<std::string> topics;
  bool json = false;
};

Findings examine(const DoctorOptions& options) {
  Findings findings;
  const auto config = gather_config(options.serve);
  if (!config) {
    findings.push_back({Health::kFail, "configuration", config.error().message, config.error().hint});
    return findings;
  }
  for (const std::string& warning : config->warnings) {
    findings.push_back({Health::kWarn, "configuration", warning, "remove it, or see docs/configuration.md"});
  }
  findings.push_back({Health::kOk, "configuration",
                      options.serve.config.empty() ? "no file is named: defaults, environment, command line"
                                                   : options.serve.config + " is valid",
                      ""});
  std::vector<std::string> topics = options.topics;
  if (config->data_dir.empty()) {
    findings.push_back({Health::kFail, "data directory", "none is named", "--data-dir DIR, or data_dir in [store]"});
  } else {
    look_at_directory(*config, findings, topics);
  }
  look_at_machine(*config, findings);
  look_at_kafka(*config, topics, findings);
  return findings;
}

std::string findings_json(const Findings& findings, bool well) {
  nlohmann::ordered_json json{{"ok", well}, {"findings", nlohmann::json::array()}};
  for (const Finding& finding : findings) {
    nlohmann::ordered_json one{{"health", to_string(finding.health)}, {"subject", finding.subject}};
    one["text"] = finding.text;
    one["advice"] = finding.advice.empty() ? nlohmann::ordered_json(nullptr) : nlohmann::ordered_json(finding.advice);
    json["findings"].push_back(std::move(one));
  }
  return json.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace) + "\n";
}

std::string findings_text(const Findings& findings, bool style) {
  constexpr std::array kColors{"\x1b[32m", "\x1b[33m", "\x1b[1;31m"};
  std::string out;
  for (const Finding& finding : findings) {
    const std::string word = fmt::format("{:<4}", to_string(finding.health));
    out += style ? kColors.at(static_cast<size_t>(finding.health)) + word + "\x1b[0m" : word;
    out += fmt::format("  {:<16}  {}\n", finding.subject, fit(finding.text, 1000, false));
    if (!finding.advice.empty()) out += fmt::format("                        {}\n", fit(finding.advice, 1000, false));
  }
  return out;
}

int doctor(const DoctorOptions& options) {
  const Findings findings = examine(options);
  const auto count = [&findings](Health health) {
    return std::count_if(findings.begin(), findings.end(), [health](const Finding& f) { return f.health == health; });
  };
  const bool well = count(Health::kFail) == 0;
  const std::string text = options.json ? findings_json(findings, well)
                                        : findings_text(findings, may_style()) +
                                              fmt::format("{} ok, {} to look at, {} wrong\n", count(Health::kOk),
                                                          count(Health::kWarn), count(Health::kFail));
  return print_all(text) && well ? kDone : kFailed;
}

}  // namespace

void add_doctor(CLI::App& app, Run& run) {
  auto options = std::make_shared<DoctorOptions>();
  CLI::App* command = app.add_subcommand("doctor", "Say whether kseek serve works here, and what to do where not");
  command->add_option("--config", options->serve.config, "kseek.toml");
  command->add_option("--brokers", options->serve.brokers, "Kafka's bootstrap servers, host:port,…");
  command->add_option("--data-dir", options->serve.data_dir, "Where messages and index are, or will be");
  command->add_option("--listen", options->serve.listen, "host:port that kseek serve is to listen on");
  command->add_option("--topic", options->topics, "Look at this topic, too; may be repeated (those that are open are)");
  command->add_flag("--json", options->json, "As JSON");
  add_example(*command, "kseek doctor --brokers localhost:9092 --data-dir /var/lib/kseek --topic orders");
  add_example(*command, "kseek doctor --config /etc/kseek/kseek.toml --json");
  command->callback([options, &run] { run = [options] { return doctor(*options); }; });
}

}  // namespace kseek::cli
