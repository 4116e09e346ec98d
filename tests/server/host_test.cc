// Names by which the server is asked for: a page of elsewhere whose name leads to this machine (DNS rebinding) gets
// nothing, and nobody else is in the way.
#include "server/host_check.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>

#include "server/tokens.h"
#include "tests/server/world.h"

namespace kseek::testing {
namespace {

using server::HostCheck;
using ::testing::HasSubstr;

bool knows(const HostCheck::Options& options, std::string_view host) {
  return HostCheck(options).check(host).has_value();
}

TEST(Host, AddressesAndItsOwnNamesAreKnown) {
  const HostCheck::Options local{.names = "", .listen = "127.0.0.1:7420"};
  for (const char* known : {"", "localhost", "localhost:7420", "LocalHost.:1", "127.0.0.1:7420", "127.9.9.9",
                            "10.1.2.3:80", "[::1]:7420", "[::1]", "[fe80::1]:7420"}) {
    EXPECT_TRUE(knows(local, known)) << known;
  }
  for (const char* foreign :
       {"evil.example", "evil.example:7420", "localhost.evil.example", "evil-localhost", "127.0.0.1.evil.example",
        "1.2.3", "kseek", "[evil]", "[::1.evil.example]", "[", ":7420.evil.example", "a b", "*"}) {
    EXPECT_FALSE(knows(local, foreign)) << foreign;
  }
  const HostCheck::Options named{.names = "Search.Example.COM:80, *.lan", .listen = "box.local:7420"};
  for (const char* known :
       {"search.example.com", "SEARCH.example.com.:7420", "a.lan", "a.b.lan:1", "box.local", "localhost"}) {
    EXPECT_TRUE(knows(named, known)) << known;
  }
  for (const char* foreign : {"example.com", "lan", "a.lan.evil.example", "xbox.local"}) {
    EXPECT_FALSE(knows(named, foreign)) << foreign;
  }
  EXPECT_TRUE(knows({.names = "*", .listen = "127.0.0.1:7420"}, "any.example"));
}

TEST(Host, TokensKeepPagesOutThemselves) {
  HostCheck::Options options{.names = "", .listen = "0.0.0.0:7420", .tokens = true, .this_machine = false};
  EXPECT_TRUE(knows(options, "search.example.com"));
  options.names = "search.example.com";
  EXPECT_TRUE(knows(options, "search.example.com"));
  EXPECT_FALSE(knows(options, "other.example.com")) << "who names some means those";
}

TEST(Host, OtherMachinesMayUseNamesOfOneLabel) {
  const HostCheck::Options options{.names = "", .listen = "0.0.0.0:7420", .tokens = false, .this_machine = false};
  EXPECT_TRUE(knows(options, "kseek:7420")) << "a container's name: nobody can own one in the world's DNS";
  EXPECT_FALSE(knows(options, "evil.example:7420"));
}

RawAnswer ask(const World& world, const std::string& method, const std::string& target, const std::string& host) {
  RawConnection connection(world.url());
  EXPECT_TRUE(connection.send(method + " " + target + " HTTP/1.1\r\nHost: " + host + "\r\n\r\n"));
  return connection.read_answer(method == "HEAD").value_or(RawAnswer{});
}

/// Whatever route, also one that asks for no token, and what changes something.
TEST(Host, AReboundNameGetsNothing) {
  World world;
  world.open("orders", 1);
  for (const char* target :
       {"/", "/api/v1/topics", "/api/v1/search?topic=orders", "/metrics", "/healthz", "/nothing"}) {
    const RawAnswer refused = ask(world, "GET", target, "evil.example:7420");
    EXPECT_EQ(refused.status, 403) << target;
    EXPECT_EQ(refused.json()["error"]["code"], "forbidden");
    EXPECT_THAT(refused.json()["error"]["message"].get<std::string>(), HasSubstr("evil.example"));
    EXPECT_THAT(refused.json()["error"]["hint"].get<std::string>(), HasSubstr("hosts"));
    EXPECT_NE(refused.headers.at("x-request-id"), "");
    EXPECT_NE(ask(world, "GET", target, world.url().substr(7)).status, 403) << target;
  }
  EXPECT_EQ(ask(world, "DELETE", "/api/v1/topics/orders", "evil.example").status, 403);
  EXPECT_EQ(ask(world, "GET", "/api/v1/topics/orders", "localhost:1").status, 200) << "it is still there";
  EXPECT_EQ(ask(world, "GET", "/healthz", std::string(300, 'a') + "\xff\x01").status, 403);
  RawConnection old(world.url());
  ASSERT_TRUE(old.send("GET /healthz HTTP/1.0\r\n\r\n"));
  EXPECT_EQ(old.read_answer().value_or(RawAnswer{}).status, 200) << "no browser asks without a host";
}

TEST(Host, SettingsAndTokensSayWhoElse) {
  server::ServerOptions options{.listen = "127.0.0.1:0"};
  options.hosts = "search.example.com";
  const World named(options);
  EXPECT_EQ(ask(named, "GET", "/healthz", "search.example.com").status, 200);
  EXPECT_EQ(ask(named, "GET", "/healthz", "evil.example").status, 403);
  const TempDir dir;
  auto made = server::make_token("root", server::Role::kOperate, {"*"});
  ASSERT_TRUE(made);
  ASSERT_TRUE(server::write_tokens(dir.file("tokens"), {made->record}));
  options.hosts = "";
  options.tokens_file = dir.file("tokens");
  const World with_tokens(options);
  EXPECT_EQ(ask(with_tokens, "GET", "/healthz", "behind.a.proxy.example").status, 200);
  EXPECT_EQ(ask(with_tokens, "GET", "/api/v1/topics", "behind.a.proxy.example").status, 401);
}

}  // namespace
}  // namespace kseek::testing
