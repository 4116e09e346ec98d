// Settings: every one documented, with the default that the code has; files, environment and their precedence.
#include "cli/settings.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <map>
#include <set>
#include <sstream>

#include "cli/config_text.h"
#include "cli/serve_config.h"
#include "tests/server/temp_dir.h"
#include "tests/source_dir.h"

namespace kseek::cli {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

std::string content_of(const std::filesystem::path& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

/// The rows of docs/configuration.md below "## [table]", by key.
std::map<std::string, std::string> documented(const std::string& document, const std::string& table) {
  std::map<std::string, std::string> rows;
  std::istringstream lines(document);
  bool inside = false;
  for (std::string line; std::getline(lines, line);) {
    if (line.starts_with("## ")) inside = line == "## [" + table + "]";
    if (!inside || !line.starts_with("| `")) continue;
    rows[line.substr(3, line.find('`', 3) - 3)] = line;
  }
  return rows;
}

TEST(Settings, DocumentSaysWhatTheCodeHas) {
  const std::string document = content_of(std::filesystem::path(source_dir()) / "docs/configuration.md");
  ServeConfig defaults;
  std::map<std::string, size_t> counts;
  for (const Setting& setting : settings_of(defaults)) {
    const std::string row =
        fmt::format("| `{}` | `{}` | {} | {} |", setting.key, setting.shown(), setting.unit, setting.meaning);
    const auto rows = documented(document, setting.table);
    ASSERT_TRUE(rows.contains(setting.key)) << "docs/configuration.md lacks, below ## [" << setting.table << "]:\n"
                                            << row;
    EXPECT_EQ(rows.at(setting.key), row);
    ++counts[setting.table];
  }
  for (const auto& [table, count] : counts) {
    EXPECT_EQ(documented(document, table).size(), count) << "docs/configuration.md has rows that are no settings";
  }
}

TEST(Settings, AreComplete) {
  ServeConfig defaults;
  std::set<std::string> variables;
  for (const Setting& setting : settings_of(defaults)) {
    EXPECT_NE(setting.unit, "") << setting.name();
    EXPECT_GT(setting.meaning.size(), 10U) << setting.name();
    EXPECT_TRUE(variables.insert(setting.variable()).second) << setting.variable();
  }
  EXPECT_TRUE(variables.contains("KSEEK_STORE_DATA_DIR"));
  EXPECT_EQ(setting_tables().back().name, "kafka");
}

TEST(Settings, TheDefaultFileIsReadAndChangesNothing) {
  std::istringstream lines(default_config_text());
  std::string uncommented;
  for (std::string line; std::getline(lines, line);) {
    EXPECT_LE(line.size(), 120U) << line;
    const bool is_setting = line.size() > 1 && line[0] == '#' && line[1] >= 'a' && line[1] <= 'z';
    uncommented += (is_setting ? line.substr(1) : line) + "\n";
  }
  const testing::TempDir dir;
  std::ofstream(dir.file("kseek.toml")) << uncommented;
  ServeConfig read;
  const auto done = read_config(dir.file("kseek.toml"), read);
  ASSERT_TRUE(done) << describe(done.error());
  ServeConfig defaults;
  const auto expected = settings_of(defaults);
  const auto actual = settings_of(read);
  for (size_t i = 0; i < expected.size(); ++i) {
    EXPECT_EQ(actual[i].shown(), expected[i].shown()) << expected[i].name();
    EXPECT_TRUE(read.origins.contains(expected[i].name())) << expected[i].name();
  }
}

TEST(Settings, EnvironmentGoesOverTheFile) {
  const testing::TempDir dir;
  std::ofstream(dir.file("kseek.toml")) << "[server]\nmax_connections = 10\nidle_timeout = \"90s\"\n"
                                           "[kafka]\n\"sasl.username\" = \"file\"\n";
  ServeConfig config;
  ASSERT_TRUE(read_config(dir.file("kseek.toml"), config));
  const auto read = read_environment(
      {"KSEEK_SERVER_MAX_CONNECTIONS=20", "KSEEK_INDEXER_SEAL_AFTER=2m", "KSEEK_STORE_DATA_DIR=/data",
       "KSEEK_KAFKA_SASL_USERNAME=environment", "KSEEK_SERVER=http://x", "PATH=/bin", "KSEEK_FAULT", "KSEEK_SEED=1"},
      config);
  ASSERT_TRUE(read) << describe(read.error());
  EXPECT_EQ(config.server.max_connections, 20U);
  EXPECT_EQ(config.server.idle_timeout, std::chrono::seconds(90));
  EXPECT_EQ(config.indexer.seal_after, std::chrono::minutes(2));
  EXPECT_EQ(config.data_dir, "/data");
  EXPECT_EQ(config.indexer.kafka["sasl.username"], "environment");
  EXPECT_TRUE(config.warnings.empty()) << config.warnings.front();
  const std::string text = effective_config_text(config);
  EXPECT_THAT(text, HasSubstr("max_connections = 20"));
  EXPECT_THAT(text, HasSubstr("# KSEEK_SERVER_MAX_CONNECTIONS\n"));
  EXPECT_THAT(text, HasSubstr("kseek.toml, line 3\n"));
  EXPECT_THAT(text, HasSubstr("\"sasl.username\""));
}

TEST(Settings, ErrorsNameTheVariable) {
  for (const auto& [entry, said] : std::vector<std::pair<std::string, std::string>>{
           {"KSEEK_SERVER_MAX_CONNECTIONS=many", "KSEEK_SERVER_MAX_CONNECTIONS: expected a whole number"},
           {"KSEEK_SERVER_MAX_CONNECTIONS=0", "KSEEK_SERVER_MAX_CONNECTIONS: expected a whole number from 1"},
           {"KSEEK_INDEXER_SEAL_AFTER=5",
            "KSEEK_INDEXER_SEAL_AFTER: expected a whole number and a unit (ms, s, m, h, d or w) up to 100 years, for "
            "instance \"300s\" or \"5m\", not \"5\""},
           {"KSEEK_KAFKA_FETCH_WAIT_MAX_MS=soon",
            "KSEEK_KAFKA_FETCH_WAIT_MAX_MS: Kafka property \"fetch.wait.max.ms\""},
           {"KSEEK_KAFKA_ENABLE_AUTO_COMMIT=true", "KSEEK_KAFKA_ENABLE_AUTO_COMMIT: Kafka property"}}) {
    ServeConfig config;
    const auto read = read_environment({entry}, config);
    ASSERT_FALSE(read) << entry;
    EXPECT_EQ(read.error().code, ErrorCode::kInvalid);
    EXPECT_THAT(read.error().message, HasSubstr(said)) << entry;
  }
  ServeConfig config;
  ASSERT_TRUE(read_environment({"KSEEK_SERVER_LISSEN=x", "KSEEK_KAFKA_SERVICE_HOST=10.0.0.1"}, config));
  ASSERT_EQ(config.warnings.size(), 2U);
  EXPECT_THAT(config.warnings[0], HasSubstr("KSEEK_SERVER_LISSEN is ignored"));
  EXPECT_THAT(config.warnings[1], HasSubstr("KSEEK_KAFKA_SERVICE_HOST is ignored"));
}

TEST(Settings, SecretsAreNotShown) {
  ServeConfig config;
  ASSERT_TRUE(read_environment({"KSEEK_KAFKA_SASL_PASSWORD=hunter2", "KSEEK_KAFKA_SSL_KEY_PASSWORD=hunter3"}, config));
  EXPECT_THAT(effective_config_text(config), Not(HasSubstr("hunter")));
  EXPECT_THAT(settings_json(config), Not(HasSubstr("hunter")));
  EXPECT_THAT(settings_json(config), HasSubstr("sasl.password"));
}

}  // namespace
}  // namespace kseek::cli
