// Runs the examples of docs/http.md: each command as it stands there, with curl, against a server of its own.
#include <gtest/gtest.h>

#include <array>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "tests/server/world.h"
#include "tests/source_dir.h"

namespace kseek::testing {
namespace {

struct Example {
  size_t line = 0;
  std::string command;
  std::string expected;  ///< … stands for anything
};

std::vector<Example> read_examples(const std::filesystem::path& page) {
  std::vector<Example> examples;
  std::ifstream file(page);
  std::string line;
  bool inside = false;
  for (size_t number = 1; std::getline(file, line); ++number) {
    if (line.starts_with("```")) {
      inside = line == "```console";
    } else if (inside && line.starts_with("$ ")) {
      examples.push_back({number, line.substr(2), ""});
    } else if (inside && !examples.empty()) {
      examples.back().expected += (examples.back().expected.empty() ? "" : "\n") + line;
    }
  }
  return examples;
}

std::string output_of(const std::string& command) {
  std::string out;
  FILE* pipe = popen(command.c_str(), "r");
  if (pipe == nullptr) return out;
  std::array<char, 65536> buffer{};
  while (const size_t n = fread(buffer.data(), 1, buffer.size(), pipe)) out.append(buffer.data(), n);
  pclose(pipe);
  while (!out.empty() && out.back() == '\n') out.pop_back();
  return out;
}

/// The text is the pattern, each … of which is anything.
bool fits(std::string_view pattern, std::string_view text) {
  constexpr std::string_view kAnything = "…";
  size_t at = 0;
  bool anchored = true;
  while (true) {
    const size_t end = pattern.find(kAnything);
    const std::string_view part = pattern.substr(0, end);
    const bool last = end == std::string_view::npos;
    if (last && !anchored) return text.size() >= at + part.size() && text.ends_with(part);
    const size_t found = text.find(part, at);
    if (found == std::string_view::npos || (anchored && found != at)) return false;
    at = found + part.size();
    if (last) return at == text.size();
    pattern.remove_prefix(end + kAnything.size());
    anchored = false;
  }
}

TEST(HttpPage, ItsExamplesDoWhatTheySay) {
  EXPECT_TRUE(fits("a…c…", "abcd"));
  EXPECT_FALSE(fits("a…c", "abcd"));
  EXPECT_FALSE(fits("b…", "abcd"));
  World world;
  ASSERT_TRUE(world.broker().create_topic("orders", 2));
  const auto examples = read_examples(std::filesystem::path(source_dir()) / "docs" / "http.md");
  const std::string written = "http://127.0.0.1:7420";
  for (const Example& example : examples) {
    std::string command = example.command;
    const size_t at = command.find(written);
    ASSERT_NE(at, std::string::npos) << command;
    command.replace(at, written.size(), world.url());
    std::string output = output_of(command);
    std::erase(output, '\r');
    EXPECT_TRUE(fits(example.expected, output)) << "docs/http.md:" << example.line << "\n" << command << "\n" << output;
    if (command.find("/messages -d") != std::string::npos) world.wait_findable("orders");
  }
  EXPECT_GE(examples.size(), 15U);
}

}  // namespace
}  // namespace kseek::testing
