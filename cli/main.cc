// The kseek program: chooses the command. Exit codes: 0 done, 1 failed, 2 bad usage.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <exception>

#include "cli/commands.h"
#include "cli/common.h"

namespace {

void declare(CLI::App& app, kseek::cli::Run& run) {
  using namespace kseek::cli;
  app.require_subcommand(1);
  app.set_version_flag("--version", std::string("kseek ") + KSEEK_VERSION);
  app.footer("Try: kseek demo\nHelp on a command: kseek COMMAND --help");
  add_demo(app, run);
  add_serve(app, run);
  add_open(app, run);
  add_close(app, run);
  add_topics(app, run);
  add_details(app, run);
  add_progress(app, run);
  add_pause(app, run);
  add_resume(app, run);
  add_search(app, run);
  add_get(app, run);
  add_send(app, run);
  add_import(app, run);
  add_broker(app, run);
}

}  // namespace

int main(int argc, char** argv) {
  try {
    CLI::App app("Finds any message in Kafka by partition, offset, time, key and value.", "kseek");
    kseek::cli::Run run;
    declare(app, run);
    try {
      app.parse(argc, argv);
    } catch (const CLI::ParseError& e) {
      const int code = app.exit(e);
      return code == 0 ? kseek::cli::kDone : kseek::cli::kBadUsage;
    }
    return run();
  } catch (const std::exception& e) {
    fmt::print(stderr, "kseek: unexpected: {}\n       please report this\n", e.what());
    return kseek::cli::kFailed;
  }
}
