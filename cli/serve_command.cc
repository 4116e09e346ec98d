// kseek serve: tails the opened topics and answers over HTTP until SIGTERM.
#include <fmt/format.h>
#include <spdlog/sinks/stdout_color_sinks.h>
#include <spdlog/spdlog.h>

#include <CLI/CLI.hpp>
#include <memory>

#include "cli/commands.h"
#include "cli/common.h"
#include "cli/serve_config.h"
#include "cli/service.h"
#include "cli/signals.h"

namespace kseek::cli {
namespace {

struct ServeOptions {
  std::string config;
  std::string brokers;
  std::string data_dir;
  std::string listen;
};

/// The file's settings, and over them those of the command line.
Result<ServeConfig> config_of(const ServeOptions& options) {
  ServeConfig config;
  if (!options.config.empty()) KSEEK_TRY(read_config(options.config, config));
  if (!options.brokers.empty()) config.indexer.brokers = options.brokers;
  if (!options.data_dir.empty()) config.data_dir = options.data_dir;
  if (!options.listen.empty()) config.server.listen = options.listen;
  if (config.data_dir.empty()) {
    return Error{ErrorCode::kInvalid, "no data directory is given", "say where to keep the data: --data-dir DIR"};
  }
  return config;
}

int serve(const ServeOptions& options) {
  const auto config = config_of(options);
  if (!config) return fail(config.error());
  hold_stop_signals();
  if (spdlog::get("kseek") == nullptr) spdlog::stderr_color_mt("kseek");
  const auto log = spdlog::get("kseek");
  auto service = Service::start(*config);
  if (!service) return fail_for_good(service.error());
  if (config->indexer.brokers.empty()) log->warn("no --brokers: topics that are here can be searched, none is tailed");
  if (!print_all((*service)->url() + "\n")) return kFailed;
  log->info("serving {} at {}", config->data_dir, (*service)->url());
  wait_for_stop();
  log->info("stopping");
  bound_stopping(std::chrono::seconds(30));
  (*service)->stop();
  return kDone;
}

}  // namespace

void add_serve(CLI::App& app, Run& run) {
  auto options = std::make_shared<ServeOptions>();
  CLI::App* command = app.add_subcommand("serve", "Tail the opened topics from Kafka and answer searches over HTTP");
  command->add_option("--brokers", options->brokers, "Kafka's bootstrap servers, host:port,…");
  command->add_option("--data-dir", options->data_dir, "Where messages and index are kept; made where it is missing");
  command->add_option("--listen", options->listen, "host:port (default 127.0.0.1:7420; port 0 picks a free one)");
  command->add_option("--config", options->config,
                      "kseek.toml: [server], [store], [indexer], and [kafka] for librdkafka");
  add_example(*command, "kseek serve --brokers localhost:9092 --data-dir /var/lib/kseek");
  command->callback([options, &run] { run = [options] { return serve(*options); }; });
}

}  // namespace kseek::cli
