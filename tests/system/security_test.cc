// The real program with tokens and TLS, used by other people's clients; and what must never be seen of its secrets.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <csignal>

#include "indexer/test_broker.h"
#include "tests/system/system.h"

namespace kseek::testing {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

std::string first_line(const std::string& text) { return text.substr(0, text.find('\n')); }

std::string make_token(const std::string& file, const std::string& name, const std::string& role,
                       const std::string& topics) {
  const Finished made = kseek({"token", "add", name, "--role", role, "--topics", topics, "--file", file});
  EXPECT_EQ(made.code, 0) << made.err;
  return first_line(made.out);
}

/// A certificate for 127.0.0.1 that signs itself, and its key.
void make_certificate(const TempDir& dir, const std::string& name, const std::string& days = "2") {
  const Finished made = run({"openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1",
                             "-nodes", "-keyout", dir.file(name + ".key"), "-out", dir.file(name + ".pem"), "-days",
                             days, "-subj", "/CN=" + name, "-addext", "subjectAltName=IP:127.0.0.1,DNS:localhost"});
  ASSERT_EQ(made.code, 0) << made.err;
}

/// What curl prints; its own error where it fails.
std::string curl(const TempDir& dir, std::vector<std::string> arguments, const std::string& authority = "one") {
  arguments.insert(arguments.begin(), {"curl", "-sS", "--max-time", "30", "--cacert", dir.file(authority + ".pem")});
  const Finished finished = run(arguments);
  return finished.code == 0 ? finished.out : finished.err;
}

Process serve(const TempDir& dir, const std::string& config) {
  write_file(dir.file("kseek.toml"), config);
  return Process(kseek_arguments(
      {"serve", "--data-dir", dir.file("data"), "--listen", "127.0.0.1:0", "--config", dir.file("kseek.toml")}));
}

std::string tls_config(const TempDir& dir, const std::string& name) {
  return "[server]\ntls_cert_file = \"" + dir.file(name + ".pem") + "\"\ntls_key_file = \"" + dir.file(name + ".key") +
         "\"\n";
}

TEST(Security, HealthNeedsNoToken) {
  const TempDir dir;
  make_token(dir.file("tokens"), "root", "operate", "*");
  Process server = serve(dir, "[server]\ntokens_file = \"" + dir.file("tokens") + "\"\n");
  const auto url = server.read_line();
  ASSERT_TRUE(url) << server.errors();
  EXPECT_EQ(kseek({"topics", "--server", *url}).code, 1);
  const Finished well = kseek({"health", "--server", *url});
  EXPECT_EQ(well.code, 0) << well.err;
  EXPECT_EQ(well.out, "{\"status\":\"ok\"}\n");
  server.signal(SIGTERM);
  EXPECT_EQ(server.wait(), 0);
  EXPECT_EQ(kseek({"health", "--server", *url}).code, 1);
}

TEST(Security, TokensOnTheCommandLine) {
  const TempDir dir;
  const std::string file = dir.file("tokens");
  const std::string alice = make_token(file, "alice", "search", "ord*");
  const std::string root = make_token(file, "root", "operate", "*");
  EXPECT_EQ(kseek({"token", "add", "alice", "--file", file}).code, 1);
  EXPECT_EQ(kseek({"token", "add", "bob", "--role", "king", "--file", file}).code, 2);
  EXPECT_EQ(kseek({"token", "add", "bob", "--topics", "a b", "--file", file}).code, 2);
  EXPECT_EQ(kseek({"token", "add", "bob"}).code, 2);
  EXPECT_EQ(kseek({"token"}).code, 2);
  EXPECT_EQ(kseek({"token", "list", "--file", dir.file("none")}).code, 1);
  EXPECT_THAT(kseek({"token", "list", "--file", file}).out, HasSubstr("alice"));
  const Json listed = Json::parse(kseek({"token", "list", "--file", file, "--json"}).out);
  EXPECT_EQ(listed["tokens"][0]["topics"], Json::array({"ord*"}));
  EXPECT_THAT(listed.dump(), Not(HasSubstr(alice)));

  Process server = serve(dir, "[server]\ntokens_file = \"" + file + "\"\n");
  const std::string url = server.read_line().value_or("");
  const Finished without = kseek({"topics", "--server", url});
  EXPECT_EQ(without.code, 1);
  EXPECT_THAT(without.err, HasSubstr("KSEEK_TOKEN"));
  const auto as = [&](const std::string& token, std::vector<std::string> arguments) {
    arguments.insert(arguments.end(), {"--server", url});
    arguments = kseek_arguments(std::move(arguments));
    arguments.insert(arguments.begin(), {"env", "KSEEK_TOKEN=" + token});
    return run(arguments);
  };
  EXPECT_EQ(as(alice, {"topics"}).code, 0);
  EXPECT_EQ(as(alice, {"open", "orders"}).code, 1);
  EXPECT_EQ(as("kseek_wrong", {"topics"}).code, 1);
  write_file(dir.file("mine"), root + "\n");
  EXPECT_EQ(kseek({"topics", "--server", url, "--token-file", dir.file("mine")}).code, 0);
  EXPECT_EQ(kseek({"topics", "--server", url, "--token", root}).code, 0);
  EXPECT_EQ(kseek({"topics", "--server", url, "--token-file", dir.file("none")}).code, 1);
  ASSERT_EQ(kseek({"token", "remove", "alice", "--file", file}).code, 0);
  EXPECT_TRUE(eventually([&] { return as(alice, {"topics"}).code == 1; }));
  EXPECT_EQ(as(root, {"topics"}).code, 0);
  EXPECT_EQ(kseek({"token", "remove", "alice", "--file", file}).code, 1);
}

TEST(Security, TlsWithAReloadedCertificate) {
  const TempDir dir;
  make_certificate(dir, "one");
  make_certificate(dir, "two", "30");
  Process server = serve(dir, tls_config(dir, "one"));
  const std::string url = server.read_line().value_or("");
  ASSERT_TRUE(url.starts_with("https://127.0.0.1:")) << url << server.errors();
  EXPECT_THAT(curl(dir, {url + "/healthz"}), HasSubstr("ok"));
  EXPECT_THAT(curl(dir, {"--tls-max", "1.2", url + "/healthz"}), HasSubstr("ok"));
  EXPECT_THAT(curl(dir, {"--tlsv1.0", "--tls-max", "1.1", "--ciphers", "DEFAULT@SECLEVEL=0", url + "/healthz"}),
              Not(HasSubstr("ok")));
  EXPECT_THAT(curl(dir, {url + "/healthz"}, "two"), HasSubstr("certificate"));
  const auto days_left = [&](const std::string& authority) {
    const std::string metrics = curl(dir, {url + "/metrics"}, authority);
    const std::string name = "\nkseek_tls_certificate_seconds_left ";
    const size_t at = metrics.find(name);
    return at == std::string::npos ? -1.0 : std::stod(metrics.substr(at + name.size())) / 86400;
  };
  EXPECT_GT(days_left("one"), 1);
  EXPECT_LE(days_left("one"), 2);
  const auto warnings = [&server] {
    const std::string log = server.errors();
    size_t count = 0;
    for (size_t at = log.find(" days: put a new one"); at != std::string::npos;) {
      ++count;
      at = log.find(" days: put a new one", at + 1);
    }
    return count;
  };
  EXPECT_TRUE(eventually([&] { return warnings() == 1; })) << server.errors();
  EXPECT_THAT(run({"curl", "-sS", "http" + url.substr(5) + "/healthz"}).out, Not(HasSubstr("ok")));
  EXPECT_THAT(curl(dir, {url + "/api/v1/topics", url + "/api/v1/search?topic=none"}), HasSubstr("not opened"));
  EXPECT_EQ(kseek({"topics", "--server", url, "--ca-file", dir.file("one.pem")}).code, 0);
  const Finished unknown = kseek({"topics", "--server", url});
  EXPECT_EQ(unknown.code, 1);
  EXPECT_THAT(unknown.err, HasSubstr("--ca-file"));

  // The certificate first, then the key: in between the old pair goes on to be shown.
  std::filesystem::rename(dir.file("two.pem"), dir.file("one.pem"));
  EXPECT_TRUE(eventually([&] { return server.errors().find("not that of the certificate") != std::string::npos; }))
      << server.errors();
  std::filesystem::copy(dir.file("one.pem"), dir.file("two.pem"));
  std::filesystem::rename(dir.file("two.key"), dir.file("one.key"));
  EXPECT_TRUE(eventually([&] { return curl(dir, {url + "/healthz"}, "two").find("ok") != std::string::npos; }));
  EXPECT_GT(days_left("two"), 29);
  EXPECT_EQ(warnings(), 1U) << server.errors();
}

/// A tail and a large answer over TLS, where bytes wait in the library and not in the socket.
TEST(Security, StreamsAndLargeAnswersOverTls) {
  const auto broker = indexer::TestBroker::start();
  ASSERT_TRUE(broker);
  ASSERT_TRUE((*broker)->create_topic("orders", 1));
  const TempDir dir;
  make_certificate(dir, "one");
  Process server = serve(dir, tls_config(dir, "one") + "[indexer]\nbrokers = \"" + (*broker)->address() + "\"\n");
  const std::string url = server.read_line().value_or("");
  EXPECT_THAT(curl(dir, {"-d", R"({"topic":"orders"})", url + "/api/v1/topics"}), HasSubstr("orders"));
  Process tail({"curl", "-sSN", "--cacert", dir.file("one.pem"), url + "/api/v1/search?topic=orders&follow=1"});
  const auto line_with = [&tail](const std::string& what) {
    while (const auto line = tail.read_line()) {
      if (line->find(what) != std::string::npos) return true;
    }
    return false;
  };
  ASSERT_TRUE(line_with("event: summary"));
  write_file(dir.file("body"), R"({"partition":0,"value":")" + std::string(5'000'000, 'z') + "\"}");
  const std::string path = url + "/api/v1/topics/orders/messages";
  EXPECT_THAT(curl(dir, {"-d", "@" + dir.file("body"), path}), HasSubstr("offset"));
  EXPECT_TRUE(line_with("event: hits"));
  EXPECT_EQ(curl(dir, {path + "/0/0/value"}), std::string(5'000'000, 'z'));
}

