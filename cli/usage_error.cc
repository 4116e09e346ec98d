#include "cli/usage_error.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <charconv>
#include <cmath>
#include <numeric>
#include <string_view>
#include <utility>
#include <vector>

#include "server/listen_socket.h"

namespace kseek::cli {
namespace {

constexpr size_t kNear = 2;  // so many letters apart may be what was meant

/// The command that the line had come to, and what it is called: "kseek jobs cancel".
struct Place {
  const CLI::App* command;
  std::string name;
};

Place place_of(const CLI::App& app) {
  Place place{&app, app.get_name()};
  while (!place.command->get_subcommands().empty()) {
    place.command = place.command->get_subcommands().back();
    place.name += " " + place.command->get_name();
  }
  return place;
}

/// How many letters have to be put in, taken out or exchanged (Levenshtein), in bytes.
size_t distance(std::string_view a, std::string_view b) {
  std::vector<size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), size_t{0});
  for (size_t i = 1; i <= a.size(); ++i) {
    size_t diagonal = std::exchange(row[0], i);
    for (size_t j = 1; j <= b.size(); ++j) {
      const size_t change = diagonal + (a[i - 1] == b[j - 1] ? 0 : 1);
      diagonal = std::exchange(row[j], std::min({row[j] + 1, row[j - 1] + 1, change}));
    }
  }
  return row.back();
}

/// "; did you mean "search"?", or nothing when no word is near.
std::string meant(const std::string& typed, const std::vector<std::string>& words) {
  const auto nearest = std::min_element(words.begin(), words.end(), [&](const auto& a, const auto& b) {
    return distance(typed, a) < distance(typed, b);
  });
  const bool near = nearest != words.end() && distance(typed, *nearest) <= std::min(kNear, typed.size() / 2);
  return near ? fmt::format("; did you mean \"{}\"?", *nearest) : "";
}

std::vector<std::string> names_of_commands(const CLI::App& command) {
  std::vector<std::string> names;
  for (const CLI::App* sub : command.get_subcommands([](const CLI::App* one) { return !one->get_group().empty(); })) {
    names.push_back(sub->get_name());
  }
  return names;
}

std::vector<std::string> names_of_options(const CLI::App& command) {
  std::vector<std::string> names;
  for (const CLI::Option* option : command.get_options()) {
    for (const std::string& name : option->get_lnames()) names.push_back("--" + name);
  }
  return names;
}

/// Of CLI11's text, which is "--limit: 1 required TEXT missing" for an option at the end of the line.
std::string in_words(const std::string& text) {
  const size_t colon = text.find(": 1 required ");
  return colon == std::string::npos || !text.ends_with(" missing") ? text : text.substr(0, colon) + " needs a value";
}

/// A word of a query may begin with -, too.
std::string no_such_option(const CLI::App& command, const std::string& typed) {
  std::string text = fmt::format("there is no option \"{}\"{}", typed, meant(typed, names_of_options(command)));
  const CLI::Option* query = command.get_option_no_throw("query");
  if (query == nullptr || typed.starts_with("--")) return text;
  const CLI::Option* topics = command.get_option("topics");
  return fmt::format("{}; before a query that begins with -, write --: kseek {} {} -- {}", text, command.get_name(),
                     topics->count() > 0 ? topics->as<std::string>() : "TOPIC", typed);
}

std::string what_is_wrong(const CLI::App& command, const CLI::Error& error) {
  auto rest = command.remaining();
  const auto mark = std::find(rest.begin(), rest.end(), "--");  // behind it nothing is an option
  const auto is_option = [](const auto& word) { return word.starts_with('-'); };
  const auto unknown = std::find_if(rest.begin(), mark, is_option);
  if (unknown != mark) return no_such_option(command, *unknown);
  const auto late =
      std::find_if(mark, rest.end(), [](const auto& word) { return word.starts_with("--") && word != "--"; });
  if (late != rest.end()) {
    return fmt::format("\"{}\" stands behind --, where nothing is an option: write it before", *late);
  }
  std::erase(rest, "--");
  const auto own = names_of_commands(command);
  if (!own.empty() && rest.empty()) return fmt::format("a command is missing: {}", fmt::join(own, ", "));
  if (!own.empty()) return fmt::format("there is no command \"{}\"{}", rest.front(), meant(rest.front(), own));
  if (rest.empty()) return in_words(error.what());
  std::string text = fmt::format("one argument too many: \"{}\"", rest.front());
  const CLI::Option* query = command.get_option_no_throw("query");
  if (query == nullptr) return text;
  return fmt::format("{}; a query is one, however many words it has: '{} {}'", text, query->as<std::string>(),
                     fmt::join(rest, " "));
}

template <typename T>
bool reads_as(std::string_view text, T& number) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  return error == std::errc() && end == text.data() + text.size();
}

}  // namespace

Error usage_error(const CLI::App& app, const CLI::Error& error) {
  const Place place = place_of(app);
  return {ErrorCode::kInvalid, what_is_wrong(*place.command, error), fmt::format("{} --help explains it", place.name)};
}

CLI::Validator whole_number(uint64_t max) {
  const auto check = [max](const std::string& text) {
    uint64_t number = 0;
    if (reads_as(text, number) && number <= max) return std::string();
    return fmt::format("\"{}\" is not a whole number from 0 to {}", text, max);
  };
  return CLI::Validator(check, "");
}

CLI::Validator positive_number() {
  const auto check = [](const std::string& text) {
    double number = 0;
    if (reads_as(text, number) && number > 0 && std::isfinite(number)) return std::string();
    return fmt::format("\"{}\" is not a number above 0", text);
  };
  return CLI::Validator(check, "");
}

CLI::Validator listen_address() {
  const auto check = [](const std::string& text) {
    const auto fine = server::check_listen_address(text);
    return fine ? std::string() : fmt::format("{}; {}", fine.error().message, fine.error().hint);
  };
  return CLI::Validator(check, "");
}

}  // namespace kseek::cli
