// kseek messages: the messages from an offset or a time on, of a running server or read-only from a data directory.
#include <CLI/CLI.hpp>
#include <memory>

#include "base/time.h"
#include "cli/answer_table.h"
#include "cli/bare_time.h"
#include "cli/commands.h"
#include "cli/common.h"
#include "cli/http_client.h"
#include "cli/terminal.h"
#include "query/messages.h"
#include "server/json.h"
#include "server/search_params.h"
#include "store/store.h"

namespace kseek::cli {
namespace {

struct MessagesOptions {
  ServerChoice server;
  std::string data_dir;
  std::string topic, partition, offset, at, limit, cursor;
  bool json = false;
};

std::vector<server::Parameter> parameters_of(const MessagesOptions& options) {
  std::vector<server::Parameter> parameters;
  const auto add = [&parameters](const char* name, const std::string& value) {
    if (!value.empty()) parameters.push_back({name, value});
  };
  add("partition", options.partition);
  add("offset", options.offset);
  add("time", options.at);
  add("limit", options.limit);
  add("cursor", options.cursor);
  return parameters;
}

/// The answer's JSON from a directory, as a server would give it.
Result<std::string> read_directory(const MessagesOptions& options) {
  KSEEK_ASSIGN(const query::MessagesRequest request,
               server::parse_messages(options.topic, parameters_of(options), now()));
  KSEEK_ASSIGN(const auto opened, open_to_read(options.data_dir));
  KSEEK_ASSIGN(const query::MessagesAnswer answer, query::read_messages(*opened, request));
  return server::messages_json(answer);
}

int messages(const MessagesOptions& options) {
  warn_of_bare_time("--at", options.at, "for an offset there is --offset");
  const auto json = options.data_dir.empty()
                        ? HttpClient(options.server).ask(messages_question(options.topic, parameters_of(options)))
                        : read_directory(options);
  if (!json) return fail(json.error());
  if (options.json) return print_all(*json + "\n") ? kDone : kFailed;
  const auto table = messages_table(*json, {terminal_columns(), may_style()});
  if (!table) return fail(table.error());
  return print_all(*table) ? kDone : kFailed;
}

}  // namespace

void add_messages(CLI::App& app, Run& run) {
  auto options = std::make_shared<MessagesOptions>();
  CLI::App* command = app.add_subcommand("messages", "Show the messages from an offset or a time on");
  command->add_option("topic", options->topic, "The topic's name")->required();
  command->add_option("--partition", options->partition, "One partition; with --at also 0,3 or 0-3 (default all)");
  CLI::Option* offset = command->add_option("--offset", options->offset, "From this offset of the partition on");
  command->add_option("--at", options->at, "From this time on: RFC 3339, epoch milliseconds, or relative: -15m")
      ->excludes(offset);
  command->add_option("--limit", options->limit, "1 to 10 messages (default 10)");
  command->add_option("--cursor", options->cursor, "With --at, from an earlier answer: goes on after it");
  command->add_flag("--json", options->json, "Print the answer as the server gives it");
  command->add_option("--data-dir", options->data_dir, "Read this directory, without a server");
  add_server_option(*command, options->server);
  add_example(*command, "kseek messages orders --partition 3 --offset 1042");
  command->callback([options, &run] { run = [options] { return messages(*options); }; });
}

}  // namespace kseek::cli
