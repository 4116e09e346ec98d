// Completion in the shells themselves, and what every command has: examples, --json, exit codes.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <sstream>

#include "tests/system/system.h"

namespace kseek::testing {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

bool has_shell(const std::string& shell) { return run({"sh", "-c", "command -v " + shell}).code == 0; }

std::string program() { return kseek_arguments({}).front(); }
std::string program_directory() { return std::filesystem::path(program()).parent_path().string(); }

TEST(Shells, BashCompletesFromTheRunningServer) {
  const TempDir dir;
  Process broker(kseek_arguments({"broker", "--topic", "orders:1", "--topic", "other:1"}));
  ServerProcess server(dir.file("data"), broker.read_line().value_or(""));
  ASSERT_TRUE(server.ready()) << server.process().errors();
  for (const char* topic : {"orders", "other"}) {
    ASSERT_EQ(server.call("POST", "/api/v1/topics", Json{{"topic", topic}}.dump()).status, 201);
  }
  write_file(dir.file("kseek.toml"), "");
  const auto completed = [&](const std::string& words) {
    const std::string script =
        "source <(\"" + program() + "\" completion bash) && cd " + dir.file("") + " && COMP_WORDS=(\"" + program() +
        "\" " + words +
        ") COMP_CWORD=$((${#COMP_WORDS[@]} - 1)) && compopt() { :; } && _kseek && echo \"${COMPREPLY[*]}\"";
    const Finished finished = run({"env", "KSEEK_SERVER=" + server.url(), "bash", "-c", script});
    EXPECT_EQ(finished.code, 0) << finished.err;
    return finished.out;
  };
  EXPECT_EQ(completed("sea"), "search\n");
  EXPECT_EQ(completed("search o"), "orders other\n");
  EXPECT_EQ(completed("search orders --ord"), "--order\n");
  EXPECT_EQ(completed("search orders --order ''"), "newest oldest\n");
  EXPECT_EQ(completed("serve --config kse"), "kseek.toml\n");
  EXPECT_EQ(completed("details or"), "orders\n");
}

/// Topics are asked for as the command itself would: with the token, from the environment or as typed.
TEST(Shells, TopicsAreCompletedWithTheToken) {
  const TempDir dir;
  Process broker(kseek_arguments({"broker", "--topic", "orders:1", "--topic", "other:1"}));
  const auto add = [&](const std::string& name, const std::string& role, const std::string& topics) {
    const Finished made =
        kseek({"token", "add", name, "--role", role, "--topics", topics, "--file", dir.file("tokens")});
    EXPECT_EQ(made.code, 0) << made.err;
    return made.out.substr(0, made.out.find('\n'));
  };
  const std::string root = add("root", "operate", "*");
  const std::string some = add("some", "search", "ord*");
  const std::string none = add("none", "search", "nothing");
  write_file(dir.file("kseek.toml"), "[server]\ntokens_file = \"" + dir.file("tokens") + "\"\n");
  const ServerProcess server(dir.file("data"), broker.read_line().value_or(""), dir.file("kseek.toml"));
  ASSERT_TRUE(server.ready()) << server.process().errors();
  for (const char* topic : {"orders", "other"}) {
    ASSERT_EQ(kseek({"open", topic, "--server", server.url(), "--token", root}).code, 0);
  }
  const auto completed = [&](const std::string& variable, std::vector<std::string> words) {
    std::vector<std::string> arguments = kseek_arguments({"complete", "--", "kseek"});
    arguments.insert(arguments.begin(), {"env", "KSEEK_SERVER=" + server.url(), variable});
    arguments.insert(arguments.end(), words.begin(), words.end());
    return run(arguments).out;
  };
  write_file(dir.file("mine"), some + "\n");
  EXPECT_EQ(completed("KSEEK_TOKEN=" + root, {"search", "o"}), "orders\ttopic\nother\ttopic\n");
  EXPECT_EQ(completed("KSEEK_TOKEN=" + some, {"search", "o"}), "orders\ttopic\n");
  EXPECT_EQ(completed("KSEEK_TOKEN_FILE=" + dir.file("mine"), {"details", ""}), "orders\ttopic\n");
  EXPECT_EQ(completed("NONE=", {"search", "--token-file", dir.file("mine"), ""}), "orders\ttopic\n");
  EXPECT_EQ(completed("NONE=", {"search", "--token=" + some, ""}), "orders\ttopic\n");
  EXPECT_EQ(completed("NONE=", {"search", ""}), "");
  EXPECT_EQ(completed("KSEEK_TOKEN=" + none, {"search", ""}), "");
  const Finished topics = kseek({"topics", "--server", server.url(), "--token", none});
  EXPECT_EQ(topics.code, 0) << topics.err;
  EXPECT_THAT(topics.out, HasSubstr("No topic is opened that this token is for"));
  EXPECT_THAT(kseek({"search", "orders", "x", "--server", server.url(), "--token", none}).err,
              HasSubstr("the token \"none\" is not for the topic \"orders\""));
  EXPECT_THAT(kseek({"search", "o*", "x", "--server", server.url(), "--token", none}).err,
              HasSubstr("no opened topic of yours is named like"));
}

TEST(Shells, FishCompletes) {
  if (!has_shell("fish")) GTEST_SKIP() << "no fish here";
  const TempDir dir;
  const Finished finished =
      run({"env", "HOME=" + dir.file(""), "fish", "--no-config", "-c",
           "set -x PATH " + program_directory() +
               " $PATH; kseek completion fish | source; "
               "complete -C 'kseek sea'; complete -C 'kseek search --ord'; complete -C 'kseek completion '"});
  EXPECT_EQ(finished.code, 0) << finished.err;
  EXPECT_THAT(finished.out, HasSubstr("search\tFind the newest"));
  EXPECT_THAT(finished.out, HasSubstr("--order\t"));
  EXPECT_THAT(finished.out, HasSubstr("zsh"));
}

TEST(Shells, ZshReadsItsScript) {
  if (!has_shell("zsh")) GTEST_SKIP() << "no zsh here";
  const TempDir dir;
  write_file(dir.file("_kseek"), kseek({"completion", "zsh"}).out);
  const Finished syntax = run({"zsh", "-n", dir.file("_kseek")});
  EXPECT_EQ(syntax.code, 0) << syntax.err;
  // What it would offer, with the parts of the completion system that show it replaced.
  const Finished offered =
      run({"zsh", "-f", "-c",
           "compdef() { :; }; _files() { print FILES; }; _describe() { print -l -- ${(P)3}; }; source " +
               dir.file("_kseek") + "; words=('" + program() + "' sea) CURRENT=2; _kseek; words=('" + program() +
               "' serve --config x) CURRENT=4; _kseek"});
  EXPECT_EQ(offered.code, 0) << offered.err;
  EXPECT_THAT(offered.out, HasSubstr("search:Find the newest"));
  EXPECT_THAT(offered.out, HasSubstr("FILES\n"));
}

/// What a command prints to a terminal of 60 columns.
std::string in_terminal(const std::string& environment, const std::string& command) {
  const std::string line = "stty cols 60; " + environment + " '" + program() + "' " + command;
  return run({"script", "-qec", line, "/dev/null"}).out;
}

TEST(Terminals, AreColouredAndFilledOnlyAsFarAsTheyGo) {
  if (!has_shell("script")) GTEST_SKIP() << "no script(1) here";
  const std::string doctor = "doctor --listen 127.0.0.1:0";
  EXPECT_THAT(in_terminal("TERM=xterm NO_COLOR=", doctor), HasSubstr("\x1b["));
  EXPECT_THAT(in_terminal("TERM=xterm NO_COLOR=1", doctor), Not(HasSubstr("\x1b[")));
  EXPECT_THAT(in_terminal("TERM=dumb NO_COLOR=", doctor), Not(HasSubstr("\x1b[")));
  EXPECT_THAT(kseek({"doctor", "--listen", "127.0.0.1:0"}).out, Not(HasSubstr("\x1b[")));

  const TempDir dir;
  Process broker(kseek_arguments({"broker", "--topic", "a-topic-with-a-rather-long-name:1"}));
  ServerProcess server(dir.file("data"), broker.read_line().value_or(""));
  ASSERT_EQ(server.call("POST", "/api/v1/topics", R"({"topic":"a-topic-with-a-rather-long-name"})").status, 201);
  const std::string table = in_terminal("KSEEK_SERVER=" + server.url(), "topics");
  EXPECT_THAT(table, HasSubstr("a-top"));
  EXPECT_THAT(table, HasSubstr("…"));
  std::istringstream lines(table);
  for (std::string row; std::getline(lines, row);) {
    const auto columns =
        std::count_if(row.begin(), row.end(), [](char c) { return (c & '\xc0') != '\x80' && c != '\r'; });
    EXPECT_LE(columns, 60) << row;
  }
  EXPECT_THAT(kseek({"topics", "--server", server.url()}).out, HasSubstr("a-topic-with-a-rather-long-name"));
}

TEST(Commands, AllHaveExamples) {
  const std::string help = kseek({"--help"}).out;
  EXPECT_THAT(help, HasSubstr("Examples:"));
  size_t commands = 0;
  std::istringstream lines(help.substr(help.find("Subcommands:")));
  for (std::string line; std::getline(lines, line);) {
    if (!line.starts_with("  ") || line.size() < 3 || line[2] == ' ') continue;
    const std::string command = line.substr(2, line.find(' ', 2) - 2);
    if (command == "kseek") continue;  // the examples
    const Finished one = kseek({command, "--help"});
    EXPECT_EQ(one.code, 0) << command;
    EXPECT_THAT(one.out, HasSubstr("Examples:\n")) << command;
    ++commands;
  }
  EXPECT_GE(commands, 20U) << help;
}

TEST(Commands, ThosePrintingDataHaveJson) {
  for (const char* command :
       {"open", "close", "topics", "details", "progress", "pause", "resume", "retention", "groups", "search",
        "messages", "send", "import", "reindex", "jobs", "dead-letters", "config", "doctor"}) {
    EXPECT_THAT(kseek({command, "--help"}).out, HasSubstr("--json")) << command;
  }
}

TEST(Commands, ExitCodesAndJsonAgainstAServer) {
  const TempDir dir;
  Process broker(kseek_arguments({"broker", "--topic", "orders:1"}));
  ServerProcess server(dir.file("data"), broker.read_line().value_or(""));
  ASSERT_TRUE(server.ready()) << server.process().errors();
  const auto with_server = [&](std::vector<std::string> arguments, const std::string& input = "") {
    arguments.insert(arguments.end(), {"--server", server.url()});
    return kseek(arguments, input);
  };
  const auto gives_json = [&](const std::vector<std::string>& arguments, const std::string& input = "") {
    auto all = arguments;
    all.emplace_back("--json");
    const Finished finished = with_server(all, input);
    EXPECT_EQ(finished.code, 0) << arguments.front() << finished.err;
    EXPECT_FALSE(Json::parse(finished.out, nullptr, false).is_discarded()) << arguments.front() << finished.out;
    EXPECT_THAT(finished.out, Not(HasSubstr("\x1b"))) << "no styles but on a terminal";
  };
  for (const char* command : {"details", "progress", "pause", "resume", "groups", "close", "dead-letters"}) {
    EXPECT_EQ(with_server({command, "orders"}).code, 1) << command << " of a topic that is not open";
  }
  gives_json({"open", "orders"});
  EXPECT_EQ(with_server({"open", "orders"}).code, 1) << "open already";
  EXPECT_EQ(with_server({"open", "or ders"}).code, 2);
  gives_json({"send", "orders", "--key", "k", "--value-file", "-"}, "from standard input");
  ASSERT_TRUE(eventually([&] { return server.taken_in("orders") == 1; }));
  EXPECT_EQ(with_server({"get", "orders", "0", "0", "--value", "-o", "-"}).out, "from standard input");
  for (const std::vector<std::string>& arguments : {std::vector<std::string>{"topics"},
                                                    {"details", "orders"},
                                                    {"progress", "orders"},
                                                    {"pause", "orders"},
                                                    {"resume", "orders"},
                                                    {"retention", "orders", "7d"},
                                                    {"search", "orders", "standard", "--explain"},
                                                    {"messages", "orders", "--partition", "0", "--offset", "0"},
                                                    {"jobs"},
                                                    {"reindex", "orders"},
                                                    {"dead-letters", "orders"}}) {
    gives_json(arguments);
  }
  EXPECT_EQ(with_server({"search", "orders", "a ("}).code, 2) << "a query that is wrong";
  EXPECT_EQ(with_server({"search", "no-such-topic", "a"}).code, 1);
  EXPECT_EQ(with_server({"get", "orders", "0", "99"}).code, 1);
  EXPECT_EQ(with_server({"send", "orders", "--value-file", dir.file("none")}).code, 1);
  EXPECT_THAT(with_server({"search", "orders", "standard", "--explain"}).out, HasSubstr(" ms"));
  gives_json({"close", "orders"});
}

}  // namespace
}  // namespace kseek::testing
