#include "tests/faults/fault_world.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <csignal>
#include <random>

namespace kseek::testing {

FaultWorld::FaultWorld(int partitions, const std::string& config)
    : partitions_(partitions),
      broker_(kseek_arguments({"broker", "--topic", fmt::format("orders:{}", partitions)})),
      address_(broker_.read_line().value_or("")) {
  write_file(scratch_.file("kseek.toml"), config);
  auto producer = indexer::Producer::create(address_, {});
  EXPECT_TRUE(producer);
  producer_ = *std::move(producer);
}

std::string FaultWorld::small_blocks() {
  return R"([store]
block_max_messages = 50
blocks_per_segment = 2
merge_width = 3
write_buffer_bytes = 1048576
[indexer]
seal_after = "200ms"
watermark_interval = "50ms"
workers = 2
)";
}

void FaultWorld::start(const std::vector<std::string>& environment) {
  server_.reset();
  server_ = std::make_unique<ServerProcess>(data(), address_, scratch_.file("kseek.toml"), environment);
  ASSERT_TRUE(server_->ready()) << server_->process().errors();
}

void FaultWorld::open(const std::string& retention) {
  const auto body = fmt::format(R"({{"topic":"orders","retention":"{}"}})", retention);
  const RawAnswer opened = server_->call("POST", "/api/v1/topics", body);
  ASSERT_EQ(opened.status, 201) << opened.body;
}

int FaultWorld::stop() {
  server_->process().signal(SIGTERM);
  return server_->process().wait(std::chrono::seconds(40)).value_or(-1);
}

void FaultWorld::produce(int count, size_t bytes) {
  static constexpr char kLetters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789zZ";
  for (int i = 0; i < count; ++i, ++produced_) {
    std::mt19937_64 random(static_cast<uint64_t>(produced_));
    std::string value = fmt::format("word{} number n{} ", produced_ % 7, produced_);
    while (value.size() < bytes) value += kLetters[random() % 64];
    EXPECT_TRUE(producer_->enqueue({"orders", PartitionId{produced_ % partitions_}, key_of(produced_), value, {}, {}}));
  }
  EXPECT_TRUE(producer_->flush(std::chrono::seconds(60)));
}

Json FaultWorld::wait_for_state(const std::string& state, std::chrono::seconds limit) {
  Json last;
  EXPECT_TRUE(eventually(
      [&] {
        last = details();
        return last["state"] == state;
      },
      limit))
      << last.dump(2) << server_->process().errors();
  return last;
}

void FaultWorld::wait_until_taken_in() {
  ASSERT_TRUE(eventually([&] { return server_->taken_in("orders") == produced_; }))
      << server_->taken_in("orders") << " of " << produced_ << server_->get("/api/v1/topics/orders").body;
}

double FaultWorld::metric(const std::string& name) const {
  const std::string body = "\n" + server_->get("/metrics").body;
  const size_t at = body.find("\n" + name + " ");
  return at == std::string::npos ? -1 : std::stod(body.substr(at + name.size() + 2));
}

void FaultWorld::expect_each_once() {
  wait_until_taken_in();
  ASSERT_TRUE(eventually([&] {
    return server_->get("/api/v1/search?topic=orders&limit=1").json()["complete"] == true;
  })) << server_->get("/api/v1/search?topic=orders&limit=1").body;
  std::vector<int> seen(static_cast<size_t>(produced_), 0);
  ASSERT_TRUE(for_each_hit(server_->url(), "/api/v1/search?topic=orders", [&](const Json& hit) {
    const int number = std::stoi(hit["key"].get<std::string>().substr(3));
    ASSERT_EQ(hit["partition"], number % partitions_);
    ++seen.at(static_cast<size_t>(number));
  }));
  for (size_t number = 0; number < seen.size(); ++number) ASSERT_EQ(seen[number], 1) << "message " << number;
}

}  // namespace kseek::testing
