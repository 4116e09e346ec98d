// What could be typed next. The scripts that `kseek completion` prints ask for it (`kseek complete`), so that bash, zsh
// and fish know the same.
#pragma once

#include <CLI/App.hpp>
#include <functional>
#include <string>
#include <vector>

namespace kseek::cli {

struct Candidate {
  std::string word;     ///< ":files" or ":dirs" alone: the shell knows better
  std::string meaning;  ///< may be empty
};

/// Names of topics for words that are to be one; `server`: what was typed of the options that say which server and who
/// asks (add_server_option()), as typed.
using TopicNames = std::function<std::vector<std::string>(const std::vector<std::string>& server)>;

/// `words`: the command line up to the cursor, "kseek" first; the last is what is being typed, maybe empty. All
/// candidates begin with it.
[[nodiscard]] std::vector<Candidate> complete_words(const CLI::App& app, const std::vector<std::string>& words,
                                                    const TopicNames& topics);

}  // namespace kseek::cli
