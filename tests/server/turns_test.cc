// Searches that wait are taken by turns of the clients: who has sent many does not keep the others waiting for all.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <future>

#include "server/tokens.h"
#include "server/work_pool.h"
#include "tests/server/event_reader.h"
#include "tests/server/world.h"

namespace kseek::testing {
namespace {

using ::testing::ElementsAre;

TEST(Turns, JobsThatWaitAreTakenByTurnsOfTheirClients) {
  server::WorkPool pool(1, 7);
  std::promise<void> begun;
  std::promise<void> go;
  ASSERT_TRUE(pool.try_submit("first", [&] {
    begun.set_value();
    go.get_future().wait();
  }));
  begun.get_future().wait();
  std::vector<std::string> done;  // on the pool's one thread
  const auto submit = [&](const std::string& client, const std::string& name) {
    return pool.try_submit(client, [&done, name] { done.push_back(name); });
  };
  for (const char* name : {"a1", "a2", "a3", "b1", "c1", "a4", "b2"}) ASSERT_TRUE(submit(std::string(1, *name), name));
  EXPECT_FALSE(submit("d", "d1")) << "as many wait as may";
  go.set_value();
  pool.stop();
  EXPECT_THAT(done, ElementsAre("a1", "b1", "c1", "a2", "b2", "a3", "a4"));
}

/// Two owners of tokens on one search thread.
class TwoClients : public ::testing::Test {
 protected:
  void SetUp() override {
    std::vector<server::TokenRecord> records;
    for (auto* header : {&many_, &one_}) {
      auto made = server::make_token(header == &many_ ? "many" : "one", server::Role::kOperate, {"*"});
      ASSERT_TRUE(made);
      *header = "Authorization: Bearer " + made->token + "\r\n";
      records.push_back(made->record);
    }
    ASSERT_TRUE(server::write_tokens(dir_.file("tokens"), records));
    server::ServerOptions options;
    options.listen = "127.0.0.1:0";
    options.search_threads = 1;
    options.search_deadline = std::chrono::milliseconds(200);  // however slow the machine is
    options.tokens_file = dir_.file("tokens");
    world_ = std::make_unique<World>(options);
    ASSERT_TRUE(world_->broker().create_topic("busy", 2));
    ASSERT_EQ(http(world_->url(), "POST", "/api/v1/topics", R"({"topic":"busy"})", one_).status, 201);
    std::vector<indexer::OutgoingMessage> messages;
    for (int i = 0; i < 40; ++i) messages.push_back({"busy", PartitionId{i % 2}, "k", noise(i), {}, {}});
    world_->send_all("busy", messages);
  }

  /// 5,000 letters, in which the expression below keeps its automaton busy.
  static std::string noise(int seed) {
    std::string text;
    for (uint64_t state = 1 + static_cast<uint64_t>(seed); text.size() < 5'000;
         state = state * 6364136223846793005 + 1) {
      text += (state >> 40) % 2 == 0 ? 'a' : 'b';
    }
    return text;
  }
  /// value:/a[ab]{60}c/: every message is read, none fits.
  static constexpr const char* kSlow = "/api/v1/search?topic=busy&q=value%3A%2Fa%5Bab%5D%7B60%7Dc%2F";

  [[nodiscard]] RawConnection ask(const std::string& who) const {
    RawConnection connection(world_->url());
    EXPECT_TRUE(connection.send(request_text("GET", kSlow, "", who)));
    return connection;
  }

  TempDir dir_;
  std::string many_, one_;
  std::unique_ptr<World> world_;
};

TEST_F(TwoClients, OneSearchDoesNotWaitForAllOfTheOther) {
  constexpr size_t kMany = 60;
  std::vector<RawConnection> many;
  for (size_t i = 0; i < kMany; ++i) many.push_back(ask(many_));
  RawConnection one = ask(one_);
  const auto answer = one.read_answer();
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->status, 200) << answer->body;
  const auto waiting = std::count_if(many.begin(), many.end(), [](const RawConnection& c) { return c.idle(); });
  EXPECT_GT(waiting, 10) << "it waited for nearly all that came before";
}

TEST_F(TwoClients, GaugesSayWhatIsInFlight) {
  const auto metric = [&](const std::string& name) {
    const std::string text = "\n" + http(world_->url(), "GET", "/metrics", "", one_).body;
    const size_t at = text.find("\n" + name + " ");
    EXPECT_NE(at, std::string::npos) << name;
    return at == std::string::npos ? -1.0 : std::stod(text.substr(at + name.size() + 2));
  };
  EXPECT_EQ(metric("kseek_searches_in_flight"), 0);
  EXPECT_EQ(metric("kseek_searches_in_flight_max"), 512);
  EXPECT_GE(metric("kseek_http_connections_max"), 16) << "as the limit of open files permits";
  const EventReader first(world_->url(), "/api/v1/search?topic=busy&q=x&follow=1", one_);
  const EventReader second(world_->url(), "/api/v1/search?topic=busy&q=x&follow=1", many_);
  ASSERT_EQ(first.head().status, 200);
  ASSERT_EQ(second.head().status, 200);
  EXPECT_EQ(metric("kseek_searches_in_flight"), 2);
  EXPECT_GE(metric("kseek_http_connections"), 3);
}

}  // namespace
}  // namespace kseek::testing
