// kseek token: makes, lists and removes the tokens that a server asks for (server/tokens.h).
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <memory>
#include <nlohmann/json.hpp>

#include "cli/commands.h"
#include "cli/common.h"
#include "server/tokens.h"

namespace kseek::cli {
namespace {

struct TokenOptions {
  std::string file;
  std::string name;
  std::string role = "search";
  std::string topics = "*";
  bool json = false;
};

/// The file's tokens; a file that is not there yet has none.
Result<std::vector<server::TokenRecord>> tokens_of(const std::string& file) {
  auto tokens = server::read_tokens(file);
  if (!tokens && tokens.error().code == ErrorCode::kNotFound) return std::vector<server::TokenRecord>();
  return tokens;
}

Result<std::string> add_token(const TokenOptions& options) {
  KSEEK_ASSIGN(const server::Role role, server::parse_role(options.role));
  KSEEK_ASSIGN(auto topics, server::parse_topic_patterns(options.topics));
  KSEEK_ASSIGN(auto tokens, tokens_of(options.file));
  KSEEK_ASSIGN(server::NewToken made, server::make_token(options.name, role, std::move(topics)));
  const bool known =
      std::any_of(tokens.begin(), tokens.end(), [&](const server::TokenRecord& t) { return t.name == options.name; });
  if (known) {
    return Error{
        ErrorCode::kConflict, fmt::format("{} has a token \"{}\" already", options.file, options.name),
        fmt::format("choose another name, or remove it: kseek token remove {} --file {}", options.name, options.file)};
  }
  if (tokens.size() >= server::kMaxTokens) {
    return Error{ErrorCode::kTooLarge, fmt::format("{} has {} tokens", options.file, tokens.size()), "remove some"};
  }
  tokens.push_back(std::move(made.record));
  KSEEK_TRY(server::write_tokens(options.file, tokens));
  return std::move(made.token);
}

int add(const TokenOptions& options) {
  const auto token = add_token(options);
  if (!token) return fail(token.error());
  fmt::print(stderr, "This is shown once; {} has only a hash of it.\n", options.file);
  return print_all(*token + "\n") ? kDone : kFailed;
}

int list(const TokenOptions& options) {
  const auto tokens = server::read_tokens(options.file);
  if (!tokens) return fail_for_good(tokens.error());
  std::string text;
  auto rows = nlohmann::ordered_json::array();
  if (!options.json) text = fmt::format("{:<24}  {:<8}  {}\n", "NAME", "ROLE", "TOPICS");
  for (const server::TokenRecord& t : *tokens) {
    text += options.json ? "" : fmt::format("{:<24}  {:<8}  {}\n", t.name, to_string(t.role), fmt::join(t.topics, ","));
    rows.push_back({{"name", t.name}, {"role", to_string(t.role)}, {"topics", t.topics}});
  }
  if (options.json) text = nlohmann::ordered_json{{"tokens", rows}}.dump() + "\n";
  return print_all(text) ? kDone : kFailed;
}

int remove(const TokenOptions& options) {
  auto tokens = server::read_tokens(options.file);
  if (!tokens) return fail_for_good(tokens.error());
  const size_t before = tokens->size();
  std::erase_if(*tokens, [&](const server::TokenRecord& t) { return t.name == options.name; });
  if (tokens->size() == before) {
    return fail({ErrorCode::kNotFound, fmt::format("{} has no token \"{}\"", options.file, options.name),
                 "kseek token list --file " + options.file + " shows them"});
  }
  const auto written = server::write_tokens(options.file, *tokens);
  if (!written) return fail_for_good(written.error());
  fmt::print(stderr, "A server that uses {} refuses \"{}\" from now on.\n", options.file, options.name);
  return kDone;
}

using Action = int (*)(const TokenOptions&);

CLI::App* add_action(CLI::App& token, Run& run, const std::shared_ptr<TokenOptions>& options, const char* name,
                     const char* what, Action action) {
  CLI::App* command = token.add_subcommand(name, what);
  command->add_option("--file", options->file, "The server's tokens_file")->required();
  command->callback([options, &run, action] { run = [options, action] { return action(*options); }; });
  return command;
}

}  // namespace

void add_token(CLI::App& app, Run& run) {
  auto options = std::make_shared<TokenOptions>();
  CLI::App* token = app.add_subcommand("token", "Who may use a server: make, list and remove tokens");
  token->require_subcommand(1);

  CLI::App* adding = add_action(*token, run, options, "add", "Make a token and print it, once", &add);
  adding->add_option("name", options->name, "Whose it is: letters, digits and . _ @ -")->required();
  adding->add_option("--role", options->role, "search (default), operate (also open, close, send, reindex) or metrics");
  adding->add_option("--topics", options->topics, "The topics that it is for, as patterns (default *, all)");
  add_example(*adding, "kseek token add alice --role search --topics 'orders.*,logs-*' --file /etc/kseek/tokens");

  CLI::App* listing = add_action(*token, run, options, "list", "The tokens of a file: names, roles, topics", &list);
  listing->add_flag("--json", options->json, "Print as JSON");
  add_example(*listing, "kseek token list --file /etc/kseek/tokens");

  CLI::App* removing = add_action(*token, run, options, "remove", "Take a token away, within a second", &remove);
  removing->add_option("name", options->name, "Whose it is")->required();
  add_example(*removing, "kseek token remove alice --file /etc/kseek/tokens");
  // Last: a command made later would inherit it.
  add_example(*token, "kseek token add alice --role search --topics 'orders.*,logs-*' --file /etc/kseek/tokens");
}

}  // namespace kseek::cli
