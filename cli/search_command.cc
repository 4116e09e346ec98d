// kseek search: on a running server, or read-only on a data directory.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <memory>

#include "base/time.h"
#include "cli/answer_table.h"
#include "cli/bare_time.h"
#include "cli/commands.h"
#include "cli/common.h"
#include "cli/follow_search.h"
#include "cli/http_client.h"
#include "cli/terminal.h"
#include "query/request.h"
#include "server/json.h"
#include "server/search_params.h"
#include "store/store.h"

namespace kseek::cli {
namespace {

struct SearchOptions {
  ServerChoice server;
  std::string data_dir;
  std::string topics, query, partition, offset, time, key, value, limit, order, cursor;
  bool json = false;
  bool explain = false;
  bool follow = false;
};

std::vector<server::Parameter> parameters_of(const SearchOptions& options) {
  std::vector<server::Parameter> parameters;
  const auto add = [&parameters](const char* name, const std::string& value) {
    if (!value.empty()) parameters.push_back({name, value});
  };
  add("topic", options.topics);
  add("q", options.query);
  add("partition", options.partition);
  add("offset", options.offset);
  add("time", options.time);
  add("key", options.key);
  add("value", options.value);
  add("limit", options.limit);
  add("order", options.order);
  add("cursor", options.cursor);
  if (options.explain) add("explain", "1");
  return parameters;
}

/// The answer's JSON from a directory, as a server would give it.
Result<std::string> search_directory(const std::string& dir, const std::vector<server::Parameter>& parameters) {
  KSEEK_ASSIGN(const query::SearchRequest request, server::parse_search(parameters, now()));
  KSEEK_ASSIGN(const auto opened, open_to_read(dir));
  KSEEK_ASSIGN(const query::SearchAnswer answer, query::search(*opened, request));
  return server::answer_json(answer);
}

int search(const SearchOptions& options) {
  warn_of_bare_time("--time", options.time, "for offsets there is --offset");
  auto parameters = parameters_of(options);
  if (options.follow) {
    parameters.push_back({"follow", "1"});
    HttpClient client(options.server);
    return follow_search(client, search_question(parameters), {terminal_columns(), may_style()}, options.json);
  }
  const auto json = options.data_dir.empty() ? HttpClient(options.server).ask(search_question(parameters))
                                             : search_directory(options.data_dir, parameters);
  if (!json) return fail(json.error());
  if (options.json) return print_all(*json + "\n") ? kDone : kFailed;
  const auto table = answer_table(*json, {terminal_columns(), may_style()});
  if (!table) return fail(table.error());
  return print_all(*table) ? kDone : kFailed;
}

}  // namespace

void add_search(CLI::App& app, Run& run) {
  auto options = std::make_shared<SearchOptions>();
  CLI::App* command = app.add_subcommand("search", "Find the newest messages that match");
  command->add_option("topics", options->topics, "Topics apart by commas; * in names")->required();
  command->add_option("query", options->query, "Words and \"quoted phrases\", all required; * and ? in words");
  command->add_option("--partition", options->partition, "0,3 or 0-3");
  command->add_option("--offset", options->offset, "A..B, A.., ..B or A; both ends included");
  command->add_option("--time", options->time, "A..B; RFC 3339, epoch milliseconds, or relative: -3d..");
  command->add_option("--key", options->key, "A phrase or wildcard in the key: order-10427*");
  command->add_option("--value", options->value, "A phrase or wildcard in the value");
  command->add_option("--limit", options->limit, "1 to 10 hits (default 10)");
  command->add_option("--order", options->order, "newest (default) or oldest");
  command->add_option("--cursor", options->cursor, "From an earlier answer: goes on after it");
  command->add_flag("--json", options->json, "Print the answer as the server gives it");
  command->add_flag("--explain", options->explain, "Say how the answer was found");
  auto* follow =
      command->add_flag("--follow", options->follow, "Then go on with each new match as it comes, oldest first");
  command->add_option("--data-dir", options->data_dir, "Search this directory, without a server")->excludes(follow);
  add_server_option(*command, options->server);
  add_example(*command, "kseek search orders order-1042700");
  add_example(*command, "kseek search orders '\"payment timeout\"' --time -3d.. --partition 0,3");
  add_example(*command, "kseek search 'ord*,payments' 'value.amount:>=100 NOT header.source:test' --explain");
  add_example(*command, "kseek search orders refund --follow --json | jq -r .key");
  command->callback([options, &run] { run = [options] { return search(*options); }; });
}

}  // namespace kseek::cli
