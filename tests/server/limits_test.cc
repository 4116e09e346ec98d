// What a client may take: connections, time, requests a second, searches at a time.
#include <arpa/inet.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <chrono>
#include <thread>

#include "base/open_files.h"
#include "server/client_limits.h"
#include "server/connection_watch.h"
#include "tests/server/event_reader.h"
#include "tests/server/world.h"

namespace kseek::testing {
namespace {

using namespace std::chrono_literals;
using server::ClientLimits;
using ::testing::HasSubstr;

constexpr const char* kSearch = "/api/v1/search?topic=busy&q=hello";

server::ServerOptions quick_options() {
  server::ServerOptions options;
  options.listen = "127.0.0.1:0";
  options.idle_timeout = 1s;
  options.request_timeout = 1s;
  options.answer_timeout = 1s;
  return options;
}

template <class Condition>
bool eventually(Condition&& condition) {
  const auto until = std::chrono::steady_clock::now() + 30s;
  while (std::chrono::steady_clock::now() < until) {
    if (condition()) return true;
    std::this_thread::sleep_for(1ms);
  }
  return false;
}

/// Sends the text a byte at a time until the server hangs up; false if it answered or did not in 30 s.
bool is_cut_off(RawConnection& connection, const std::string& text) {
  size_t at = 0;
  const auto until = std::chrono::steady_clock::now() + 30s;
  while (std::chrono::steady_clock::now() < until) {
    if (!connection.send(text.substr(at++ % text.size(), 1))) return true;
    if (!connection.idle()) return !connection.read_answer();
    std::this_thread::sleep_for(20ms);
  }
  return false;
}

TEST(Limits, ClientsAreAddresses) {
  sockaddr_in four{};
  four.sin_family = AF_INET;
  inet_pton(AF_INET, "192.0.2.7", &four.sin_addr);
  EXPECT_EQ(server::client_of(reinterpret_cast<sockaddr*>(&four)), "192.0.2.7");
  const auto of = [](const char* text) {
    sockaddr_in6 six{};
    six.sin6_family = AF_INET6;
    inet_pton(AF_INET6, text, &six.sin6_addr);
    return server::client_of(reinterpret_cast<sockaddr*>(&six));
  };
  EXPECT_EQ(of("2001:db8:1:2:3:4:5:6"), "2001:db8:1:2::");
  EXPECT_EQ(of("::ffff:192.0.2.7"), "192.0.2.7");
  EXPECT_EQ(server::client_of(nullptr), "");
}

TEST(Limits, RequestsASecondAreThoseOfEachClient) {
  ClientLimits limits({.requests_per_second = 10, .searches = 1, .searches_per_client = 1});
  const auto begin = ClientLimits::Clock::now();
  for (int i = 0; i < 20; ++i) ASSERT_TRUE(limits.count_request("a", begin)) << i;
  const auto refused = limits.count_request("a", begin);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::kTooMany);
  EXPECT_TRUE(limits.count_request("b", begin));
  EXPECT_TRUE(limits.count_request("a", begin + 100ms)) << "a tenth of a second is one more";
  EXPECT_FALSE(limits.count_request("a", begin + 100ms));
  for (int i = 0; i < 20; ++i) ASSERT_TRUE(limits.count_request("a", begin + 1h)) << "two seconds' worth is saved";
  EXPECT_FALSE(limits.count_request("a", begin + 1h));
  ClientLimits none({});
  for (int i = 0; i < 10'000; ++i) ASSERT_TRUE(none.count_request("a", begin));
}

TEST(Limits, SearchesAreThoseOfAllAndOfEach) {
  ClientLimits limits({.searches = 3, .searches_per_client = 2});
  auto first = limits.begin_search("a");
  auto second = limits.begin_search("a");
  ASSERT_TRUE(first && second);
  EXPECT_EQ(limits.begin_search("a").error().code, ErrorCode::kTooMany);
  auto third = limits.begin_search("b");
  ASSERT_TRUE(third);
  EXPECT_EQ(limits.begin_search("b").error().code, ErrorCode::kUnavailable);
  EXPECT_EQ(limits.searches(), 3U);
  first->release();
  first->release();
  ClientLimits::Place moved = *std::move(second);
  EXPECT_EQ(limits.searches(), 2U);
  EXPECT_TRUE(limits.begin_search("a"));
  moved = {};
  *third = {};
  EXPECT_EQ(limits.searches(), 0U);
}

TEST(Limits, TooManyRequestsGet429) {
  server::ServerOptions options;
  options.listen = "127.0.0.1:0";
  options.requests_per_second = 5;
  const World world(options);
  RawAnswer last;
  int fine = 0;
  while ((last = world.get("/api/v1/topics")).status == 200 && fine < 1000) ++fine;
  EXPECT_GE(fine, 10);
  ASSERT_EQ(last.status, 429);
  EXPECT_EQ(last.headers.at("retry-after"), "1");
  EXPECT_EQ(last.json()["error"]["code"], "too_many");
  for (int i = 0; i < 50; ++i) EXPECT_EQ(world.get("/healthz").status, 200) << "health is not counted";
  EXPECT_TRUE(eventually([&] { return world.get("/api/v1/topics").status == 200; }));
}

/// A stream keeps its place: so the cap is seen without luck.
TEST(Limits, SearchesInFlightAreCapped) {
  server::ServerOptions options;
  options.listen = "127.0.0.1:0";
  options.max_searches = 3;
  options.max_searches_per_client = 2;
  World world(options);
  world.open("busy", 1);
  auto first = std::make_unique<EventReader>(world.url(), std::string(kSearch) + "&follow=1");
  EventReader second(world.url(), std::string(kSearch) + "&follow=1");
  ASSERT_EQ(first->head().status, 200);
  ASSERT_EQ(second.head().status, 200);
  const RawAnswer refused = world.get(kSearch);
  EXPECT_EQ(refused.status, 429) << refused.body;
  EXPECT_EQ(refused.headers.at("retry-after"), "1");
  EXPECT_EQ(world.get("/api/v1/topics").status, 200);
  first.reset();
  EXPECT_TRUE(eventually([&] { return world.get(kSearch).status == 200; }));

  options.max_searches = 1;
  World narrow(options);
  narrow.open("busy", 1);
  EventReader tail(narrow.url(), std::string(kSearch) + "&follow=1");
  ASSERT_EQ(tail.head().status, 200);
  const RawAnswer full = narrow.get(kSearch);
  EXPECT_EQ(full.status, 503);
  EXPECT_EQ(full.headers.at("retry-after"), "1");
}

TEST(Limits, AddressesAndHeadersThatAreTooLong) {
  const World world;
  const RawAnswer address = world.get("/api/v1/search?topic=busy&q=" + std::string(20'000, 'a'));
  EXPECT_EQ(address.status, 414);
  EXPECT_EQ(address.json()["error"]["code"], "too_large");
  EXPECT_THAT(address.json()["error"]["message"].get<std::string>(), HasSubstr("address has too many bytes"));
  EXPECT_THAT(address.json()["error"]["hint"].get<std::string>(), HasSubstr("POST"));
  const RawAnswer headers = http(world.url(), "GET", "/healthz", "", "X-Long: " + std::string(40'000, 'a') + "\r\n");
  EXPECT_EQ(headers.status, 431);
  EXPECT_EQ(headers.json()["error"]["code"], "too_large");
  EXPECT_THAT(headers.json()["error"]["message"].get<std::string>(), HasSubstr("headers have too many bytes"));
  const RawAnswer more = http(world.url(), "GET", "/healthz", "", "X-Long: " + std::string(400'000, 'a') + "\r\n");
  EXPECT_NE(more.status, 200);
  EXPECT_EQ(world.get("/healthz").status, 200);
}

TEST(Limits, ConnectionsOfOneAddress) {
  server::ServerOptions options;
  options.listen = "127.0.0.1:0";
  options.max_connections_per_client = 20;
  const World world(options);
  std::vector<RawConnection> idle;
  for (int i = 0; i < 20; ++i) {
    idle.emplace_back(world.url());
    ASSERT_TRUE(idle.back().send(request_text("GET", "/healthz")));
    ASSERT_EQ(idle.back().read_answer().value_or(RawAnswer{}).status, 200) << i;
  }
  EXPECT_EQ(world.get("/healthz").status, 0);
  idle.pop_back();
  EXPECT_TRUE(eventually([&] { return world.get("/healthz").status == 200; }));
}

/// A client that sends a byte now and then does not keep its connection: neither in the first line, nor in a header,
/// nor in the body.
TEST(Limits, DribblersAreCutOff) {
  const World world(quick_options());
  RawConnection line(world.url());
  EXPECT_TRUE(is_cut_off(line, "a"));
  RawConnection header(world.url());
  ASSERT_TRUE(header.send("GET /healthz HTTP/1.1\r\n"));
  EXPECT_TRUE(is_cut_off(header, "X-A: b\r\n"));
  RawConnection body(world.url());
  ASSERT_TRUE(body.send("POST /api/v1/topics HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100000\r\n\r\n"));
  EXPECT_TRUE(is_cut_off(body, " "));
}

/// A client that waits for its answer for longer than any limit is not cut off: that is our time, not its.
TEST(Limits, FollowersThatRestStay) {
  World world(quick_options());
  world.open("busy", 1);
  EventReader tail(world.url(), std::string(kSearch) + "&follow=1");
  while (const auto event = tail.next()) {
    if (event->name == "summary") break;
  }
  std::this_thread::sleep_for(3s);  // longer than every limit: that nothing happens has no event to wait for
  world.send({"busy", PartitionId{0}, "k", "hello again", {}, {}});
  const auto event = tail.next();
  ASSERT_TRUE(event);
  EXPECT_EQ(event->name, "hits");
}

/// One that takes a few bytes of a large answer now and then is, of a whole answer as of a stream.
TEST(Limits, SlowReadersAreCutOff) {
  World world(quick_options());
  world.open("busy", 1);
  const std::string value(9'000'000, 'z');
  const RawAnswer sent =
      world.call("POST", "/api/v1/topics/busy/messages", R"({"partition":0,"value":")" + value + "\"}");
  ASSERT_EQ(sent.status, 201);
  ASSERT_TRUE(eventually([&] { return world.get("/api/v1/topics/busy/messages/0/0").status == 200; }));
  RawConnection slow(world.url(), 4096);
  ASSERT_TRUE(slow.send(request_text("GET", "/api/v1/topics/busy/messages/0/0/value")));
  size_t taken = 0;
  const auto until = std::chrono::steady_clock::now() + 30s;
  while (std::chrono::steady_clock::now() < until && slow.read_bytes(100)) {
    taken += 100;
    std::this_thread::sleep_for(10ms);
  }
  EXPECT_LT(std::chrono::steady_clock::now(), until) << "it was not cut off";
  EXPECT_LT(taken, value.size());
  EXPECT_EQ(world.get(kSearch).status, 200);
}

/// The purpose of all of this: with a thousand idle connections, slow writers and slow readers, searches are answered
/// at once.
TEST(Limits, IdleAndSlowClientsStarveNobody) {
  server::ServerOptions options;
  options.listen = "127.0.0.1:0";
  World world(options);
  world.open("busy", 1);
  world.send({"busy", PartitionId{0}, "k", "hello world", {}, {}});
  const std::string value(4'000'000, 'z');
  world.send({"busy", PartitionId{0}, "big", value, {}, {}});
  ASSERT_GE(raise_open_file_limit(), 3'000U) << "this test needs 3,000 open files";
  std::vector<RawConnection> idle;
  for (int i = 0; i < 1000; ++i) ASSERT_TRUE(idle.emplace_back(world.url()).connected()) << i;
  std::vector<RawConnection> readers;
  for (int i = 0; i < 50; ++i) {
    readers.emplace_back(world.url(), 4096);
    ASSERT_TRUE(readers.back().send(request_text("GET", "/api/v1/topics/busy/messages/0/1/value")));
  }
  std::vector<RawConnection> writers;
  for (int i = 0; i < 50; ++i) {
    writers.emplace_back(world.url());
    ASSERT_TRUE(writers.back().send("POST /api/v1/topics HTTP/1.1\r\nContent-Length: 100000\r\n\r\n{"));
  }
  for (int round = 0; round < 30; ++round) {
    for (RawConnection& writer : writers) ASSERT_TRUE(writer.send(" "));
    for (RawConnection& reader : readers) ASSERT_TRUE(reader.read_bytes(10));
    const auto begin = std::chrono::steady_clock::now();
    const RawAnswer answer = world.get(kSearch);
    EXPECT_LT(std::chrono::steady_clock::now() - begin, 5s) << "round " << round;
    ASSERT_EQ(answer.status, 200);
    ASSERT_EQ(answer.json()["hits"].size(), 1U);
  }
}

}  // namespace
}  // namespace kseek::testing
