// kseek get: one message, or the bytes of its key or value.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <memory>
#include <nlohmann/json.hpp>

#include "cli/commands.h"
#include "cli/common.h"
#include "cli/http_client.h"
#include "cli/usage_error.h"
#include "server/dead_letter_error.h"
#include "server/json.h"
#include "store/store.h"

namespace kseek::cli {
namespace {

struct GetOptions {
  ServerChoice server;
  std::string data_dir;
  std::string topic;
  int32_t partition = 0;
  int64_t offset = 0;
  bool key = false;
  bool value = false;
  std::string file;
};

Result<std::string> get_from_server(const GetOptions& options) {
  const char* part = options.key ? "/key" : options.value ? "/value" : "";
  HttpClient client(options.server);
  KSEEK_ASSIGN(
      std::string body,
      client.get(topic_path(options.topic, fmt::format("/messages/{}/{}{}", options.partition, options.offset, part))));
  if (*part == '\0') body += '\n';
  return body;
}

Result<std::string> get_from_directory(const GetOptions& options) {
  KSEEK_ASSIGN(const auto opened, open_to_read(options.data_dir));
  KSEEK_ASSIGN(const auto topic, find_topic(*opened, options.data_dir, options.topic));
  KSEEK_ASSIGN(const auto found, store::find_message(*topic, PartitionId{options.partition}, Offset{options.offset}));
  if (!found) {
    if (auto dead = server::dead_letter_error(*topic, PartitionId{options.partition}, Offset{options.offset})) {
      return *std::move(dead);
    }
    return Error{ErrorCode::kNotFound,
                 fmt::format("topic \"{}\" has no message at partition {}, offset {}", options.topic, options.partition,
                             options.offset),
                 "it may be expired, or not taken in yet"};
  }
  if (!options.key && !options.value) {
    return server::message_json(options.topic, topic->config().time_kind, found->message) + "\n";
  }
  const auto& part = options.key ? found->message.key : found->message.value;
  if (!part) return Error{ErrorCode::kNotFound, fmt::format("its {} is null", options.key ? "key" : "value"), ""};
  return std::string(*part);
}

/// On stderr, if not all of the message is in its JSON.
void tell_of_cuts(const std::string& message) {
  const auto json = nlohmann::json::parse(message, nullptr, false);
  if (!json.is_object() || !json.value("truncated", false)) return;
  fmt::print(stderr,
             "kseek: the message is too long to be shown whole: \"truncated\"\n"
             "       --key and --value write all bytes of its key and value; headers are shown to 1 MiB\n");
}

int get(const GetOptions& options) {
  const auto bytes = options.data_dir.empty() ? get_from_server(options) : get_from_directory(options);
  if (!bytes) return fail_for_good(bytes.error());
  if (!options.key && !options.value) tell_of_cuts(*bytes);
  if (options.file.empty() || options.file == "-") return print_all(*bytes) ? kDone : kFailed;
  std::ofstream file(options.file, std::ios::binary);
  file << *bytes;
  file.close();
  if (file) return kDone;
  return fail_for_good({ErrorCode::kUnavailable, fmt::format("can't write {}: {}", options.file, std::strerror(errno)),
                        "choose another file with -o"});
}

}  // namespace

void add_get(CLI::App& app, Run& run) {
  auto options = std::make_shared<GetOptions>();
  CLI::App* command = app.add_subcommand("get", "Show one message whole, or write its key or value as it is");
  command->add_option("topic", options->topic, "The topic's name")->required();
  command->add_option("partition", options->partition, "The partition's number")
      ->required()
      ->check(whole_number(INT32_MAX));
  command->add_option("offset", options->offset, "The offset in it")->required()->check(whole_number(INT64_MAX));
  CLI::Option* key = command->add_flag("--key", options->key, "Only the key's bytes");
  command->add_flag("--value", options->value, "Only the value's bytes")->excludes(key);
  command->add_option("-o,--output", options->file, "Write to this file; - is standard output");
  command->add_option("--data-dir", options->data_dir, "Read this directory, without a server");
  add_server_option(*command, options->server);
  add_example(*command, "kseek get orders 3 1042 --value -o order.json");
  command->callback([options, &run] { run = [options] { return get(*options); }; });
}

}  // namespace kseek::cli
