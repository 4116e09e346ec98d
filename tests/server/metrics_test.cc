// /metrics: a text that Prometheus reads, its names those of docs/metrics.md, its figures those of what was done.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <map>
#include <regex>
#include <set>
#include <sstream>

#include "tests/server/world.h"
#include "tests/source_dir.h"

namespace kseek::testing {
namespace {

using ::testing::Contains;
using ::testing::Ge;
using ::testing::HasSubstr;
using ::testing::IsSupersetOf;
using ::testing::Pair;

/// The samples of a text in Prometheus' format: "name{labels}" to value. A line that is neither fails the test.
std::map<std::string, double> parse_samples(const std::string& text) {
  static const std::regex sample(R"(([a-z_]+(?:\{.*\})?) ([-+0-9.e]+|NaN|[+-]Inf))");
  std::map<std::string, double> samples;
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    if (line.starts_with("# HELP ") || line.starts_with("# TYPE ")) continue;
    std::smatch parts;
    if (std::regex_match(line, parts, sample)) {
      samples[parts[1]] = std::stod(parts[2]);
    } else {
      ADD_FAILURE() << "not a line of Prometheus' format: " << line;
    }
  }
  return samples;
}

/// What "# TYPE name …" lines name.
std::set<std::string> families(const std::string& text) {
  static const std::regex type("# TYPE ([a-z_]+) ");
  std::set<std::string> names;
  for (std::sregex_iterator it(text.begin(), text.end(), type), end; it != end; ++it) names.insert((*it)[1]);
  return names;
}

std::set<std::string> documented_names() {
  std::ifstream file(std::string(source_dir()) + "/docs/metrics.md");
  static const std::regex name("`((?:kseek|process)_[a-z_]+)`");
  std::set<std::string> names;
  for (std::string line; std::getline(file, line);) {
    if (!line.starts_with("|")) continue;
    for (std::sregex_iterator it(line.begin(), line.end(), name), end; it != end; ++it) names.insert((*it)[1]);
  }
  return names;
}

TEST(Metrics, CountWhatWasDone) {
  World world;
  world.open("orders", 2);
  world.send({"orders", PartitionId{0}, "k", "a needle", {}, {}});
  world.send({"orders", PartitionId{1}, "k", "a needle, and more", {}, {}});
  EXPECT_NE(world.get("/api/v1/search?topic=orders&q=needle").status, 500);
  EXPECT_NE(world.get("/api/v1/search?topic=orders&q=%22").status, 500);
  EXPECT_NE(world.get("/api/v1/search?topic=none&q=a").status, 500);
  EXPECT_NE(world.get("/some/where/else").status, 500);
  const RawAnswer answer = world.get("/metrics");
  ASSERT_EQ(answer.status, 200);
  EXPECT_THAT(answer.headers.at("content-type"), HasSubstr("text/plain"));
  const auto samples = parse_samples(answer.body);
  EXPECT_THAT(samples, Contains(Pair(R"(kseek_topic_state{topic="orders",state="running"})", 1)));
  EXPECT_THAT(samples, Contains(Pair(R"(kseek_topic_messages{topic="orders"})", 2)));
  EXPECT_THAT(samples, Contains(Pair(R"(kseek_topic_messages_taken_total{topic="orders"})", 2)));
  EXPECT_THAT(samples, Contains(Pair(R"(kseek_topic_bytes_taken_total{topic="orders"})", 2 + 8 + 18)));
  EXPECT_THAT(samples, Contains(Pair(R"(kseek_topic_lag_messages{topic="orders"})", 0)));
  EXPECT_THAT(samples, Contains(Pair(R"(kseek_searches_total{outcome="invalid"})", 1)));
  EXPECT_THAT(samples, Contains(Pair(R"(kseek_searches_total{outcome="not_found"})", 1)));
  EXPECT_THAT(samples, Contains(Pair(R"(kseek_searches_total{outcome="complete"})", Ge(1))));
  EXPECT_THAT(samples, Contains(Pair("kseek_search_hits_total", Ge(2))));
  EXPECT_THAT(samples, Contains(Pair(R"(kseek_http_requests_total{method="other",route="none",status="404"})", 1)));
  EXPECT_THAT(samples, Contains(Pair("process_resident_memory_bytes", Ge(1e6))));
  EXPECT_THAT(samples, Contains(Pair("process_threads", Ge(3))));
  EXPECT_THAT(samples, Contains(Pair("process_start_time_seconds", Ge(1.6e9))));
}

TEST(Metrics, EveryNameIsDocumented) {
  World world;
  world.open("orders", 1);
  world.send({"orders", PartitionId{0}, "k", "v", {}, {}});
  EXPECT_NE(world.get("/api/v1/search?topic=orders").status, 500);
  auto there = families(world.get("/metrics").body);
  there.insert("kseek_tls_certificate_seconds_left");  // with TLS only: tests/system/security_test.cc
  EXPECT_EQ(there, documented_names());
}

TEST(Metrics, AlertsSpeakOfNamesThatAreThere) {
  std::ifstream file(std::string(source_dir()) + "/packaging/prometheus/alerts.yml");
  const std::string text((std::istreambuf_iterator<char>(file)), {});
  static const std::regex name("(?:kseek|process)_[a-z_]+");
  std::set<std::string> used;
  for (std::sregex_iterator it(text.begin(), text.end(), name), end; it != end; ++it) used.insert(it->str());
  EXPECT_FALSE(used.empty());
  EXPECT_THAT(documented_names(), IsSupersetOf(used));
}

}  // namespace
}  // namespace kseek::testing
