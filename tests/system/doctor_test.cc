// kseek doctor: what it says of a machine that is well, and of what is wrong.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/system/system.h"

namespace kseek::testing {
namespace {

using ::testing::HasSubstr;

/// The findings on a subject, as "health: text".
std::string said(const Json& report, const std::string& subject) {
  std::string all;
  for (const Json& finding : report["findings"]) {
    if (finding["subject"] != subject) continue;
    all += finding["health"].get<std::string>() + ": " + finding["text"].get<std::string>() + "\n";
    if (finding["health"] == "ok") continue;
    EXPECT_TRUE(finding["advice"].is_string()) << "no advice: " << finding;
  }
  return all;
}

Json report_of(const Finished& finished) {
  const Json report = Json::parse(finished.out, nullptr, false);
  EXPECT_TRUE(report.is_object()) << finished.out << finished.err;
  return report;
}

TEST(Doctor, FindsAllWell) {
  const TempDir dir;
  Process broker(kseek_arguments({"broker", "--topic", "orders:3"}));
  const std::string address = broker.read_line().value_or("");
  const std::vector<std::string> arguments{"doctor",   "--brokers",   address,   "--data-dir", dir.file("data"),
                                           "--listen", "127.0.0.1:0", "--topic", "orders"};
  const Finished text = kseek(arguments);
  EXPECT_EQ(text.code, 0) << text.out << text.err;
  EXPECT_THAT(text.out, HasSubstr(", 0 wrong\n"));
  EXPECT_EQ(text.err, "") << "the Kafka client complains of how it is used";
  auto with_json = arguments;
  with_json.emplace_back("--json");
  const Json report = report_of(kseek(with_json));
  EXPECT_EQ(report["ok"], true);
  EXPECT_EQ(said(report, "topic orders"), std::string("ok: 3 partitions, can be read\n"))
      << "no more than that: the test broker has no settings";
  EXPECT_THAT(said(report, "brokers"), HasSubstr("ok: 1 broker answers: kseek's own, in memory"));
  EXPECT_THAT(said(report, "data directory"), HasSubstr("will be made in"));
  EXPECT_FALSE(std::filesystem::exists(dir.file("data"))) << "it only looks";
}

TEST(Doctor, SaysWhatIsWrong) {
  const TempDir dir;
  write_file(dir.file("file"), "x");
  const Finished wrong = kseek({"doctor", "--data-dir", dir.file("file"), "--listen", "nonsense", "--json"});
  EXPECT_EQ(wrong.code, 1);
  const Json report = report_of(wrong);
  EXPECT_EQ(report["ok"], false);
  EXPECT_THAT(said(report, "data directory"), HasSubstr("fail: "));
  EXPECT_THAT(said(report, "port"), HasSubstr("fail: "));

  write_file(dir.file("kseek.toml"), "[server]\nlissen = 1\n");
  const Finished invalid = kseek({"doctor", "--config", dir.file("kseek.toml")});
  EXPECT_EQ(invalid.code, 1);
  EXPECT_THAT(invalid.out, HasSubstr("line 2"));
}

TEST(Doctor, SaysThatNoBrokerAnswers) {
  const TempDir dir;
  const Finished away = kseek(
      {"doctor", "--brokers", "127.0.0.1:9", "--data-dir", dir.file("data"), "--listen", "127.0.0.1:0", "--json"});
  EXPECT_EQ(away.code, 1);
  EXPECT_THAT(said(report_of(away), "brokers"), HasSubstr("fail: no answer from Kafka at 127.0.0.1:9"));
}

TEST(Doctor, KnowsWhoHoldsTheDirectoryAndThePort) {
  const TempDir dir;
  ServerProcess server(dir.file("data"), "");
  ASSERT_TRUE(server.ready()) << server.process().errors();
  const std::string address = server.url().substr(std::string("http://").size());
  const Json report = report_of(kseek({"doctor", "--data-dir", dir.file("data"), "--listen", address, "--json"}));
  EXPECT_THAT(said(report, "lock"), HasSubstr("warn: process "));
  EXPECT_THAT(said(report, "port"), HasSubstr("warn: " + address + " is taken by a server that answers as kseek does"));
  EXPECT_THAT(said(report, "brokers"), HasSubstr("warn: none are named"));
  EXPECT_THAT(said(report, "content"), HasSubstr("ok: 0 topics"));
  EXPECT_EQ(server.get("/healthz").status, 200) << "it goes on";
}

}  // namespace
}  // namespace kseek::testing
