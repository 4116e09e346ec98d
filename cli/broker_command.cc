// kseek broker: the in-memory test broker on its own.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <charconv>
#include <memory>
#include <vector>

#include "cli/commands.h"
#include "cli/common.h"
#include "cli/signals.h"
#include "indexer/test_broker.h"
#include "store/topic_config.h"

namespace kseek::cli {
namespace {

struct NewTopic {
  std::string name;
  int partitions = 0;
};

Result<NewTopic> parse_new_topic(const std::string& text) {
  const size_t colon = text.rfind(':');
  NewTopic topic;
  topic.name = text.substr(0, colon);
  const char* end = text.data() + text.size();
  const char* begin = colon == std::string::npos ? end : text.data() + colon + 1;
  const auto [rest, error] = std::from_chars(begin, end, topic.partitions);
  if (error != std::errc() || rest != end || topic.partitions < 1 || topic.partitions > 10'000) {
    return Error{ErrorCode::kInvalid, fmt::format("--topic \"{}\" is not understood", text),
                 "write --topic NAME:PARTITIONS, with 1 to 10000 partitions"};
  }
  KSEEK_TRY(store::check_topic_name(topic.name));
  return topic;
}

int broker(const std::vector<std::string>& texts) {
  std::vector<NewTopic> topics;
  for (const std::string& text : texts) {
    auto topic = parse_new_topic(text);
    if (!topic) return fail(topic.error());
    topics.push_back(*std::move(topic));
  }
  hold_stop_signals();
  const auto started = indexer::TestBroker::start();
  if (!started) return fail_for_good(started.error());
  for (const NewTopic& topic : topics) {
    const auto created = (*started)->create_topic(topic.name, topic.partitions);
    if (!created) return fail_for_good(created.error());
  }
  if (!print_all((*started)->address() + "\n")) return kFailed;
  wait_for_stop();
  return kDone;
}

}  // namespace

void add_broker(CLI::App& app, Run& run) {
  auto topics = std::make_shared<std::vector<std::string>>();
  CLI::App* command =
      app.add_subcommand("broker", "The in-memory test broker on its own; the first line of output is its address");
  command->add_option(
      "--topic", *topics,
      "NAME:PARTITIONS to begin with; may be repeated. Others are made when asked for, with 4 partitions");
  add_example(*command, "kseek broker --topic orders:4 --topic logs:8");
  command->callback([topics, &run] { run = [topics] { return broker(*topics); }; });
}

}  // namespace kseek::cli
