// Running as a service: signals, the service manager, logs, reloading.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <csignal>
#include <cstring>
#include <set>
#include <sstream>
#include <thread>

#include "tests/system/system.h"

namespace kseek::testing {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

/// A service manager's socket: what is sent to it, in order.
class ManagerSocket {
 public:
  explicit ManagerSocket(const std::string& path) : fd_(socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0)) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::strncpy(address.sun_path, path.c_str(), sizeof(address.sun_path) - 1);
    if (bind(fd_, reinterpret_cast<const sockaddr*>(&address), sizeof(address)) != 0) throw std::runtime_error(path);
  }
  ~ManagerSocket() { close(fd_); }
  ManagerSocket(const ManagerSocket&) = delete;
  ManagerSocket& operator=(const ManagerSocket&) = delete;

  /// Waits until a message that holds `text` has come.
  [[nodiscard]] bool hears(const std::string& text) {
    for (;;) {
      pollfd waiting{fd_, POLLIN, 0};
      std::array<char, 4096> message{};
      if (poll(&waiting, 1, 30'000) <= 0) return false;
      const ssize_t size = recv(fd_, message.data(), message.size(), 0);
      if (size > 0 && std::string(message.data(), static_cast<size_t>(size)).find(text) != std::string::npos)
        return true;
    }
  }

 private:
  int fd_;
};

TEST(Operation, TellsTheServiceManager) {
  const TempDir dir;
  ManagerSocket manager(dir.file("notify"));
  ServerProcess server(dir.file("data"), "", "", {"NOTIFY_SOCKET=" + dir.file("notify"), "WATCHDOG_USEC=300000"});
  ASSERT_TRUE(server.ready()) << server.process().errors();
  EXPECT_TRUE(manager.hears("READY=1\nSTATUS=serving at " + server.url()));
  EXPECT_TRUE(manager.hears("WATCHDOG=1"));
  EXPECT_TRUE(manager.hears("WATCHDOG=1")) << "again and again";
  server.process().signal(SIGHUP);
  EXPECT_TRUE(manager.hears("RELOADING=1\nMONOTONIC_USEC="));
  EXPECT_TRUE(manager.hears("READY=1"));
  server.process().signal(SIGTERM);
  EXPECT_TRUE(manager.hears("STOPPING=1"));
  EXPECT_EQ(server.process().wait(), 0);
}

TEST(Operation, ReloadsWhatCanBeReloadedAndSaysTheRest) {
  const TempDir dir;
  const std::string config = dir.file("kseek.toml");
  write_file(config, "[log]\nlevel = \"info\"\n");
  ServerProcess server(dir.file("data"), "", config);
  ASSERT_TRUE(server.ready()) << server.process().errors();
  const auto log_has = [&server](const std::string& text) {
    return eventually([&] { return server.process().errors().find(text) != std::string::npos; });
  };
  server.process().signal(SIGHUP);
  EXPECT_TRUE(log_has("nothing in it has changed")) << server.process().errors();
  write_file(config, "[log]\nlevel = \"error\"\n[server]\nlisten = \"127.0.0.1:1\"\nmax_connections = 5\n");
  server.process().signal(SIGHUP);
  EXPECT_TRUE(log_has("[server] max_connections = 5 needs a restart; until then it is 4096"))
      << server.process().errors();
  EXPECT_THAT(server.process().errors(), Not(HasSubstr("[server] listen"))) << "the command line goes before";
  write_file(config, "[server]\nmax_connections = \"five\"\n");
  server.process().signal(SIGHUP);
  EXPECT_TRUE(log_has("the configuration is not reloaded: " + config + ", line 2")) << server.process().errors();
  EXPECT_EQ(server.get("/healthz").status, 200);
  server.process().signal(SIGTERM);
  EXPECT_EQ(server.process().wait(), 0);
  EXPECT_THAT(server.process().errors(), Not(HasSubstr("stopped"))) << "info is not written any more";
}

TEST(Operation, LogsAreJsonWhenAsked) {
  const TempDir dir;
  Process broker(kseek_arguments({"broker", "--topic", "orders:1"}));
  ServerProcess server(dir.file("data"), broker.read_line().value_or(""), "",
                       {"KSEEK_LOG_FORMAT=json", "KSEEK_SERVER_LISSEN=x"});
  ASSERT_TRUE(server.ready()) << server.process().errors();
  EXPECT_EQ(server.call("POST", "/api/v1/topics", R"({"topic":"orders","from":"0:0"})").status, 201);
  ASSERT_TRUE(eventually([&] { return server.get("/api/v1/topics/orders").json()["state"] == "running"; }));
  EXPECT_EQ(server.call("POST", "/api/v1/topics/orders/reindex", "{}").status, 202);
  ASSERT_TRUE(eventually([&] { return server.process().errors().find("\"done\"") != std::string::npos; }));
  server.process().signal(SIGTERM);
  EXPECT_EQ(server.process().wait(), 0);
  std::istringstream lines(server.process().errors());
  std::set<std::string> messages;
  for (std::string line; std::getline(lines, line);) {
    const Json event = Json::parse(line, nullptr, false);
    ASSERT_TRUE(event.is_object()) << line;
    EXPECT_EQ(event["time"].get<std::string>().size(), std::string("2026-11-20T10:00:00.000Z").size()) << line;
    EXPECT_TRUE(event["level"].is_string()) << line;
    messages.insert(event["message"]);
  }
  EXPECT_TRUE(messages.contains("stopped"));
  EXPECT_TRUE(messages.contains("done")) << "of job 1";
  EXPECT_THAT(server.process().errors(), HasSubstr("KSEEK_SERVER_LISSEN is ignored"));
}

TEST(Operation, StopsInTimeUnderLoadAndKeepsAll) {
  const TempDir dir;
  Process broker(kseek_arguments({"broker", "--topic", "orders:4"}));
  const std::string address = broker.read_line().value_or("");
  constexpr int kMessages = 200'000;
  std::string lines;
  for (int i = 0; i < kMessages; ++i) lines += "order-" + std::to_string(i) + " payment timeout after retries\n";
  auto server = std::make_unique<ServerProcess>(dir.file("data"), address);
  ASSERT_TRUE(server->ready());
  ASSERT_EQ(server->call("POST", "/api/v1/topics", R"({"topic":"orders"})").status, 201);
  // Evenly: of a partition, the broker keeps 5 MiB, and half of this is more.
  ASSERT_EQ(run({"kcat", "-P", "-b", address, "-t", "orders", "-X", "sticky.partitioning.linger.ms=0"}, lines).code, 0);
  ASSERT_TRUE(eventually([&] { return server->taken_in("orders") > 0; }));
  // Searches that read everything, while it takes in, until it ends.
  std::atomic<bool> over{false};
  std::vector<std::thread> clients;
  for (int i = 0; i < 4; ++i) {
    clients.emplace_back([&, url = server->url()] {
      while (!over) {
        try {
          (void)http(url, "GET", "/api/v1/search?topic=orders&q=value:/p.y.*nothing/");
        } catch (const std::exception&) {  // it has ended
          return;
        }
      }
    });
  }
  const auto begin = std::chrono::steady_clock::now();
  server->process().signal(SIGTERM);
  const auto code = server->process().wait(std::chrono::seconds(40));
  const auto took = std::chrono::steady_clock::now() - begin;
  over = true;
  for (std::thread& client : clients) client.join();
  EXPECT_EQ(code, 0) << server->process().errors();
  EXPECT_LT(took, std::chrono::seconds(30));
  server = std::make_unique<ServerProcess>(dir.file("data"), address);
  ASSERT_TRUE(server->ready()) << server->process().errors();
  ASSERT_TRUE(eventually([&] { return server->taken_in("orders") == kMessages; })) << server->taken_in("orders");
  EXPECT_EQ(server->get("/api/v1/search?topic=orders&q=order-7").json()["hits"].size(), 1U);
}

/// Stopping is held up by a disk that takes nothing, until its own limit of some seconds.
TEST(Operation, ASecondSignalEndsAtOnce) {
  const TempDir dir;
  Process broker(kseek_arguments({"broker", "--topic", "orders:1"}));
  ServerProcess server(dir.file("data"), broker.read_line().value_or(""), "",
                       {"KSEEK_FAULT=seal.before_commit:ENOSPC:1+"});
  ASSERT_TRUE(server.ready()) << server.process().errors();
  ASSERT_EQ(server.call("POST", "/api/v1/topics", R"({"topic":"orders"})").status, 201);
  ASSERT_EQ(server.call("POST", "/api/v1/topics/orders/messages", R"({"value":"x"})").status, 201);
  ASSERT_TRUE(eventually([&] { return server.taken_in("orders") == 1; }));
  server.process().signal(SIGTERM);
  ASSERT_TRUE(eventually([&] { return server.process().errors().find("sealing failed") != std::string::npos; }));
  server.process().signal(SIGINT);
  EXPECT_EQ(server.process().wait(std::chrono::seconds(20)), 1) << server.process().errors();
  EXPECT_THAT(server.process().errors(), HasSubstr("stopping at once"));
  EXPECT_THAT(server.process().errors(), Not(HasSubstr("not everything could be sealed")))
      << "it did not wait for that";
}

}  // namespace
}  // namespace kseek::testing