TEST(Security, CertificatesThatCannotBeUsed) {
  const TempDir dir;
  make_certificate(dir, "one");
  make_certificate(dir, "two");
  write_file(dir.file("nonsense"), "no certificate");
  const auto refused = [&](const std::string& certificate, const std::string& key) {
    write_file(dir.file("kseek.toml"),
               "[server]\ntls_cert_file = \"" + certificate + "\"\ntls_key_file = \"" + key + "\"\n");
    const Finished finished =
        kseek({"serve", "--data-dir", dir.file("data"), "--listen", "127.0.0.1:0", "--config", dir.file("kseek.toml")});
    EXPECT_EQ(finished.code, 1) << finished.err;
    EXPECT_EQ(finished.out, "");
    return finished.err;
  };
  EXPECT_THAT(refused(dir.file("one.pem"), dir.file("two.key")), HasSubstr("not that of the certificate"));
  EXPECT_THAT(refused(dir.file("nonsense"), dir.file("one.key")), HasSubstr("nonsense is not a certificate"));
  EXPECT_THAT(refused(dir.file("one.pem"), dir.file("nonsense")), HasSubstr("nonsense is not a private key"));
  EXPECT_THAT(refused(dir.file("one.pem"), dir.file("none")), HasSubstr("can't read"));
  EXPECT_THAT(refused(dir.file("one.pem"), ""), HasSubstr("tls_key_file"));
}

