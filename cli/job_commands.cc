// kseek jobs, kseek jobs cancel, kseek dead-letters.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <memory>

#include "cli/commands.h"
#include "cli/common.h"
#include "cli/http_client.h"
#include "cli/job_progress.h"
#include "cli/topic_tables.h"
#include "cli/usage_error.h"
#include "server/job_json.h"
#include "store/store.h"

namespace kseek::cli {
namespace {

struct JobOptions {
  ServerChoice server;
  uint64_t id = 0;
  bool json = false;
};

struct DeadLetterOptions {
  ServerChoice server;
  std::string data_dir;
  std::string topic;
  std::string before;
  unsigned limit = 100;
  bool json = false;
};

using Render = Result<std::string> (*)(std::string_view);

int show(const Result<std::string>& answer, bool json, Render render) {
  if (!answer) return fail(answer.error());
  if (json) return print_all(*answer + "\n") ? kDone : kFailed;
  const auto text = render(*answer);
  if (!text) return fail(text.error());
  return print_all(*text) ? kDone : kFailed;
}

int cancel(const JobOptions& options) {
  const auto answer = HttpClient(options.server).remove(fmt::format("/api/v1/jobs/{}", options.id));
  if (!answer) return fail(answer.error());
  if (options.json) return print_all(*answer + "\n") ? kDone : kFailed;
  const auto job = read_job(*answer);
  if (!job) return fail_for_good(job.error());
  return print_all(fmt::format("job {} is {}\n", job->id, job->state)) ? kDone : kFailed;
}

Result<std::string> dead_letters_of_server(const DeadLetterOptions& options) {
  std::string path = topic_path(options.topic, fmt::format("/dead-letters?limit={}", options.limit));
  if (!options.before.empty()) path += "&before=" + options.before;
  return HttpClient(options.server).get(path);
}

/// The answer's JSON from a directory, as a server would give it.
Result<std::string> dead_letters_of_directory(const DeadLetterOptions& options) {
  KSEEK_ASSIGN(const auto opened, open_to_read(options.data_dir));
  KSEEK_ASSIGN(const auto topic, find_topic(*opened, options.data_dir, options.topic));
  return server::dead_letters_page(*topic, options.topic, options.limit, options.before);
}

int dead_letters(const DeadLetterOptions& options) {
  const auto answer = options.data_dir.empty() ? dead_letters_of_server(options) : dead_letters_of_directory(options);
  return show(answer, options.json, &dead_letters_table);
}

}  // namespace

void add_jobs(CLI::App& app, Run& run) {
  auto options = std::make_shared<JobOptions>();
  CLI::App* command = app.add_subcommand("jobs", "List what reindexes, and what did");
  command->add_flag("--json", options->json, "Print the answer as the server gives it");
  add_server_option(*command, options->server);
  command->require_subcommand(0, 1);
  command->callback([options, command, &run] {
    if (!command->get_subcommands().empty()) return;  // `jobs cancel`
    run = [options] { return show(HttpClient(options->server).get("/api/v1/jobs"), options->json, &jobs_table); };
  });
  auto chosen = std::make_shared<JobOptions>();
  CLI::App* cancels = command->add_subcommand("cancel", "End a job; what served before goes on serving");
  cancels->add_option("id", chosen->id, "The job's number, as `kseek jobs` shows it")
      ->required()
      ->check(whole_number(INT64_MAX));
  cancels->add_flag("--json", chosen->json, "Print the answer as the server gives it");
  add_server_option(*cancels, chosen->server);
  add_example(*cancels, "kseek jobs cancel 3");
  cancels->callback([chosen, &run] { run = [chosen] { return cancel(*chosen); }; });
  // Last: a command made later would inherit them.
  add_example(*command, "kseek jobs");
  add_example(*command, "kseek jobs cancel 3");
}

void add_dead_letters(CLI::App& app, Run& run) {
  auto options = std::make_shared<DeadLetterOptions>();
  CLI::App* command = app.add_subcommand("dead-letters", "List what of a topic could not be indexed, and why");
  command->add_option("topic", options->topic, "The topic's name")->required();
  command->add_option("--limit", options->limit, "At most so many")->capture_default_str()->check(CLI::Range(1, 1000));
  command->add_option("--before", options->before, "Go on where the last list ended");
  command->add_flag("--json", options->json, "Print the answer as the server gives it");
  command->add_option("--data-dir", options->data_dir, "Read this directory, without a server");
  add_server_option(*command, options->server);
  add_example(*command, "kseek dead-letters orders");
  command->callback([options, &run] { run = [options] { return dead_letters(*options); }; });
}

}  // namespace kseek::cli
