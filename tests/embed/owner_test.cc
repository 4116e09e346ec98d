// The library as a directory's owner: topics tailed in this process, from a broker in another; and a reader beside it.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <kseek/kseek.h>

#include <chrono>
#include <string>

#include "tests/system/system.h"

namespace kseek::testing {
namespace {

using ::testing::HasSubstr;

constexpr std::chrono::seconds kPatience{60};

class OwnerTest : public ::testing::Test {
 protected:
  OwnerTest()
      : broker_(kseek_arguments({"broker", "--topic", "orders:2", "--topic", "logs:1"})),
        address_(broker_.read_line().value_or("")) {}

  Owner own() {
    OwnerOptions options;
    options.brokers = address_;
    options.kafka["fetch.wait.max.ms"] = "10";
    auto owner = Owner::open(dir_.file("data"), options);
    if (!owner) throw std::runtime_error(owner.error().message);
    return *std::move(owner);
  }
  void send(const std::string& topic, const std::string& lines) const {
    const Finished sent = run({"kcat", "-P", "-b", address_, "-t", topic, "-p", "0", "-K", "="}, lines);
    if (sent.code != 0) throw std::runtime_error(sent.err);
  }
  static SearchRequest ask(const std::string& topic, const std::string& text) {
    SearchRequest request;
    request.topics = {topic};
    request.text = text;
    return request;
  }

