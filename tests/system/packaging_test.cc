// What is packaged: the Debian package is built, taken apart and its program run; the unit, the dashboard and the
// alerts are compared with what the program really does.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <iterator>
#include <regex>
#include <set>
#include <sstream>

#include "tests/source_dir.h"
#include "tests/system/system.h"

namespace kseek::testing {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;
using ::testing::Not;

std::string content_of(const fs::path& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

fs::path packaging() { return fs::path(source_dir()) / "packaging"; }

/// What `pattern` finds in `text`: its first group.
std::vector<std::string> all_in(const std::string& text, const std::string& pattern) {
  std::vector<std::string> found;
  const std::regex expression(pattern);
  for (std::sregex_iterator it(text.begin(), text.end(), expression), end; it != end; ++it) found.push_back((*it)[1]);
  return found;
}

std::string one_in(const std::string& text, const std::string& pattern) {
  const auto found = all_in(text, pattern);
  EXPECT_EQ(found.size(), 1U) << pattern;
  return found.empty() ? "" : found.front();
}

bool has_program(const char* name) { return run({"sh", "-c", std::string("command -v ") + name}).code == 0; }

TEST(Packaging, DashboardAndAlertsNameMetricsThatExist) {
  const TempDir dir;
  Process broker(kseek_arguments({"broker", "--topic", "orders:1"}));
  ServerProcess server(dir.file("data"), broker.read_line().value_or(""));
  ASSERT_TRUE(server.ready()) << server.process().errors();
  ASSERT_EQ(server.call("POST", "/api/v1/topics", R"({"topic":"orders"})").status, 201);
  ASSERT_EQ(server.get("/api/v1/search?topic=orders&q=x").status, 200);
  std::set<std::string> there;
  const std::string metrics = server.get("/metrics").body;
  const std::regex sample("(^|\n)([a-z_]+)[{ ]");
  for (std::sregex_iterator it(metrics.begin(), metrics.end(), sample), end; it != end; ++it) there.insert((*it)[2]);
  ASSERT_TRUE(there.contains("kseek_search_seconds_bucket")) << metrics;
  there.insert("kseek_tls_certificate_seconds_left");  // with TLS only: security_test.cc
  for (const char* file : {"grafana/kseek.json", "prometheus/alerts.yml"}) {
    const std::string text = content_of(packaging() / file);
    const std::regex name(R"(\b(kseek|process)_[a-z]+(_[a-z]+)*\b)");
    size_t count = 0;
    for (std::sregex_iterator it(text.begin(), text.end(), name), end; it != end; ++it, ++count) {
      EXPECT_TRUE(there.contains(it->str())) << file << " names " << it->str();
    }
    EXPECT_GT(count, 5U) << file;
  }
}

/// Of what docs/metrics.md names, which a test of the server compares with /metrics.
TEST(Packaging, DashboardShowsEveryMetric) {
  const std::string dashboard = content_of(packaging() / "grafana/kseek.json");
  std::istringstream lines(content_of(fs::path(source_dir()) / "docs/metrics.md"));
  const std::regex name("`(kseek_[a-z_]+)`");
  size_t count = 0;
  for (std::string line; std::getline(lines, line);) {
    if (!line.starts_with("|")) continue;
    for (std::sregex_iterator it(line.begin(), line.end(), name), end; it != end; ++it, ++count) {
      EXPECT_TRUE(std::regex_search(dashboard, std::regex((*it)[1].str() + "(_bucket)?\\b"))) << (*it)[1];
    }
  }
  EXPECT_GT(count, 25U);
}

TEST(Packaging, DashboardIsADashboard) {
  const Json dashboard = Json::parse(content_of(packaging() / "grafana/kseek.json"), nullptr, false);
  ASSERT_TRUE(dashboard.is_object());
  EXPECT_EQ(dashboard["uid"], "kseek");
  std::set<int> ids;
  for (const Json& panel : dashboard["panels"]) {
    EXPECT_TRUE(ids.insert(panel["id"].get<int>()).second);
    EXPECT_FALSE(panel["targets"].empty()) << panel["title"];
  }
}

/// Nothing builds the image in a test: it would take a registry. But it can't name what is not there.
TEST(Packaging, ContainersNameWhatThereIs) {
  const fs::path root = source_dir();
  const std::string image = content_of(packaging() / "docker/Dockerfile");
  const std::string compose = content_of(packaging() / "compose.yaml");
  std::set<std::string> variables;
  const Json settings = Json::parse(kseek({"config", "--json"}).out, nullptr, false);
  for (const Json& setting : settings["settings"]) variables.insert(setting["variable"].get<std::string>());
  for (const std::string& named : all_in(image + compose, "(KSEEK_[A-Z_]+)[=:]")) {
    EXPECT_TRUE(variables.contains(named)) << named << " is no setting";
  }
  EXPECT_TRUE(fs::exists(root / one_in(image, "COPY (scripts/[^ ]+)")));
  EXPECT_EQ(one_in(image, R"(RUN \./(\S+) --build)"), one_in(image, "COPY (scripts/[^ ]+)"));
  for (const std::string& from : all_in(image, "FROM (\\S+)")) EXPECT_THAT(from, ::testing::StartsWith("debian:12"));
  EXPECT_THAT(content_of(root / "CMakePresets.json"),
              HasSubstr("\"name\": \"" + one_in(image, "cmake --preset (\\w+)") + "\""));
  for (const std::string& command : all_in(image, R"-(CMD \[(?:"kseek", )?"(\w+)"\])-")) {
    EXPECT_EQ(kseek({command, "--help"}).code, 0) << command;
  }
  // One port and one data directory, in all places that name them.
  const std::string port = one_in(image, "EXPOSE (\\d+)");
  EXPECT_EQ(one_in(image, R"(KSEEK_SERVER_LISTEN=\S+:(\d+))"), port);
  EXPECT_EQ(one_in(compose, R"(127\.0\.0\.1:\d+:(\d+))"), port);
  const std::string volume = one_in(image, "VOLUME (\\S+)");
  EXPECT_EQ(one_in(image, R"(KSEEK_STORE_DATA_DIR=(\S+))"), volume);
  EXPECT_EQ(one_in(compose, R"(- kseek:(\S+))"), volume);
  EXPECT_EQ(one_in(compose, R"(- kafka:(\S+))"), one_in(compose, R"(KAFKA_LOG_DIRS: (\S+))")) << "its data is lost";
  EXPECT_TRUE(fs::exists(packaging() / one_in(compose, R"(context: (\S+))") / one_in(compose, R"(dockerfile: (\S+))")));
  EXPECT_GT(std::stoi(one_in(compose, R"(stop_grace_period: (\d+)s)")), 30) << "docs/operating.md: it ends within 30 s";
  if (!has_program("docker-compose")) return;
  const Finished read = run({"docker-compose", "-f", (packaging() / "compose.yaml").string(), "config", "-q"});
  EXPECT_EQ(read.code, 0) << read.err;
}

/// The package of this build's program, unpacked.
class DebianPackage : public ::testing::Test {
 protected:
  void SetUp() override {
    if (KSEEK_SANITIZED) GTEST_SKIP() << "packages are of programs without sanitizers";
    if (!has_program("dpkg-deb") || !has_program("dpkg-shlibdeps")) GTEST_SKIP() << "no dpkg here";
    const std::string config = std::string(binary_dir()) + "/CPackConfig.cmake";
    const Finished packed = run({"cpack", "-G", "DEB", "--config", config, "-B", dir_.file("packages")});
    ASSERT_EQ(packed.code, 0) << packed.out << packed.err;
    for (const auto& entry : fs::directory_iterator(dir_.file("packages"))) {
      const std::string name = entry.path().filename().string();
      if (entry.path().extension() != ".deb") continue;
      packages_.insert(name.substr(0, name.find('_')));
      if (name.starts_with("kseek_")) package_ = entry.path();
    }
    ASSERT_FALSE(package_.empty());
    ASSERT_EQ(run({"dpkg-deb", "-x", package_, root()}).code, 0);
    ASSERT_EQ(run({"dpkg-deb", "-e", package_, dir_.file("control")}).code, 0);
  }
  [[nodiscard]] std::string root() const { return dir_.file("root"); }
  void holds_what_it_should() const;
  void serves_with_its_configuration() const;
  void has_a_unit_that_systemd_understands() const;
  void has_a_manual_page() const;

  const TempDir dir_;
  std::set<std::string> packages_;
  std::string package_;
};

void DebianPackage::holds_what_it_should() const {
  EXPECT_EQ(packages_, (std::set<std::string>{"kseek", "libkseek0.1", "libkseek-dev"}));
  const fs::path root = this->root();
  for (const char* file :
       {"etc/kseek/kseek.toml", "usr/lib/systemd/system/kseek.service", "usr/share/doc/kseek/README.md",
        "usr/share/doc/kseek/copyright", "usr/share/doc/kseek/docs/operating.md",
        "usr/share/doc/kseek/grafana/kseek.json", "usr/share/bash-completion/completions/kseek",
        "usr/share/man/man1/kseek.1.gz", "usr/share/zsh/vendor-completions/_kseek",
        "usr/share/fish/vendor_completions.d/kseek.fish"}) {
    EXPECT_TRUE(fs::is_regular_file(root / file)) << file;
  }
  EXPECT_FALSE(fs::exists(root / "usr/etc"));
  EXPECT_FALSE(fs::exists(root / "usr/include")) << "belongs to libkseek-dev";
  EXPECT_EQ(content_of(dir_.file("control/conffiles")), "/etc/kseek/kseek.toml\n");
  EXPECT_THAT(content_of(dir_.file("control/control")), HasSubstr("librdkafka1"));
  for (const char* script : {"postinst", "prerm", "postrm"}) {
    const std::string path = dir_.file(std::string("control/") + script);
    EXPECT_EQ(run({"sh", "-n", path}).code, 0) << script;
    EXPECT_NE(fs::status(path).permissions() & fs::perms::owner_exec, fs::perms::none) << script;
  }
}

void DebianPackage::serves_with_its_configuration() const {
  const std::string program = root() + "/usr/bin/kseek";
  EXPECT_THAT(run({program, "--version"}).out, HasSubstr("kseek 0."));
  const std::string config = root() + "/etc/kseek/kseek.toml";
  EXPECT_THAT(run({program, "config", "--effective", "--config", config}).out,
              HasSubstr("data_dir = \"/var/lib/kseek\""));
  Process server({program, "serve", "--config", config, "--data-dir", dir_.file("data"), "--listen", "127.0.0.1:0"});
  const auto url = server.read_line();
  ASSERT_TRUE(url) << server.errors();
  EXPECT_EQ(http(*url, "GET", "/healthz").status, 200);
  server.signal(SIGTERM);
  EXPECT_EQ(server.wait(), 0);
}

void DebianPackage::has_a_unit_that_systemd_understands() const {
  const std::string unit = content_of(root() + "/usr/lib/systemd/system/kseek.service");
  EXPECT_THAT(unit, HasSubstr("ExecStart=/usr/bin/kseek serve --config /etc/kseek/kseek.toml\n"));
  if (!has_program("systemd-analyze")) return;
  // It looks for the program at its path: the one in the package stands in for it.
  const std::string here = std::regex_replace(unit, std::regex("/usr/bin/kseek"), root() + "/usr/bin/kseek");
  write_file(dir_.file("kseek.service"), here);
  const Finished verified = run({"systemd-analyze", "verify", "--man=no", dir_.file("kseek.service")});
  EXPECT_EQ(verified.code, 0) << verified.err;
  EXPECT_THAT(verified.err, Not(HasSubstr("kseek.service"))) << "it complains of something in the unit";
}

void DebianPackage::has_a_manual_page() const {
  const std::string page = root() + "/usr/share/man/man1/kseek.1.gz";
  const Finished text = run({"gzip", "-dc", page});
  EXPECT_EQ(text.out, kseek({"man"}).out);
  for (const char* said : {".SS kseek search [OPTIONS] topics [query]", ".SS kseek token add [OPTIONS] name",
                           "fB\\-\\-explain", "fBmax_searches", "KSEEK_TOKEN_FILE"}) {
    EXPECT_THAT(text.out, HasSubstr(said));
  }
  if (has_program("lexgrog")) {
    const Finished named = run({"lexgrog", page});
    EXPECT_EQ(named.code, 0) << named.out << named.err;
    EXPECT_THAT(named.out, HasSubstr("kseek - finds any message in Kafka"));
  }
  if (!has_program("groff")) return;
  const Finished set = run({"groff", "-man", "-Kutf8", "-Tutf8", "-ww"}, text.out);
  EXPECT_EQ(set.code, 0);
  EXPECT_EQ(set.err, "") << "warnings";
  EXPECT_THAT(set.out, HasSubstr("order-1042700"));
}

/// One test, because packing takes most of the time.
TEST_F(DebianPackage, HoldsServesAndIsUnderstood) {
  holds_what_it_should();
  serves_with_its_configuration();
  has_a_unit_that_systemd_understands();
  has_a_manual_page();
}

}  // namespace
}  // namespace kseek::testing
