// kseek send: a test message, through a running server.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <iostream>
#include <iterator>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <vector>

#include "cli/commands.h"
#include "cli/common.h"
#include "cli/http_client.h"
#include "cli/usage_error.h"

namespace kseek::cli {
namespace {

using Json = nlohmann::json;

struct SendOptions {
  ServerChoice server;
  std::string topic;
  std::optional<std::string> key;
  std::optional<std::string> value;
  std::optional<int32_t> partition;
  std::vector<std::string> headers;  ///< NAME=VALUE
  std::string value_file;
  bool json = false;
};

Result<std::string> body_of(const SendOptions& options) {
  Json body = Json::object();
  body["key"] = options.key ? Json(*options.key) : Json(nullptr);
  body["value"] = options.value ? Json(*options.value) : Json(nullptr);
  if (options.partition) body["partition"] = *options.partition;
  body["headers"] = Json::array();
  for (const std::string& header : options.headers) {
    const size_t equals = header.find('=');
    if (equals == std::string::npos) {
      return Error{ErrorCode::kInvalid, fmt::format("--header \"{}\" has no =", header), "write --header NAME=VALUE"};
    }
    body["headers"].push_back({{"name", header.substr(0, equals)}, {"value", header.substr(equals + 1)}});
  }
  try {
    return body.dump();
  } catch (const Json::type_error&) {
    return Error{ErrorCode::kInvalid, "key, value and headers must be UTF-8 here",
                 "binary messages can be sent with another client, for instance kcat"};
  }
}

/// All of a file's bytes; "-" is standard input.
Result<std::string> content_of(const std::string& name) {
  std::ifstream file;
  if (name != "-") file.open(name, std::ios::binary);
  std::istream& in = name == "-" ? std::cin : file;
  std::string content{std::istreambuf_iterator<char>(in), {}};
  if (name == "-" || file) return content;
  return Error{ErrorCode::kUnavailable, fmt::format("can't read {}: {}", name, std::strerror(errno)), ""};
}

int send(SendOptions options) {
  if (!options.value_file.empty()) {
    auto content = content_of(options.value_file);
    if (!content) return fail(content.error());
    options.value = *std::move(content);
  }
  const auto body = body_of(options);
  if (!body) return fail(body.error());
  const auto answer = HttpClient(options.server).post(topic_path(options.topic, "/messages"), *body);
  if (!answer) return fail(answer.error());
  if (options.json) return print_all(*answer + "\n") ? kDone : kFailed;
  const Json json = Json::parse(*answer, nullptr, false);
  if (!json.is_object() || !json.contains("partition") || !json.contains("offset")) {
    return fail_for_good({ErrorCode::kInternal, "the server's answer is not understood", "is it of the same version?"});
  }
  return print_all(fmt::format("partition {}, offset {}\n", json["partition"].dump(), json["offset"].dump())) ? kDone
                                                                                                              : kFailed;
}

}  // namespace

void add_send(CLI::App& app, Run& run) {
  auto options = std::make_shared<SendOptions>();
  CLI::App* command = app.add_subcommand("send", "Send a test message to an opened topic; prints where it went");
  command->add_option("topic", options->topic, "The topic's name")->required();
  command->add_option("--key", options->key, "The key; without it the key is null");
  CLI::Option* value =
      command->add_option("--value", options->value, "The value; without it the message is a tombstone");
  command->add_option("--value-file", options->value_file, "Take the value from this file; - is standard input")
      ->excludes(value);
  command->add_option("--partition", options->partition, "The partition; without it the key chooses")
      ->check(whole_number(INT32_MAX));
  command->add_option("--header", options->headers, "NAME=VALUE; may be repeated");
  command->add_flag("--json", options->json, "Print the answer as the server gives it");
  add_server_option(*command, options->server);
  add_example(*command, "kseek send orders --key order-1 --value '{\"amount\":42}' --header trace-id=4bf92f35");
  add_example(*command, "jq -c . order.json | kseek send orders --key order-1 --value-file -");
  command->callback([options, &run] { run = [options] { return send(*options); }; });
}

}  // namespace kseek::cli