  TempDir dir_;
  Process broker_;
  std::string address_;
};

TEST_F(OwnerTest, TailsAndSearches) {
  send("orders", "order-1=payment timeout\norder-2=paid\n");
  Owner owner = own();
  OpenRequest open;
  open.topic = "orders";
  open.retention = "3d";
  open.labels = {"shop"};
  ASSERT_TRUE(owner.open_topic(open));
  EXPECT_EQ(owner.open_topic(open).error().code, ErrorCode::kConflict);
  ASSERT_TRUE(owner.wait_caught_up("orders", kPatience));
  SearchAnswer answer = owner.search(ask("orders", "timeout")).value();
  ASSERT_EQ(answer.hits.size(), 1U);
  EXPECT_EQ(answer.hits[0].message.key, "order-1");
  EXPECT_TRUE(eventually([&] { return owner.search(ask("orders", "paid")).value().complete; }));
  EXPECT_TRUE(eventually([&] { return owner.status("orders").value().state == TopicState::kRunning; }));

  ASSERT_TRUE(owner.pause_topic("orders"));
  EXPECT_EQ(owner.status("orders").value().state, TopicState::kPaused);
  send("orders", "order-3=payment refused\n");
  ASSERT_TRUE(owner.resume_topic("orders"));
  ASSERT_TRUE(owner.wait_caught_up("orders", kPatience));
  EXPECT_EQ(owner.search(ask("orders", "payment")).value().hits.size(), 2U);
  EXPECT_EQ(owner.topic("orders").value().labels, open.labels);

  ASSERT_TRUE(owner.close_topic("orders"));
  EXPECT_EQ(owner.search(ask("orders", "payment")).error().code, ErrorCode::kNotFound);
  EXPECT_TRUE(owner.statuses().empty());
}

TEST_F(OwnerTest, ARefreshedReaderSeesWhatIsOnDisk) {
  Owner owner = own();
  OpenRequest open;
  open.topic = "logs";
  ASSERT_TRUE(owner.open_topic(open));
  send("logs", "a=first entry\n");
  ASSERT_TRUE(owner.wait_caught_up("logs", kPatience));
  ASSERT_TRUE(owner.flush("logs"));
  auto reader = Reader::open(dir_.file("data"));
  ASSERT_TRUE(reader) << reader.error().message;
  const SearchAnswer before = reader->search(ask("logs", "entry")).value();
  EXPECT_EQ(before.hits.size(), 1U);
  EXPECT_FALSE(before.complete) << "a reader does not know where the log ends";
  EXPECT_FALSE(before.incomplete_because.empty());

  send("logs", "b=second entry\n");
  ASSERT_TRUE(owner.wait_caught_up("logs", kPatience));
  EXPECT_EQ(owner.search(ask("logs", "entry")).value().hits.size(), 2U) << "the owner finds it at once";
  ASSERT_TRUE(reader->refresh());
  EXPECT_EQ(reader->search(ask("logs", "entry")).value().hits.size(), 1U) << "not on disk yet";
  ASSERT_TRUE(owner.flush("logs"));
  ASSERT_TRUE(reader->refresh());
  EXPECT_EQ(reader->search(ask("logs", "entry")).value().hits.size(), 2U);
}

TEST_F(OwnerTest, AStreamGoesOnOverARefresh) {
  Owner owner = own();
  OpenRequest open;
  open.topic = "logs";
  ASSERT_TRUE(owner.open_topic(open));
  std::string lines;
  for (int i = 0; i < 12; ++i) lines += "k=entry\n";
  send("logs", lines);
  ASSERT_TRUE(owner.wait_caught_up("logs", kPatience));
  ASSERT_TRUE(owner.flush("logs"));
  auto reader = Reader::open(dir_.file("data"));
  ASSERT_TRUE(reader) << reader.error().message;
  HitStream stream = reader->find(ask("logs", "entry"));
  EXPECT_EQ(stream.next().value()->message.offset, 11);
  send("logs", lines);
  ASSERT_TRUE(owner.wait_caught_up("logs", kPatience));
  ASSERT_TRUE(owner.flush("logs"));
  ASSERT_TRUE(reader->refresh());
  for (int64_t offset = 10; offset >= 0; --offset) {
    const auto hit = stream.next().value();
    ASSERT_TRUE(hit) << offset;
    EXPECT_EQ(hit->message.offset, offset) << "what came later is not part of this search";
  }
  EXPECT_FALSE(stream.next().value());
  EXPECT_EQ(reader->search(ask("logs", "entry")).value().hits[0].message.offset, 23);
}

TEST_F(OwnerTest, RefusesWhatMakesNoSense) {
  Owner owner = own();
  const auto second = Owner::open(dir_.file("data"));
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().code, ErrorCode::kConflict);
  OpenRequest open;
  open.topic = "a b";
  EXPECT_EQ(owner.open_topic(open).error().code, ErrorCode::kInvalid);
  open.topic = "orders";
  open.retention = "soon";
  EXPECT_EQ(owner.open_topic(open).error().code, ErrorCode::kInvalid);
  open.retention = "follow";
  open.from = "nowhere";
  EXPECT_EQ(owner.open_topic(open).error().code, ErrorCode::kInvalid);
  for (const auto& refused : {owner.pause_topic("none"), owner.resume_topic("none"), owner.close_topic("none"),
                              owner.flush("none"), owner.wait_caught_up("none", kPatience)}) {
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, ErrorCode::kNotFound);
  }
  EXPECT_EQ(owner.status("none").error().code, ErrorCode::kNotFound);
  OwnerOptions options;
  options.brokers = address_;
  options.kafka["no.such.property"] = "1";
  const auto wrong = Owner::open(dir_.file("other"), options);
  ASSERT_FALSE(wrong);
  EXPECT_THAT(wrong.error().message, HasSubstr("no.such.property"));
}

/// Without Kafka what is there can be searched; without the first owner the second one goes on.
TEST_F(OwnerTest, AnotherOwnerGoesOn) {
  {
    Owner owner = own();
    OpenRequest open;
    open.topic = "logs";
    ASSERT_TRUE(owner.open_topic(open));
    send("logs", "a=first entry\n");
    ASSERT_TRUE(owner.wait_caught_up("logs", kPatience));
  }
  auto alone = Owner::open(dir_.file("data"));
  ASSERT_TRUE(alone) << alone.error().message;
  EXPECT_EQ(alone->search(ask("logs", "entry")).value().hits.size(), 1U);
  EXPECT_EQ(alone->status("logs").value().state, TopicState::kStarting);
  EXPECT_FALSE(alone->search(ask("logs", "entry")).value().complete);
}

}  // namespace
}  // namespace kseek::testing
