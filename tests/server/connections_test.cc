// Many, slow, rude and greedy clients.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <thread>

#include "base/open_files.h"
#include "server/hangup_watch.h"
#include "server/listen_socket.h"
#include "server/work_pool.h"
#include "tests/server/world.h"

namespace kseek::testing {
namespace {

using Clock = std::chrono::steady_clock;

constexpr const char* kSearch = "/api/v1/search?topic=busy&q=hello";

/// Retries until it holds; false after 30 s.
template <class Condition>
bool eventually(Condition&& condition) {
  const auto until = Clock::now() + std::chrono::seconds(30);
  while (Clock::now() < until) {
    if (condition()) return true;
    std::this_thread::yield();
  }
  return false;
}

std::unique_ptr<World> busy_world() {
  auto world = std::make_unique<World>();
  world->open("busy", 1);
  world->send({"busy", PartitionId{0}, "k", "hello world", {}, {}});
  return world;
}

/// The purpose of the endpoint's design: idle and half-sent connections cost no thread.
TEST(Connections, AThousandIdleOnesDelayNobody) {
  const auto world = busy_world();
  ASSERT_GE(raise_open_file_limit(), 2'500U) << "this test needs 2,500 open files";
  std::vector<RawConnection> idle;
  for (int i = 0; i < 1000; ++i) {
    idle.emplace_back(world->url());
    ASSERT_TRUE(idle.back().connected()) << "connection " << i;
    const char* half = i % 4 == 1   ? "GET /api/v1/sea"
                       : i % 4 == 2 ? "POST /api/v1/topics HTTP/1.1\r\nContent-Length: 100\r\n\r\n{\"to"
                                    : "";
    ASSERT_TRUE(idle.back().send(half));
    if (i % 4 == 3) {  // one that was served and is kept open
      ASSERT_TRUE(idle.back().send(request_text("GET", kSearch)));
      ASSERT_EQ(idle.back().read_answer().value_or(RawAnswer{}).status, 200);
    }
  }
  for (int round = 0; round < 20; ++round) {
    const auto begin = Clock::now();
    const RawAnswer answer = world->get(kSearch);
    EXPECT_LT(Clock::now() - begin, std::chrono::seconds(2));
    ASSERT_EQ(answer.status, 200);
    EXPECT_EQ(answer.json()["hits"].size(), 1U);
  }
  EXPECT_EQ(std::count_if(idle.begin(), idle.end(), [](const RawConnection& c) { return c.idle(); }), 1000);
  for (size_t i = 0; i < idle.size(); i += 4) {  // the server still listens on them
    ASSERT_TRUE(idle[i].send(request_text("GET", "/healthz")));
    ASSERT_EQ(idle[i].read_answer().value_or(RawAnswer{}).status, 200) << i;
  }
}

TEST(Connections, KeepAliveServesManyAndPipelined) {
  const auto world = busy_world();
  RawConnection connection(world->url());
  ASSERT_TRUE(connection.send(request_text("GET", kSearch) + request_text("GET", "/healthz")));
  EXPECT_EQ(connection.read_answer().value_or(RawAnswer{}).json()["hits"].size(), 1U);
  EXPECT_EQ(connection.read_answer().value_or(RawAnswer{}).json()["status"], "ok");
}

TEST(Connections, ClientsThatLeaveDoNoHarm) {
  const auto world = busy_world();
  for (int i = 0; i < 300; ++i) {
    RawConnection leaving(world->url());
    ASSERT_TRUE(leaving.send(request_text("GET", kSearch).substr(0, i % 3 == 0 ? 20 : std::string::npos)));
  }
  RawAnswer answer;  // on a busy machine, the searches of those who left may still wait, and count as this client's
  EXPECT_TRUE(eventually([&] { return (answer = world->get(kSearch)).status != 429; }));
  ASSERT_EQ(answer.status, 200) << answer.body;
  EXPECT_EQ(answer.json()["hits"].size(), 1U);
}

/// The worker learns that its client hung up.
TEST(Connections, HangupIsNoticed) {
  const auto listening = server::listen_on("127.0.0.1:0");
  ASSERT_TRUE(listening);
  const auto watch = server::HangupWatch::start();
  ASSERT_TRUE(watch);
  auto client = std::make_unique<RawConnection>(listening->url);
  ASSERT_TRUE(client->connected());
  int served = -1;
  ASSERT_TRUE(eventually([&] { return (served = accept(listening->fd, nullptr, nullptr)) >= 0; }));
  std::atomic<bool> gone{false};
  const uint64_t id = (*watch)->add(served, gone);
  EXPECT_FALSE(gone);
  client.reset();
  EXPECT_TRUE(eventually([&] { return gone.load(); }));
  (*watch)->remove(id);
  gone = false;
  const uint64_t other = (*watch)->add(served, gone);
  EXPECT_TRUE(eventually([&] { return gone.load(); }));  // a socket that is closed already
  (*watch)->remove(other);
  close(served);
  close(listening->fd);
}

TEST(Connections, BodiesAreLimited) {
  const auto world = busy_world();
  RawConnection announced(world->url());
  ASSERT_TRUE(announced.send("POST /api/v1/topics HTTP/1.1\r\nHost: localhost\r\nContent-Length: 99999999999\r\n\r\n"));
  const auto refused = announced.read_answer();
  ASSERT_TRUE(refused);
  EXPECT_EQ(refused->status, 413);
  EXPECT_EQ(refused->json()["error"]["code"], "too_large");

  RawConnection chunked(world->url());
  ASSERT_TRUE(chunked.send("POST /api/v1/topics HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n"));
  const std::string chunk = "100000\r\n" + std::string(0x100000, 'x') + "\r\n";
  for (int i = 0; i < 12 && chunked.send(chunk); ++i) continue;
  chunked.send("0\r\n\r\n");
  EXPECT_EQ(chunked.read_answer().value_or(RawAnswer{}).status, 413);
  EXPECT_EQ(world->get("/healthz").status, 200);
}

TEST(Connections, AMessageOfNineMegabytesGoesThrough) {
  const auto world = busy_world();
  const std::string value(9'000'000, 'z');
  const RawAnswer sent =
      world->call("POST", "/api/v1/topics/busy/messages", R"({"key":"big","partition":0,"value":")" + value + "\"}");
  ASSERT_EQ(sent.status, 201) << sent.body.substr(0, 300);
  const std::string path = "/api/v1/topics/busy/messages/0/" + std::to_string(sent.json()["offset"].get<int64_t>());
  ASSERT_TRUE(eventually([&] { return world->get(path).status == 200; }));
  EXPECT_EQ(world->get(path + "/value").body, value);
  const auto shown = world->get(path).json();
  EXPECT_EQ(shown["value"].get<std::string>().size(), 1'048'576U);
  EXPECT_EQ(shown["truncated"], true);
}

/// With one search thread, searches whose clients have left must not be waited for.
TEST(Connections, SearchesOfClientsThatLeftEnd) {
  World world({.listen = "127.0.0.1:0", .search_threads = 1});
  constexpr int kPartitions = 12;
  world.open("slow", kPartitions);
  std::string text;  // has both words everywhere, the phrase nowhere
  while (text.size() < 4'000'000) text += "a b ";
  for (int p = 0; p < kPartitions; ++p) world.send({"slow", PartitionId{p}, "k", text, {}, {}});
  const std::string slow = "/api/v1/search?topic=slow&value=b+b";
  const auto begin = Clock::now();
  ASSERT_EQ(world.get(slow).json()["hits"].size(), 0U);
  const auto one = Clock::now() - begin;
  ASSERT_GT(one, std::chrono::milliseconds(50)) << "too quick to tell";
  constexpr int kLeaving = 60;
  for (int i = 0; i < kLeaving; ++i) {
    RawConnection leaving(world.url());
    ASSERT_TRUE(leaving.send(request_text("GET", slow)));
  }
  const auto asked = Clock::now();
  EXPECT_EQ(world.get("/api/v1/search?topic=slow&offset=5..6").status, 200);
  EXPECT_LT(Clock::now() - asked, one * (kLeaving / 3));
}

/// Stopping under load: every client gets an answer or the end of its connection, none waits for ever.
TEST(Connections, StoppingEndsWhatIsOpen) {
  auto world = busy_world();
  const std::string url = world->url();
  RawConnection idle(url);
  std::atomic<int> answered{0};
  std::vector<std::thread> asking;
  for (int i = 0; i < 4; ++i) {
    asking.emplace_back([&] {
      for (int status = 200; status == 200; ++answered) status = http(url, "GET", kSearch).status;
    });
  }
  ASSERT_TRUE(eventually([&] { return answered > 20 && idle.idle(); }));
  world->stop_http();
  for (std::thread& thread : asking) thread.join();
  EXPECT_FALSE(idle.read_answer());
}

TEST(Connections, AddressesThatCannotBeListenedOn) {
  const auto first = server::listen_on("127.0.0.1:0");
  ASSERT_TRUE(first);
  const auto taken = server::listen_on(first->url.substr(7));
  ASSERT_FALSE(taken);
  EXPECT_EQ(taken.error().code, ErrorCode::kConflict);
  close(first->fd);
  for (const char* address : {"", "nohost", "127.0.0.1:", "127.0.0.1:99999", "127.0.0.1:x", "::1:80"}) {
    const auto wrong = server::listen_on(address);
    ASSERT_FALSE(wrong) << address;
    EXPECT_EQ(wrong.error().code, ErrorCode::kInvalid) << address;
  }
  const auto far = server::listen_on("192.0.2.1:80");
  ASSERT_FALSE(far);
  EXPECT_EQ(far.error().code, ErrorCode::kUnavailable);
}

TEST(WorkPool, BoundsItsQueueAndRunsAllItTook) {
  std::atomic<int> ran{0};
  std::atomic<bool> go{false};
  server::WorkPool pool(1, 2);
  ASSERT_TRUE(pool.try_submit("a", [&] {
    go.wait(false);
    ++ran;
  }));
  int taken = 1;
  while (pool.try_submit("a", [&] { ++ran; })) ++taken;
  EXPECT_LE(taken, 4);
  go = true;
  go.notify_all();
  pool.stop();
  EXPECT_EQ(ran, taken);
  EXPECT_FALSE(pool.try_submit("a", [] {}));
}

}  // namespace
}  // namespace kseek::testing
