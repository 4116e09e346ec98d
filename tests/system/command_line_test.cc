// Bad usage, help, configuration files, and the commands that need no server.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/system/system.h"

namespace kseek::testing {
namespace {

using ::testing::HasSubstr;

TEST(CommandLine, BadUsageIsTwo) {
  for (const std::vector<std::string>& wrong : {std::vector<std::string>{},
                                                {"nonsense"},
                                                {"search"},
                                                {"search", "t", "--no-such-option"},
                                                {"get", "t", "x", "1"},
                                                {"get", "t", "0", "-1"},
                                                {"messages"},
                                                {"messages", "t", "--offset", "1", "--at", "-1h"},
                                                {"get", "t", "0", "1", "--key", "--value"},
                                                {"serve"},
                                                {"serve", "--data-dir", "x", "--listen", "foo"},
                                                {"demo", "--once", "--listen", "foo"},
                                                {"broker", "--topic", "noparts"},
                                                {"broker", "--topic", "a:0"},
                                                {"broker", "--topic", "a b:1"},
                                                {"send"},
                                                {"send", "t", "--header", "noequals"},
                                                {"import", "t", "file"},
                                                {"reindex"},
                                                {"reindex", "t", "--source", "elsewhere"},
                                                {"reindex", "t", "--rate-limit", "0"},
                                                {"reindex", "t", "--data-dir", "x", "--detach"},
                                                {"jobs", "cancel"},
                                                {"dead-letters"},
                                                {"dead-letters", "t", "--limit", "0"},
                                                {"import", "--data-dir", "x"},
                                                {"send", "t", "--value", "a", "--value-file", "b"},
                                                {"config", "--config", "x"},
                                                {"config", "extra"},
                                                {"completion"},
                                                {"completion", "tcsh"},
                                                {"doctor", "extra"},
                                                {"retention", "t"},
                                                {"serve", "--data-dir", "x", "--log-level", "loud"},
                                                {"serve", "--data-dir", "x", "--log-format", "xml"},
                                                {"topics", "--server", "ftp://x"}}) {
    const Finished refused = kseek(wrong);
    EXPECT_EQ(refused.code, 2) << (wrong.empty() ? "" : wrong.back()) << refused.err;
    EXPECT_NE(refused.err, "");
    EXPECT_EQ(refused.out, "");
  }
}

TEST(CommandLine, SaysWhatIsWrongWithTheLine) {
  const std::vector<std::pair<std::vector<std::string>, std::string>> cases{
      {{}, "Examples:\n  kseek demo"},
      {{"serch", "t", "x"},
       "kseek: there is no command \"serch\"; did you mean \"search\"?\n       kseek --help explains"},
      {{"nonsense"}, "kseek: there is no command \"nonsense\"\n"},
      {{"--nonsense"}, "kseek: there is no option \"--nonsense\"\n"},
      {{"token"}, "kseek: a command is missing: add, list, remove\n       kseek token --help explains"},
      {{"jobs", "cancl"}, "kseek: there is no command \"cancl\"; did you mean \"cancel\"?"},
      {{"search", "t", "x", "--parition", "2"}, "no option \"--parition\"; did you mean \"--partition\"?"},
      {{"search", "t", "payment", "timeout"}, "one argument too many: \"timeout\"; a query is one"},
      {{"search", "t", "payment", "timeout"}, "'payment timeout'\n       kseek search --help explains it\n"},
      {{"search", "t", "--", "a", "b"}, "'a b'"},
      {{"search", "t", "-payment"},
       "no option \"-payment\"; before a query that begins with -, write --: kseek search t -- -payment\n"},
      {{"search", "t", "--", "-payment", "--limit", "2"}, "kseek: \"--limit\" stands behind --, where nothing is"},
      {{"serve", "--listen", "foo"}, "kseek: --listen: \"foo\" is not an address to listen on; write host:port"},
      {{"search", "t", "x", "--time"}, "kseek: --time needs a value\n"},
      {{"doctor", "extra"}, "kseek: one argument too many: \"extra\"\n"},
      {{"get", "t", "x", "1"}, "kseek: partition: \"x\" is not a whole number from 0 to 2147483647\n"},
      {{"get", "t", "0", "-1"}, "offset: \"-1\" is not a whole number"},
      {{"get", "t", "2147483648", "1"}, "partition: \"2147483648\" is not"},
      {{"jobs", "cancel", "1.5"}, "id: \"1.5\" is not a whole number"},
      {{"reindex", "t", "--rate-limit", "nan"}, "--rate-limit: \"nan\" is not a number above 0"}};
  for (const auto& [line, said] : cases) {
    const Finished refused = kseek(line);
    EXPECT_EQ(refused.code, 2) << refused.err;
    EXPECT_THAT(refused.err, HasSubstr(said));
  }
}

TEST(CommandLine, MistypedNamesLeaveNothingBehind) {
  const TempDir dir;
  const Finished no_file = kseek({"import", "t", "-", dir.file("none"), "--data-dir", dir.file("data")}, "{}");
  EXPECT_EQ(no_file.code, 1);
  EXPECT_THAT(no_file.err, HasSubstr("nothing is loaded yet"));
  const Finished no_directory = kseek({"reindex", "t", "--data-dir", dir.file("data")});
  EXPECT_EQ(no_directory.code, 1);
  EXPECT_THAT(no_directory.err, HasSubstr("there is no data directory " + dir.file("data")));
  EXPECT_FALSE(std::filesystem::exists(dir.file("data")));
}

TEST(CommandLine, HelpHasExamples) {
  for (const char* command :
       {"demo",  "serve",        "broker",    "open",   "close",    "topics", "details", "progress",
        "pause", "resume",       "search",    "get",    "messages", "send",   "import",  "reindex",
        "jobs",  "dead-letters", "retention", "groups", "config",   "man"}) {
    const Finished help = kseek({command, "--help"});
    EXPECT_EQ(help.code, 0) << command;
    EXPECT_THAT(help.out, HasSubstr(std::string("Examples:\n  k"))) << command;
  }
  EXPECT_THAT(kseek({"--version"}).out, HasSubstr("kseek 0."));
}

TEST(CommandLine, BareNumbersThatAreTimesOf1970AreSaid) {
  for (const std::vector<std::string>& line : {std::vector<std::string>{"open", "t", "--from", "5"},
                                               {"reindex", "t", "--source", "kafka", "--from", "5"},
                                               {"search", "t", "x", "--time", "5.."},
                                               {"messages", "t", "--at", "5"}}) {
    std::vector<std::string> asked = line;
    asked.insert(asked.end(), {"--server", "http://127.0.0.1:9"});
    EXPECT_THAT(kseek(asked).err, HasSubstr(": 5 was read as milliseconds since 1970, which is 1970-01-01")) << line[0];
  }
}

TEST(CommandLine, NoServerThere) {
  const Finished refused = kseek({"search", "t", "x", "--server", "http://127.0.0.1:9"});
  EXPECT_EQ(refused.code, 1);
  EXPECT_THAT(refused.err, HasSubstr("kseek serve"));
}

TEST(CommandLine, ConfigurationErrorsSayTheLine) {
  const TempDir dir;
  const std::vector<std::pair<std::string, std::string>> cases{
      {"[server]\nlisten = 7\n", "line 2: [server] listen: expected a text"},
      {"[server]\nlissen = \"x\"\n", "line 2: [server] has no setting \"lissen\""},
      {"\n\n[sever]\n", "line 3: unknown \"sever\""},
      {"[sever]\n", ", redact\n"},
      {"[server]\nmax_connections = 0\n", "line 2"},
      {"[store]\nblock_max_messages = 1.5\n", "a whole number"},
      {"[indexer]\nseal_after = 5\n", "a span of time as text"},
      {"[indexer]\nseal_after = \"5 parsecs\"\n", "line 2"},
      {"[kafka]\n\"client.id\" = [1]\n", "line 2"},
      {"[server\n", "line 1"},
      {"[server]\n[server]\nlisten = \":1\"\n", "has this table already"},
      {"server = 1\n", "must be a table"}};
  for (const auto& [content, said] : cases) {
    write_file(dir.file("kseek.toml"), content);
    const Finished refused = kseek({"serve", "--data-dir", dir.file("data"), "--config", dir.file("kseek.toml")});
    EXPECT_EQ(refused.code, 2) << content << refused.err;
    EXPECT_THAT(refused.err, HasSubstr(said)) << content;
  }
  const Finished missing = kseek({"serve", "--data-dir", dir.file("data"), "--config", dir.file("none.toml")});
  EXPECT_EQ(missing.code, 1);
  EXPECT_FALSE(std::filesystem::exists(dir.file("data")));
}

TEST(CommandLine, ConfigurationIsUsed) {
  const TempDir dir;
  write_file(dir.file("kseek.toml"),
             "[server]\nlisten = \"127.0.0.1:0\"\nidle_timeout = \"5s\"\n[store]\ndata_dir = \"" + dir.file("data") +
                 "\"\n[kafka]\n\"client.id\" = \"me\"\n");
  Process server(kseek_arguments({"serve", "--config", dir.file("kseek.toml")}));
  const auto url = server.read_line();
  ASSERT_TRUE(url) << server.errors();
  EXPECT_EQ(http(*url, "GET", "/healthz").status, 200);
  EXPECT_TRUE(std::filesystem::exists(dir.file("data")));
  write_file(dir.file("kseek.toml"), "[kafka]\n\"no.such.property\" = \"1\"\n");
  const Finished refused = kseek({"serve", "--data-dir", dir.file("other"), "--brokers", "127.0.0.1:9", "--config",
                                  dir.file("kseek.toml"), "--listen", "127.0.0.1:0"});
  EXPECT_EQ(refused.code, 2);
  EXPECT_THAT(refused.err, HasSubstr("line 2"));
  EXPECT_THAT(refused.err, HasSubstr("no.such.property"));
}

TEST(CommandLine, PrintsItsSettings) {
  const Finished all = kseek({"config"});
  EXPECT_EQ(all.code, 0);
  EXPECT_THAT(all.out, HasSubstr("#listen = \"127.0.0.1:7420\""));
  const TempDir dir;
  write_file(dir.file("kseek.toml"), "[server]\nmax_connections = 7\n");
  auto arguments = kseek_arguments({"config", "--effective", "--config", dir.file("kseek.toml"), "--json"});
  arguments.insert(arguments.begin(), {"env", "KSEEK_SERVER_IDLE_TIMEOUT=7s"});
  const Finished used = run(arguments);
  ASSERT_EQ(used.code, 0) << used.err;
  const Json json = Json::parse(used.out);
  const auto setting = [&json](const std::string& key) {
    for (const Json& one : json["settings"]) {
      if (one["key"] == key) return one;
    }
    return Json();
  };
  EXPECT_EQ(setting("max_connections")["value"], "7");
  EXPECT_EQ(setting("max_connections")["set_by"], dir.file("kseek.toml") + ", line 2");
  EXPECT_EQ(setting("idle_timeout")["value"], "\"7s\"");
  EXPECT_EQ(setting("idle_timeout")["set_by"], "KSEEK_SERVER_IDLE_TIMEOUT");
  EXPECT_EQ(setting("data_dir")["set_by"], "default");
}

/// A dump as kcat -J writes it, loaded and searched without any server.
TEST(CommandLine, ImportsADumpAndSearchesIt) {
  const TempDir dir;
  Process broker(kseek_arguments({"broker", "--topic", "orders:2"}));
  const std::string address = broker.read_line().value_or("");
  std::string lines;
  for (int i = 0; i < 500; ++i) lines += "order-" + std::to_string(i) + "=value number " + std::to_string(i) + "\n";
  ASSERT_EQ(run({"kcat", "-P", "-b", address, "-t", "orders", "-p", "1", "-K", "="}, lines).code, 0);
  const Finished dump = run({"kcat", "-C", "-b", address, "-t", "orders", "-e", "-J", "-q"});
  ASSERT_EQ(dump.code, 0) << dump.err;
  write_file(dir.file("orders.json"), dump.out);

  const Finished imported = kseek({"import", "orders", dir.file("orders.json"), "--data-dir", dir.file("data")});
  ASSERT_EQ(imported.code, 0) << imported.err;
  EXPECT_THAT(imported.out, HasSubstr("500 messages imported"));
  const Finished again = kseek({"import", "orders", dir.file("orders.json"), "--data-dir", dir.file("data")});
  EXPECT_THAT(again.out, HasSubstr("0 messages imported"));

  const Finished found = kseek({"search", "orders", "--key", "order-42?", "--data-dir", dir.file("data"), "--json"});
  ASSERT_EQ(found.code, 0) << found.err;
  const Json answer = Json::parse(found.out);
  ASSERT_EQ(answer["hits"].size(), 10U);
  for (int i = 0; i < 10; ++i) EXPECT_EQ(answer["hits"][static_cast<size_t>(i)]["offset"], 429 - i);
  EXPECT_EQ(kseek({"get", "orders", "1", "7", "--value", "--data-dir", dir.file("data")}).out, "value number 7");
  EXPECT_EQ(kseek({"get", "orders", "1", "500", "--data-dir", dir.file("data")}).code, 1);
  const Finished from =
      kseek({"messages", "orders", "--partition", "1", "--offset", "495", "--data-dir", dir.file("data"), "--json"});
  ASSERT_EQ(from.code, 0) << from.err;
  EXPECT_EQ(Json::parse(from.out)["messages"].size(), 5U);
  EXPECT_EQ(Json::parse(from.out)["next_offset"], 500);
  EXPECT_EQ(kseek({"messages", "orders", "--offset", "1", "--data-dir", dir.file("data")}).code, 2);
  const Finished broken = kseek({"import", "other", "-", "--data-dir", dir.file("data")}, "{\"partition\":0\n");
  EXPECT_EQ(broken.code, 1);
  EXPECT_THAT(broken.err, HasSubstr("line 1"));
}

TEST(CommandLine, DeadLettersOfAnImport) {
  const TempDir dir;
  std::string dump;
  for (int offset = 0; offset < 3; ++offset) {
    dump += R"({"topic":"t","partition":1,"offset":)" + std::to_string(offset) + R"(,"payload":"head of it)" +
            std::string(10 * 1024 * 1024, '.') + "\"}\n";
  }
  write_file(dir.file("dump"), dump);
  const Finished imported = kseek({"import", "q", dir.file("dump"), "--data-dir", dir.file("data")});
  EXPECT_THAT(imported.out, HasSubstr("3 dead letters")) << imported.err;
  const auto listed = [&](std::vector<std::string> more) {
    std::vector<std::string> arguments{"dead-letters", "q", "--data-dir", dir.file("data")};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return kseek(arguments);
  };
  EXPECT_THAT(listed({}).out, HasSubstr("head of it"));
  const Json page = Json::parse(listed({"--limit", "2", "--json"}).out);
  ASSERT_EQ(page["dead_letters"].size(), 2U);
  EXPECT_EQ(page["dead_letters"][0]["offset"], 2);
  EXPECT_EQ(page["dead_letters"][0]["reason"], "too_large");
  const Json rest = Json::parse(listed({"--before", page["next"], "--json"}).out);
  ASSERT_EQ(rest["dead_letters"].size(), 1U);
  EXPECT_EQ(rest["dead_letters"][0]["offset"], 0);
  EXPECT_EQ(rest["next"], nullptr);
  EXPECT_EQ(listed({"--before", "x"}).code, 2);
  const Finished missing = kseek({"dead-letters", "none", "--data-dir", dir.file("data")});
  EXPECT_EQ(missing.code, 1);
  EXPECT_THAT(missing.err, HasSubstr("has no topic \"none\""));
}

/// The newer dump first: the older one can't be loaded behind it, and that is said.
TEST(CommandLine, AnImportInTheWrongOrderFails) {
  const TempDir dir;
  const auto dump = [](int offset) {
    return R"({"topic":"t","partition":0,"offset":)" + std::to_string(offset) +
           R"(,"ts":1000,"payload":"wanted"})"
           "\n";
  };
  write_file(dir.file("new"), dump(99) + dump(100));
  write_file(dir.file("old"), dump(100) + dump(50));
  const Finished failed = kseek({"import", "q", dir.file("new"), dir.file("old"), "--data-dir", dir.file("data")});
  EXPECT_EQ(failed.code, 1);
  EXPECT_THAT(failed.err, HasSubstr(dir.file("old") + ", line 2: partition 0, offset 50 is not there"));
  EXPECT_THAT(failed.err, HasSubstr("give older dumps first"));
  EXPECT_THAT(kseek({"search", "q", "wanted", "--data-dir", dir.file("data")}).out, HasSubstr("2 hits"));
  const Finished one = kseek({"import", "q", "-", "--data-dir", dir.file("data")}, dump(100) + dump(101));
  EXPECT_THAT(one.out, HasSubstr("1 message imported (6 bytes), 1 there already, 0 dead letters"));
  const Finished other =
      kseek({"import", "q", "-", "--data-dir", dir.file("data")}, R"({"order_id":1,"event":"paid"})");
  EXPECT_EQ(other.code, 1);
  EXPECT_THAT(other.err, HasSubstr("standard input, line 1: a message as `kcat -J` writes it was expected"));
}

}  // namespace
}  // namespace kseek::testing