TEST(Security, WhoListensToOthersIsWarned) {
  const TempDir dir;
  Process open(kseek_arguments({"serve", "--data-dir", dir.file("a"), "--listen", "0.0.0.0:0"}));
  ASSERT_TRUE(open.read_line()) << open.errors();
  EXPECT_THAT(open.errors(), HasSubstr("asks for no token"));
  EXPECT_THAT(open.errors(), HasSubstr("without TLS"));
  Process local(kseek_arguments({"serve", "--data-dir", dir.file("b"), "--listen", "127.0.0.1:0"}));
  ASSERT_TRUE(local.read_line());
  EXPECT_THAT(local.errors(), Not(HasSubstr("without TLS")));
}

/// Secrets that the server was given are in nothing that it prints or answers, whatever goes wrong.
TEST(Security, SecretsAreNeverShown) {
  const TempDir dir;
  const std::string file = dir.file("tokens");
  const std::string token = make_token(file, "root", "operate", "*");
  const std::vector<std::string> secrets{"SaslPa55word",  "KeyPa55word",   "StorePa55word",
                                         "OauthPa55word", token.substr(6), "WrongTokenSecret"};
  const std::string config =
      "[server]\ntokens_file = \"" + file +
      "\"\n[indexer]\nbrokers = \"127.0.0.1:9\"\n[kafka]\n"
      "\"security.protocol\" = \"SASL_PLAINTEXT\"\n\"sasl.mechanism\" = \"PLAIN\"\n"
      "\"sasl.username\" = \"me\"\n\"sasl.password\" = \"SaslPa55word\"\n"
      "\"ssl.key.password\" = \"KeyPa55word\"\n\"ssl.keystore.password\" = \"StorePa55word\"\n"
      "\"sasl.oauthbearer.config\" = \"principal=me secret=OauthPa55word\"\n\"debug\" = \"security,conf\"\n";
  Process server = serve(dir, config);
  const std::string url = server.read_line().value_or("");
  ASSERT_NE(url, "") << server.errors();
  std::string seen;
  const auto ask = [&](const std::string& method, const std::string& path, const std::string& body = "") {
    for (const std::string& header :
         {"Authorization: Bearer " + token, std::string("Authorization: Bearer WrongTokenSecret")}) {
      const RawAnswer answer = http(url, method, path, body, header + "\r\n");
      EXPECT_NE(answer.status, 0) << path;
      seen += answer.body;
      for (const auto& [name, value] : answer.headers) seen += name + ": " + value + "\n";
    }
  };
  ask("POST", "/api/v1/topics", R"({"topic":"orders"})");
  for (const char* path : {"/metrics", "/api/v1/topics", "/api/v1/topics/orders", "/api/v1/topics/orders/progress",
                           "/api/v1/topics/orders/groups", "/api/v1/search?topic=orders&explain=1", "/api/v1/jobs",
                           "/nothing", "/healthz", "/readyz", "/", "/api/v1/topics/orders/dead-letters"}) {
    ask("GET", path);
  }
  ask("POST", "/api/v1/topics/orders/reindex", R"({"source":"kafka"})");
  server.signal(SIGTERM);
  ASSERT_EQ(server.wait(), 0) << server.errors();
  seen += server.errors();
  for (const std::string& wrong :
       {std::string("\"sasl.password\" = [\"SaslPa55word\"]"), std::string("\"sasl.pasword\" = \"SaslPa55word\"")}) {
    write_file(dir.file("kseek.toml"), "[indexer]\nbrokers = \"127.0.0.1:9\"\n[kafka]\n" + wrong + "\n");
    const Finished refused =
        kseek({"serve", "--data-dir", dir.file("data"), "--listen", "127.0.0.1:0", "--config", dir.file("kseek.toml")});
    EXPECT_NE(refused.code, 0);
    seen += refused.out + refused.err;
  }
  EXPECT_GT(seen.size(), 3'000U);
  for (const std::string& secret : secrets) EXPECT_THAT(seen, Not(HasSubstr(secret)));
}

}  // namespace
}  // namespace kseek::testing
