// kseek completion SHELL prints the shell's script; kseek complete, which it calls, says what could be typed next.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <chrono>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>

#include "cli/commands.h"
#include "cli/common.h"
#include "cli/completion.h"
#include "cli/http_client.h"

namespace kseek::cli {
namespace {

constexpr std::chrono::milliseconds kPatience{1'000};  // somebody has pressed a key and waits

constexpr const char* kBash = R"(# bash completion for kseek. Load it now:  source <(kseek completion bash)
# or for good:  kseek completion bash > ~/.local/share/bash-completion/completions/kseek
_kseek() {
  local line
  COMPREPLY=()
  while IFS= read -r line; do
    case $line in
      :files) compopt -o filenames; mapfile -t -O "${#COMPREPLY[@]}" COMPREPLY < <(compgen -f -- "${COMP_WORDS[COMP_CWORD]}") ;;
      :dirs) compopt -o filenames; mapfile -t -O "${#COMPREPLY[@]}" COMPREPLY < <(compgen -d -- "${COMP_WORDS[COMP_CWORD]}") ;;
      *) COMPREPLY+=("${line%%$'\t'*}") ;;
    esac
  done < <("${COMP_WORDS[0]}" complete -- "${COMP_WORDS[@]:0:COMP_CWORD+1}" 2>/dev/null)
}
complete -F _kseek kseek
)";

constexpr const char* kZsh = R"(#compdef kseek
# zsh completion for kseek. Load it now:  source <(kseek completion zsh)
# or for good:  kseek completion zsh > a directory of $fpath/_kseek
_kseek() {
  local line nothing=1
  local -a found
  for line in "${(@f)$("$words[1]" complete -- "${(@)words[1,CURRENT]}" 2>/dev/null)}"; do
    case $line in
      :files) _files && nothing=0 ;;
      :dirs) _files -/ && nothing=0 ;;
      ?*) found+=("${${line%%$'\t'*}//:/\\:}:${line#*$'\t'}") ;;
    esac
  done
  (( $#found )) && _describe -V kseek found && nothing=0
  return nothing
}
if [[ $funcstack[1] == _kseek ]]; then _kseek "$@"; else compdef _kseek kseek; fi
)";

constexpr const char* kFish = R"(# fish completion for kseek. Load it now:  kseek completion fish | source
# or for good:  kseek completion fish > ~/.config/fish/completions/kseek.fish
function __kseek_complete
    set -l words (commandline -opc) (commandline -ct)
    for line in (command kseek complete -- $words 2>/dev/null)
        switch $line
            case ':files'
                __fish_complete_path (commandline -ct)
            case ':dirs'
                __fish_complete_directories (commandline -ct)
            case '*'
                echo $line
        end
    end
end
complete -c kseek -f -a '(__kseek_complete)'
)";

int print_script(const std::string& shell) {
  return print_all(shell == "bash" ? kBash : shell == "zsh" ? kZsh : kFish) ? kDone : kFailed;
}

/// The server that the command would ask, by what is typed and by the environment; nullopt: neither makes sense.
std::optional<ServerChoice> server_choice(const std::vector<std::string>& typed) {
  CLI::App reader;
  ServerChoice server;
  add_server_option(reader, server);
  try {
    reader.parse(std::vector<std::string>(typed.rbegin(), typed.rend()));  // it takes them from the last on
  } catch (const CLI::ParseError&) {
    return std::nullopt;
  }
  return server;
}

/// Of the server that runs, those that the token may see; none when it doesn't answer soon.
std::vector<std::string> topic_names(const std::vector<std::string>& typed) {
  const auto server = server_choice(typed);
  if (!server) return {};
  const auto answer = HttpClient(*server, kPatience).get("/api/v1/topics");
  std::vector<std::string> names;
  const auto json = nlohmann::json::parse(answer ? *answer : "", nullptr, false);
  if (!json.is_object() || !json.contains("topics")) return names;
  for (const auto& topic : json["topics"]) names.push_back(topic.value("name", ""));
  return names;
}

int complete(const CLI::App& app, const std::vector<std::string>& words) {
  std::string out;
  for (const Candidate& candidate : complete_words(app, words, &topic_names)) {
    out += candidate.word;
    if (!candidate.word.starts_with(':')) out += "\t" + candidate.meaning;
    out += "\n";
  }
  return print_all(out) ? kDone : kFailed;
}

}  // namespace

void add_completion(CLI::App& app, Run& run) {
  auto shell = std::make_shared<std::string>();
  CLI::App* command = app.add_subcommand("completion", "Print the script that completes commands, options and topics");
  command->add_option("shell", *shell, "bash, zsh or fish")->required()->check(CLI::IsMember({"bash", "zsh", "fish"}));
  add_example(*command, "kseek completion bash > ~/.local/share/bash-completion/completions/kseek");
  add_example(*command, "source <(kseek completion zsh)");
  add_example(*command, "kseek completion fish | source");
  command->callback([shell, &run] { run = [shell] { return print_script(*shell); }; });

  auto words = std::make_shared<std::vector<std::string>>();
  CLI::App* asked = app.add_subcommand("complete", "What could be typed next; for those scripts")->group("");
  asked->add_option("words", *words, "The command line up to the cursor");
  asked->callback([words, &app, &run] { run = [words, &app] { return complete(app, *words); }; });
}

}  // namespace kseek::cli
