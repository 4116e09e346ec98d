// What could be typed next.
#include "cli/completion.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <CLI/CLI.hpp>

#include "cli/commands.h"

namespace kseek::cli {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::Not;

class Completion : public ::testing::Test {
 protected:
  Completion() {
    add_search(app_, run_);
    add_serve(app_, run_);
    add_get(app_, run_);
    add_import(app_, run_);
    add_jobs(app_, run_);
    add_completion(app_, run_);
  }
  std::vector<std::string> words(std::vector<std::string> typed) {
    typed.insert(typed.begin(), "kseek");
    std::vector<std::string> found;
    const auto topics = [this](const std::vector<std::string>& server) {
      server_ = server;
      return std::vector<std::string>{"chat", "orders", "other"};
    };
    for (const Candidate& candidate : complete_words(app_, typed, topics)) found.push_back(candidate.word);
    return found;
  }
  CLI::App app_{"test", "kseek"};
  cli::Run run_;
  std::vector<std::string> server_;
};

TEST_F(Completion, Commands) {
  EXPECT_THAT(words({"se"}), ElementsAre("search", "serve"));
  EXPECT_THAT(words({""}), Contains("completion"));
  EXPECT_THAT(words({""}), Not(Contains("complete"))) << "that is for scripts";
  EXPECT_THAT(words({"nonsense", ""}), IsEmpty());
  EXPECT_THAT(words({"jobs", "c"}), ElementsAre("cancel"));
  EXPECT_THAT(words({}), IsEmpty());
}

TEST_F(Completion, Options) {
  EXPECT_THAT(words({"search", "--ord"}), ElementsAre("--order"));
  EXPECT_THAT(words({"search", "orders", "--order", ""}), ElementsAre("newest", "oldest"));
  EXPECT_THAT(words({"search", "orders", "--order", "o"}), ElementsAre("oldest"));
  EXPECT_THAT(words({"serve", "--config", "x"}), ElementsAre(":files"));
  EXPECT_THAT(words({"serve", "--data-dir", ""}), ElementsAre(":dirs"));
  EXPECT_THAT(words({"search", "--limit", ""}), IsEmpty()) << "nobody knows";
  EXPECT_THAT(words({"--vers"}), IsEmpty());
}

TEST_F(Completion, Operands) {
  EXPECT_THAT(words({"search", "o"}), ElementsAre("orders", "other"));
  EXPECT_THAT(words({"search", "chat,o"}), ElementsAre("chat,orders", "chat,other"));
  EXPECT_THAT(words({"search", "chat", "o"}), IsEmpty()) << "a query";
  EXPECT_THAT(words({"search", "--limit", "3", "ch"}), ElementsAre("chat"));
  EXPECT_THAT(words({"search", "--json", "ch"}), ElementsAre("chat")) << "a flag takes no value";
  EXPECT_THAT(words({"get", "--server", "http://other:1", ""}), ElementsAre("chat", "orders", "other"));
  EXPECT_THAT(server_, ElementsAre("--server", "http://other:1"));
  EXPECT_THAT(words({"import", "chat", "f"}), ElementsAre(":files"));
  EXPECT_THAT(words({"import", "chat", "a", "b"}), ElementsAre(":files")) << "it takes many";
  EXPECT_THAT(words({"completion", "z"}), ElementsAre("zsh"));
}

}  // namespace
}  // namespace kseek::cli
