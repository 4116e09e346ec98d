// kseek open, close, topics, details, progress, pause, resume, retention, groups: the topics of a running server.
#include "cli/topic_tables.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <memory>
#include <nlohmann/json.hpp>
#include <vector>

#include "cli/bare_time.h"
#include "cli/commands.h"
#include "cli/common.h"
#include "cli/http_client.h"

namespace kseek::cli {
namespace {

struct TopicOptions {
  ServerChoice server;
  std::string topic;
  std::string from = "earliest";
  std::string time = "create";
  std::string retention = "follow";
  std::string require = "anything";
  std::string dead_letter_topic;
  std::vector<std::string> labels;
  bool json = false;
};

using Render = Result<std::string> (*)(std::string_view);

/// Prints the server's JSON, or what `render` makes of it.
int show(const Result<std::string>& json, const TopicOptions& options, Render render) {
  if (!json) return fail(json.error());
  if (options.json) return print_all(*json + "\n") ? kDone : kFailed;
  const auto text = render(*json);
  if (!text) return fail(text.error());
  return print_all(*text) ? kDone : kFailed;
}

int open(const TopicOptions& options) {
  warn_of_bare_time("--from", options.from, kOffsetsToStartAt);
  nlohmann::json body{{"topic", options.topic},         {"from", options.from},     {"time", options.time},
                      {"retention", options.retention}, {"labels", options.labels}, {"require", options.require}};
  if (!options.dead_letter_topic.empty()) body["dead_letter_topic"] = options.dead_letter_topic;
  const auto lenient = nlohmann::json::error_handler_t::replace;  // the server refuses such a name anyhow
  HttpClient client(options.server);
  return show(client.post("/api/v1/topics", body.dump(-1, ' ', false, lenient)), options, &member_lines);
}

int close(const TopicOptions& options) {
  const auto done = HttpClient(options.server).remove(topic_path(options.topic));
  if (!done) return fail(done.error());
  if (options.json) return print_all(nlohmann::json{{"closed", options.topic}}.dump() + "\n") ? kDone : kFailed;
  return print_all(fmt::format("closed {}: its messages and index are dropped here, not in Kafka\n", options.topic))
             ? kDone
             : kFailed;
}

int change(const TopicOptions& options, const char* what) {
  return show(HttpClient(options.server).post(topic_path(options.topic, what), ""), options, &member_lines);
}

int get(const TopicOptions& options, const std::string& path, Render render) {
  return show(HttpClient(options.server).get(path), options, render);
}

int list(const TopicOptions& options) {
  const auto answer = HttpClient(options.server).get("/api/v1/topics");
  const auto token = token_of(options.server);
  const auto json = nlohmann::json::parse(answer ? *answer : "", nullptr, false);
  if (token && !token->empty() && !options.json && json.is_object() && json.value("topics", nlohmann::json()).empty()) {
    return print_all("No topic is opened that this token is for (kseek token list shows which ones it is for).\n")
               ? kDone
               : kFailed;
  }
  return show(answer, options, &topics_table);
}

/// A command on one topic, or on none.
CLI::App* declare(CLI::App& app, const std::shared_ptr<TopicOptions>& options, const char* name, const char* help,
                  bool takes_topic, const char* example = "") {
  CLI::App* command = app.add_subcommand(name, help);
  if (takes_topic) command->add_option("topic", options->topic, "The topic's name")->required();
  command->add_flag("--json", options->json, "Print the answer as the server gives it");
  add_server_option(*command, options->server);
  add_example(*command, fmt::format("kseek {}{}{}", name, takes_topic ? " orders" : "", example));
  return command;
}

}  // namespace

void add_open(CLI::App& app, Run& run) {
  auto options = std::make_shared<TopicOptions>();
  CLI::App* command = declare(app, options, "open", "Open a topic for search", true);
  command->add_option("--from", options->from, "earliest, latest, a time, or offsets: 0:100,1:250")
      ->capture_default_str();
  command->add_option("--time", options->time, "Search and order by: create (the message's own time) or ingest")
      ->capture_default_str();
  command->add_option("--retention", options->retention, "follow (as long as Kafka has it), forever, or 7d")
      ->capture_default_str();
  command
      ->add_option("--require", options->require,
                   "What values must be: anything, utf8 or json; others are dead letters")
      ->capture_default_str();
  command->add_option("--dead-letter-topic", options->dead_letter_topic,
                      "A Kafka topic that dead letters are sent on to");
  command->add_option("--label", options->labels, "A word to find the topic by; may be repeated");
  add_example(*command, "kseek open orders --from -3d --label payments");
  command->callback([options, &run] { run = [options] { return open(*options); }; });
}

void add_close(CLI::App& app, Run& run) {
  auto options = std::make_shared<TopicOptions>();
  CLI::App* command = declare(app, options, "close", "Stop tailing a topic, drop its messages and index here", true);
  command->callback([options, &run] { run = [options] { return close(*options); }; });
}

void add_topics(CLI::App& app, Run& run) {
  auto options = std::make_shared<TopicOptions>();
  CLI::App* command = declare(app, options, "topics", "List the opened topics", false);
  command->callback([options, &run] { run = [options] { return list(*options); }; });
}

void add_details(CLI::App& app, Run& run) {
  auto options = std::make_shared<TopicOptions>();
  CLI::App* command = declare(app, options, "details", "Everything about one opened topic", true);
  command->callback(
      [options, &run] { run = [options] { return get(*options, topic_path(options->topic), &member_lines); }; });
}

void add_progress(CLI::App& app, Run& run) {
  auto options = std::make_shared<TopicOptions>();
  CLI::App* command = declare(app, options, "progress", "How far each partition is taken in", true);
  command->callback([options, &run] {
    run = [options] { return get(*options, topic_path(options->topic, "/progress"), &progress_table); };
  });
}

void add_pause(CLI::App& app, Run& run) {
  auto options = std::make_shared<TopicOptions>();
  CLI::App* command = declare(app, options, "pause", "Stop tailing a topic for now; it stays searchable", true);
  command->callback([options, &run] { run = [options] { return change(*options, "/pause"); }; });
}

void add_resume(CLI::App& app, Run& run) {
  auto options = std::make_shared<TopicOptions>();
  CLI::App* command = declare(app, options, "resume", "Go on tailing a paused topic", true);
  command->callback([options, &run] { run = [options] { return change(*options, "/resume"); }; });
}

void add_retention(CLI::App& app, Run& run) {
  auto options = std::make_shared<TopicOptions>();
  CLI::App* command = declare(app, options, "retention", "Change how long a topic's messages are found", true, " 30d");
  command->add_option("retention", options->retention, "follow (as long as Kafka has it), forever, or 7d")->required();
  command->callback([options, &run] {
    run = [options] {
      const nlohmann::json body{{"retention", options->retention}};
      const auto lenient = nlohmann::json::error_handler_t::replace;
      HttpClient client(options->server);
      return show(client.patch(topic_path(options->topic), body.dump(-1, ' ', false, lenient)), *options,
                  &member_lines);
    };
  });
}

void add_groups(CLI::App& app, Run& run) {
  auto options = std::make_shared<TopicOptions>();
  CLI::App* command =
      declare(app, options, "groups", "The consumer groups that read a topic, and how far they are", true);
  command->callback([options, &run] {
    run = [options] { return get(*options, topic_path(options->topic, "/groups"), &groups_table); };
  });
}

}  // namespace kseek::cli
