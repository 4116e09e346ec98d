// kseek reindex: builds a topic's index anew, or reads the whole topic from Kafka again; through a server, or in a data
// directory that no server holds.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <filesystem>
#include <memory>
#include <nlohmann/json.hpp>

#include "cli/bare_time.h"
#include "cli/commands.h"
#include "cli/common.h"
#include "cli/http_client.h"
#include "cli/job_progress.h"
#include "cli/serve_config.h"
#include "cli/signals.h"
#include "cli/usage_error.h"
#include "indexer/indexer.h"
#include "server/job_json.h"
#include "store/store.h"

namespace kseek::cli {
namespace {

struct ReindexOptions {
  ServerChoice server;
  std::string data_dir;
  std::string config;
  std::string brokers;
  std::string topic;
  std::string source = "store";
  std::string from;
  double rate_limit = 0;
  bool detach = false;
  bool json = false;
};

/// What the server is asked, and what is read as it would read it.
std::string body_of(const ReindexOptions& options) {
  nlohmann::json body{{"source", options.source}};
  if (!options.from.empty()) body["from"] = options.from;
  if (options.rate_limit > 0) body["rate_limit"] = options.rate_limit;
  return body.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

int reindex_on_server(const ReindexOptions& options) {
  HttpClient client(options.server);
  const auto started = client.post(topic_path(options.topic, "/reindex"), body_of(options));
  if (!started) return fail(started.error());
  const auto job = read_job(*started);
  if (!job) return fail_for_good(job.error());
  if (options.detach) {
    const std::string text =
        options.json ? *started + "\n" : fmt::format("job {} is {}; see it with: kseek jobs\n", job->id, job->state);
    return print_all(text) ? kDone : kFailed;
  }
  hold_stop_signals();
  return follow_job(
      [&] { return client.get(fmt::format("/api/v1/jobs/{}", job->id)); },
      [](uint64_t id) { return fmt::format("job {} goes on without you; end it with: kseek jobs cancel {}", id, id); },
      options.json);
}

/// The job that is asked for, or the one that an earlier process left.
Result<uint64_t> find_or_start(indexer::Jobs& jobs, const ReindexOptions& options) {
  for (const auto& job : jobs.all()) {
    if (job.topic != options.topic || job.ended()) continue;
    fmt::print(stderr, "going on with job {} (source {}), which was begun before\n", job.id,
               indexer::to_string(job.source));
    return job.id;
  }
  KSEEK_ASSIGN(const auto request, server::parse_reindex_body(options.topic, body_of(options)));
  KSEEK_ASSIGN(const auto started, jobs.reindex(request));
  return started.id;
}

int reindex_in_directory(const ReindexOptions& options) {
  if (options.detach) {
    return fail({ErrorCode::kInvalid, "--detach leaves the work to a server, and there is none with --data-dir", ""});
  }
  std::error_code ignored;
  if (!std::filesystem::exists(options.data_dir, ignored)) {
    return fail_for_good(
        {ErrorCode::kNotFound, fmt::format("there is no data directory {}", options.data_dir), "check --data-dir"});
  }
  auto gathered = gather_config({.config = options.config, .brokers = options.brokers, .data_dir = options.data_dir});
  if (!gathered) return fail(gathered.error());
  ServeConfig& config = *gathered;
  config.indexer.tails = false;
  hold_stop_signals();
  auto store = store::Store::open(options.data_dir, store::OpenMode::kOwner, config.store);
  if (!store) return fail_for_good(store.error());
  auto indexer = indexer::Indexer::start(**store, config.indexer);
  if (!indexer) return fail(indexer.error());
  indexer::Jobs& jobs = (*indexer)->jobs();
  const auto id = find_or_start(jobs, options);
  if (!id) return fail(id.error());
  const auto look = [&]() -> Result<std::string> {
    KSEEK_ASSIGN(const auto job, jobs.find(*id));
    return server::job_json(job);
  };
  const auto on_interrupt = [](uint64_t job) {
    return fmt::format("stopping; job {} goes on when this command, or a server, is started again", job);
  };
  return follow_job(look, on_interrupt, options.json);
}

}  // namespace

void add_reindex(CLI::App& app, Run& run) {
  auto options = std::make_shared<ReindexOptions>();
  CLI::App* command =
      app.add_subcommand("reindex", "Build a topic's index anew; what is there serves until the new one is complete");
  command->add_option("topic", options->topic, "The topic's name")->required();
  command->add_option("--source", options->source, "store: index the stored messages; kafka: read the topic again, too")
      ->check(CLI::IsMember({"store", "kafka"}))
      ->capture_default_str();
  command->add_option("--from", options->from,
                      "With kafka: earliest, latest, a time, or offsets 0:100,1:250 (default: where it began)");
  command->add_option("--rate-limit", options->rate_limit, "MB of keys, values and headers a second (default: none)")
      ->check(positive_number());
  command->add_flag("--detach", options->detach, "Don't wait for the end; Ctrl-C while waiting leaves it running, too");
  command->add_option("--data-dir", options->data_dir, "Work in this directory, without a server");
  command->add_option("--brokers", options->brokers, "With --data-dir and kafka: host:port,…");
  command->add_option("--config", options->config, "With --data-dir: kseek.toml, for [store], [indexer] and [kafka]");
  command->add_flag("--json", options->json, "Print the job at the end as JSON");
  add_server_option(*command, options->server);
  add_example(*command, "kseek reindex orders --rate-limit 20");
  add_example(*command, "kseek reindex orders --source kafka --from -7d");
  command->callback([options, &run] {
    run = [options] {
      warn_of_bare_time("--from", options->from, kOffsetsToStartAt);
      return options->data_dir.empty() ? reindex_on_server(*options) : reindex_in_directory(*options);
    };
  });
}

}  // namespace kseek::cli
