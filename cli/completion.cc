#include "cli/completion.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <map>
#include <set>
#include <string_view>

namespace kseek::cli {
namespace {

/// Values of options that have few, or that are files.
const std::map<std::string_view, std::vector<std::string_view>>& option_values() {
  static const std::map<std::string_view, std::vector<std::string_view>> kValues{
      {"--order", {"newest", "oldest"}},
      {"--source", {"store", "kafka"}},
      {"--require", {"anything", "utf8", "json"}},
      {"--from", {"earliest", "latest"}},
      {"--retention", {"follow", "forever"}},
      {"--log-level", {"debug", "info", "warn", "error"}},
      {"--log-format", {"text", "json"}},
      {"--config", {":files"}},
      {"--output", {":files"}},
      {"-o", {":files"}},
      {"--token-file", {":files"}},
      {"--ca-file", {":files"}},
      {"--file", {":files"}},
      {"--role", {"search", "operate", "metrics"}},
      {"--data-dir", {":dirs"}}};
  return kValues;
}

const CLI::App* subcommand_of(const CLI::App& app, const std::string& name) {
  const auto all = app.get_subcommands([&name](const CLI::App* sub) { return sub->get_name() == name; });
  return all.empty() ? nullptr : all.front();
}

/// An option of add_server_option().
bool is_of_server(std::string_view option) {
  static const std::set<std::string_view> kOfServer{"--server", "--token", "--token-file", "--ca-file"};
  return kOfServer.contains(option.substr(0, option.find('=')));
}

bool takes_value(const CLI::App& command, const std::string& word) {
  const CLI::Option* option = word.starts_with('-') ? command.get_option_no_throw(word) : nullptr;
  return option != nullptr && option->get_items_expected_min() > 0;
}

/// The command line as far as it is typed.
struct Line {
  const CLI::App* command;
  size_t positionals = 0;                ///< typed before the current word
  std::vector<std::string> server = {};  ///< of add_server_option(), as typed
  std::string value_of = {};             ///< the option whose value the current word is
  bool only_operands = false;            ///< "--" was typed
};

Line parse_line(const CLI::App& app, const std::vector<std::string>& words) {
  Line line{&app};
  for (size_t i = 1; i + 1 < words.size(); ++i) {
    const std::string& word = words[i];
    if (!line.only_operands && word == "--") {
      line.only_operands = true;
    } else if (!line.only_operands && word.starts_with('-') && word.size() > 1) {
      if (is_of_server(word) && word.find('=') != std::string::npos) line.server.push_back(word);
      if (!takes_value(*line.command, word)) continue;
      if (i + 2 == words.size()) {
        line.value_of = word;
      } else if (is_of_server(word)) {
        line.server.insert(line.server.end(), {word, words[i + 1]});
      }
      ++i;
    } else if (const CLI::App* sub = subcommand_of(*line.command, word)) {
      line.command = sub;
    } else {
      ++line.positionals;
    }
  }
  return line;
}

/// The name of the operand that stands there, or of the last if it takes many.
std::string operand_name(const CLI::App& command, size_t index) {
  const auto operands = command.get_options([](const CLI::Option* option) { return option->get_positional(); });
  if (operands.empty()) return "";
  const CLI::Option* operand = operands[std::min(index, operands.size() - 1)];
  const bool many = operand->get_expected_max() > 1;
  return index < operands.size() || many ? operand->get_name(true) : "";
}

class Candidates {
 public:
  explicit Candidates(std::string typed) : typed_(std::move(typed)) {}
  void add(std::string word, std::string meaning = "") {
    if (word.starts_with(':') || word.starts_with(typed_)) all_.push_back({std::move(word), std::move(meaning)});
  }
  [[nodiscard]] std::vector<Candidate> take() { return std::move(all_); }

 private:
  const std::string typed_;
  std::vector<Candidate> all_;
};

void add_options(const CLI::App& command, Candidates& candidates) {
  for (const CLI::Option* option : command.get_options()) {
    for (const std::string& name : option->get_lnames()) candidates.add("--" + name, option->get_description());
  }
}

void add_operand(const Line& line, const std::string& typed, const TopicNames& topics, Candidates& candidates) {
  for (const CLI::App* sub : line.command->get_subcommands([](const CLI::App*) { return true; })) {
    if (!sub->get_group().empty() && line.positionals == 0) candidates.add(sub->get_name(), sub->get_description());
  }
  const std::string operand = operand_name(*line.command, line.positionals);
  if (operand == "files") candidates.add(":files");
  if (operand == "shell") {
    for (const char* shell : {"bash", "zsh", "fish"}) candidates.add(shell);
  }
  if (operand != "topic" && operand != "topics") return;
  const size_t comma = operand == "topics" ? typed.rfind(',') : std::string::npos;  // orders,pay…
  const std::string before = comma == std::string::npos ? "" : typed.substr(0, comma + 1);
  for (const std::string& topic : topics(line.server)) candidates.add(before + topic, "topic");
}

}  // namespace

std::vector<Candidate> complete_words(const CLI::App& app, const std::vector<std::string>& words,
                                      const TopicNames& topics) {
  if (words.size() < 2) return {};
  const Line line = parse_line(app, words);
  const std::string& typed = words.back();
  Candidates candidates(typed);
  if (!line.value_of.empty()) {
    const auto values = option_values().find(line.value_of);
    if (values != option_values().end()) {
      for (const std::string_view value : values->second) candidates.add(std::string(value));
    } else if (line.value_of == "--topic") {
      for (const std::string& topic : topics(line.server)) candidates.add(topic, "topic");
    }
  } else if (typed.starts_with('-') && !line.only_operands) {
    add_options(*line.command, candidates);
  } else {
    add_operand(line, typed, topics, candidates);
  }
  return candidates.take();
}

}  // namespace kseek::cli
