// kseek serve: tails the opened topics and answers over HTTP until SIGTERM.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <memory>

#include "base/bytes.h"
#include "base/memory.h"
#include "base/open_files.h"
#include "cli/commands.h"
#include "cli/common.h"
#include "cli/log_setup.h"
#include "cli/notify.h"
#include "cli/reload.h"
#include "cli/serve_config.h"
#include "cli/service.h"
#include "cli/signals.h"
#include "cli/usage_error.h"

namespace kseek::cli {
namespace {

constexpr std::chrono::seconds kStopLimit{30};
constexpr std::chrono::milliseconds kBetweenChores{1'000};
constexpr size_t kFreeMemoryKept = 64_MiB;

/// What is said about where to listen, what to read and where to keep it.
Result<ServeConfig> config_of(const ServeArguments& options) {
  KSEEK_ASSIGN(ServeConfig config, gather_config(options));
  if (config.data_dir.empty()) {
    return Error{ErrorCode::kInvalid, "no data directory is given",
                 "say where to keep the data: --data-dir DIR, KSEEK_STORE_DATA_DIR, or data_dir in [store]"};
  }
  return config;
}

/// Until it is told to stop. A part that hangs shows in the watchdog: statuses() needs what every part needs.
void wait_and_reload(const ServeArguments& arguments, ServeConfig& config, Service& service, Notifier& notifier) {
  const std::string status = "serving at " + service.url();
  notifier.ready(status);
  for (;;) {
    const Signal signal = wait_for_signal(std::min(notifier.due().value_or(kBetweenChores), kBetweenChores));
    if (signal == Signal::kStop) return;
    if (signal == Signal::kReload) {
      notifier.reloading();
      reload_config(arguments, config);
      if (const auto read = service.reload(); !read) {
        log_line(LogLevel::kError, fmt::format("{}: what was read before goes on to hold", describe(read.error())));
      }
      notifier.ready(status);
    }
    static_cast<void>(service.indexer().statuses());
    notifier.alive();
    give_back_memory(kFreeMemoryKept);
  }
}

int serve(const ServeArguments& arguments) {
  auto config = config_of(arguments);
  if (!config) return fail(config.error());
  hold_stop_signals();
  hold_reload_signal();
  Notifier notifier;
  if (const auto set_up = set_up_log(config->log); !set_up) return fail(set_up.error());
  for (const std::string& warning : config->warnings) log_line(LogLevel::kWarn, warning);
  if (open_file_limit() < kEnoughOpenFiles) {
    log_line(LogLevel::kWarn, fmt::format("only {} files may be open at once: {}", open_file_limit(), kOpenFilesHint));
  }
  auto service = Service::start(*config);
  if (!service) return fail_for_good(service.error());
  if (config->indexer.brokers.empty()) {
    log_line(LogLevel::kWarn, "no --brokers: topics that are here can be searched, none is tailed");
  }
  if (!print_all((*service)->url() + "\n")) return kFailed;
  log_line(LogLevel::kInfo, fmt::format("serving {} at {}", config->data_dir, (*service)->url()));
  wait_and_reload(arguments, *config, **service, notifier);
  notifier.stopping();
  log_line(LogLevel::kInfo, "stopping");
  bound_stopping(kStopLimit);
  (*service)->stop();
  log_line(LogLevel::kInfo, "stopped");
  return kDone;
}

}  // namespace

void add_serve(CLI::App& app, Run& run) {
  auto options = std::make_shared<ServeArguments>();
  CLI::App* command = app.add_subcommand("serve", "Tail the opened topics from Kafka and answer searches over HTTP");
  command->add_option("--brokers", options->brokers, "Kafka's bootstrap servers, host:port,…");
  command->add_option("--data-dir", options->data_dir, "Where messages and index are kept; made where it is missing");
  command->add_option("--listen", options->listen, "host:port (default 127.0.0.1:7420; port 0 picks a free one)")
      ->check(listen_address());
  command->add_option("--config", options->config, "kseek.toml; `kseek config` prints one with every setting");
  command->add_option("--log-level", options->log_level, "debug, info (default), warn or error");
  command->add_option("--log-format", options->log_format, "text (default) or json: an object a line");
  add_example(*command, "kseek serve --brokers localhost:9092 --data-dir /var/lib/kseek");
  add_example(*command, "kseek serve --config /etc/kseek/kseek.toml");
  add_example(*command, "KSEEK_INDEXER_BROKERS=kafka1:9092 KSEEK_STORE_DATA_DIR=/data kseek serve");
  command->callback([options, &run] { run = [options] { return serve(*options); }; });
}

}  // namespace kseek::cli
