// The kseek program: chooses the command. Exit codes: 0 done, 1 failed, 2 bad usage.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <exception>

#include "base/open_files.h"
#include "cli/commands.h"
#include "cli/common.h"
#include "cli/usage_error.h"

namespace {

namespace cli = kseek::cli;

void declare(CLI::App& app, cli::Run& run) {
  app.require_subcommand(1);
  app.set_version_flag("--version", std::string("kseek ") + KSEEK_VERSION);
  cli::add_demo(app, run);
  cli::add_serve(app, run);
  cli::add_open(app, run);
  cli::add_close(app, run);
  cli::add_topics(app, run);
  cli::add_details(app, run);
  cli::add_progress(app, run);
  cli::add_pause(app, run);
  cli::add_resume(app, run);
  cli::add_retention(app, run);
  cli::add_groups(app, run);
  cli::add_search(app, run);
  cli::add_get(app, run);
  cli::add_messages(app, run);
  cli::add_send(app, run);
  cli::add_import(app, run);
  cli::add_reindex(app, run);
  cli::add_jobs(app, run);
  cli::add_dead_letters(app, run);
  cli::add_token(app, run);
  cli::add_broker(app, run);
  cli::add_config(app, run);
  cli::add_doctor(app, run);
  cli::add_health(app, run);
  cli::add_completion(app, run);
  cli::add_man(app, run);
  // Last: a command made later would inherit it.
  app.footer(
      "Examples:\n"
      "  kseek demo                                                     see it work, with a broker of its own\n"
      "  kseek doctor --brokers localhost:9092 --data-dir data          would it work here?\n"
      "  kseek serve --brokers localhost:9092 --data-dir data           then, in another terminal:\n"
      "  kseek open orders && kseek search orders 'payment timeout'\n"
      "Help on a command, with examples: kseek COMMAND --help");
}

}  // namespace

int main(int argc, char** argv) {
  kseek::raise_open_file_limit();  // before the store and the server take their shares
  try {
    CLI::App app("Finds any message in Kafka by partition, offset, time, key and value.", "kseek");
    cli::Run run;
    declare(app, run);
    try {
      app.parse(argc, argv);
    } catch (const CLI::ParseError& e) {
      if (e.get_exit_code() == 0) return app.exit(e);  // help, version
      if (argc > 1) return cli::fail(cli::usage_error(app, e));
      fmt::print(stderr, "{}", app.help());
      return cli::kBadUsage;
    }
    return run();
  } catch (const std::exception& e) {
    fmt::print(stderr, "kseek: unexpected: {}\n       please report this\n", e.what());
    return cli::kFailed;
  }
}
