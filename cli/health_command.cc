// kseek health: whether a server answers. For the health check of a container, which has no other client.
#include <CLI/CLI.hpp>
#include <chrono>
#include <memory>

#include "cli/commands.h"
#include "cli/common.h"
#include "cli/http_client.h"

namespace kseek::cli {
namespace {

int health(const ServerChoice& server) {
  const auto answer = HttpClient(server, std::chrono::seconds(10)).get("/healthz");
  if (!answer) return fail(answer.error());
  return print_all(*answer + "\n") ? kDone : kFailed;
}

}  // namespace

void add_health(CLI::App& app, Run& run) {
  auto server = std::make_shared<ServerChoice>();
  CLI::App* command = app.add_subcommand("health", "Say whether a server answers; needs no token");
  add_server_option(*command, *server);
  add_example(*command, "kseek health --server https://kseek.example:7420");
  command->callback([server, &run] { run = [server] { return health(*server); }; });
}

}  // namespace kseek::cli
