// Reindexing in the background: from the stored messages and from Kafka, cancelled, continued by the next process.
#include <gmock/gmock.h>

#include <atomic>
#include <fstream>
#include <sstream>
#include <thread>

#include "base/time.h"
#include "indexer/import.h"
#include "tests/indexer/world.h"

namespace kseek::indexer {
namespace {

namespace fs = std::filesystem;
using std::chrono::milliseconds;
using store::JobSource;
using store::JobState;
using ::testing::HasSubstr;

class JobsTest : public ::testing::Test {
 protected:
  void SetUp() override {
    world_.start();
    world_.create("orders", 3);
  }

  void open_with(int messages) {
    world_.open("orders");
    world_.send_many("orders", 3, messages);
    world_.wait_caught_up("orders");
  }

  JobStatus reindex(JobSource source, const std::string& from = "", uint64_t rate_limit = 0) {
    auto job = world_.indexer->jobs().reindex({"orders", source, from, rate_limit});
    EXPECT_TRUE(job) << describe(job.error());
    return job ? *job : JobStatus{};
  }

  JobStatus job(uint64_t id) {
    auto found = world_.indexer->jobs().find(id);
    EXPECT_TRUE(found) << describe(found.error());
    return found ? *found : JobStatus{};
  }

  JobStatus wait_ended(uint64_t id) {
    EXPECT_TRUE(eventually([&] { return job(id).ended(); })) << to_string(job(id).state) << ": " << job(id).note;
    return job(id);
  }

  void restart() {
    world_.stop();
    world_.start();
  }

  World world_;
};

TEST_F(JobsTest, FromTheStore) {
  open_with(3000);
  const auto before = world_.scan("orders");
  const auto blocks = world_.store->topic("orders")->view().blocks->size();
  ASSERT_TRUE(world_.store->topic("orders")->flush());
  const JobStatus asked = reindex(JobSource::kStore);
  EXPECT_EQ(asked.state, JobState::kQueued);
  const JobStatus done = wait_ended(asked.id);
  EXPECT_EQ(done.state, JobState::kDone) << done.reason;
  EXPECT_GT(done.messages_total, 0U);
  EXPECT_EQ(done.messages_done, done.messages_total);
  EXPECT_EQ(done.bytes_done, done.bytes_total);
  EXPECT_GE(done.finished, done.started);
  EXPECT_EQ(world_.scan("orders"), before);
  EXPECT_GE(world_.store->topic("orders")->view().blocks->size(), blocks);
  restart();
  EXPECT_EQ(job(asked.id).state, JobState::kDone) << "it is remembered";
  EXPECT_EQ(reindex(JobSource::kStore).id, asked.id + 1);
}

TEST_F(JobsTest, WhatCannotBe) {
  open_with(10);
  const auto code = [&](const ReindexRequest& request) {
    const auto job = world_.indexer->jobs().reindex(request);
    return job ? "queued" : std::string(to_string(job.error().code));
  };
  EXPECT_EQ(code({"others"}), "not_found");
  EXPECT_EQ(code({"orders", JobSource::kStore, "earliest"}), "invalid");
  EXPECT_EQ(code({"orders", JobSource::kKafka, "whenever"}), "invalid");
  EXPECT_EQ(world_.indexer->jobs().find(17).error().code, ErrorCode::kNotFound);
  EXPECT_EQ(world_.indexer->jobs().cancel(17).error().code, ErrorCode::kNotFound);
  EXPECT_TRUE(world_.indexer->jobs().all().empty());
}

TEST_F(JobsTest, OneATopicCancelledAndContinued) {
  world_.store_options.blocks.max_messages = 8;
  restart();
  open_with(3000);
  ASSERT_TRUE(world_.store->topic("orders")->flush());
  const auto before = world_.scan("orders");
  const uint64_t id = reindex(JobSource::kStore, "", 3'000).id;  // 15 KB in all: five seconds
  const auto second = world_.indexer->jobs().reindex({"orders"});
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().code, ErrorCode::kConflict);
  EXPECT_THAT(second.error().message, HasSubstr("job 1"));
  ASSERT_TRUE(eventually([&] { return job(id).messages_done > 0; }));
  EXPECT_EQ(job(id).state, JobState::kRunning);
  restart();
  EXPECT_EQ(job(id).state, JobState::kRunning) << "it goes on by itself";
  EXPECT_GT(world_.store->topic("orders")->rebuild()->messages_done, 0U) << "with what was built";
  const auto cancelled = world_.indexer->jobs().cancel(id);
  ASSERT_TRUE(cancelled) << describe(cancelled.error());
  EXPECT_EQ(cancelled->state, JobState::kCancelled);
  EXPECT_FALSE(world_.store->topic("orders")->rebuild());
  EXPECT_EQ(world_.indexer->jobs().cancel(id)->state, JobState::kCancelled) << "no effect";
  EXPECT_EQ(world_.scan("orders"), before);
  EXPECT_EQ(wait_ended(reindex(JobSource::kStore).id).state, JobState::kDone);
  EXPECT_EQ(world_.indexer->jobs().all().size(), 2U);
}

TEST_F(JobsTest, QueuedBehindAnotherTopicAndCancelledThere) {
  world_.create("others", 1);
  world_.open("others");
  open_with(300);
  world_.send_many("others", 1, 500);
  world_.wait_caught_up("others");
  ASSERT_TRUE(world_.store->topic("others")->flush());
  const auto slow = world_.indexer->jobs().reindex({"others", JobSource::kStore, "", 100});
  ASSERT_TRUE(slow) << describe(slow.error());
  const uint64_t id = reindex(JobSource::kStore).id;
  EXPECT_EQ(job(id).state, JobState::kQueued);
  EXPECT_EQ(world_.indexer->jobs().cancel(id)->state, JobState::kCancelled);
  ASSERT_TRUE(world_.indexer->close_topic("others"));
  EXPECT_EQ(job(slow->id).state, JobState::kCancelled) << "it goes with its topic";
}

/// Watches that at every moment every message up to where the topic was taken in is there once.
class Onlooker {
 public:
  explicit Onlooker(const World& world) : thread_([this, &world] { look(world); }) {}
  ~Onlooker() {
    stop_ = true;
    thread_.join();
    EXPECT_GT(looks_.load(), 0);
  }
  Onlooker(const Onlooker&) = delete;
  Onlooker& operator=(const Onlooker&) = delete;

 private:
  void look(const World& world) {
    size_t known = 0;
    while (!stop_) {
      const auto all = world.scan("orders");
      EXPECT_GE(all.size(), known) << "messages are missing";
      known = all.size();
      expect_whole(all, all.size());
      ++looks_;
    }
  }
  std::atomic<bool> stop_{false};
  std::atomic<int> looks_{0};
  std::thread thread_;
};

TEST_F(JobsTest, FromKafkaWhileMessagesComeInAndSearchesGoOn) {
  open_with(9000);
  auto old = world_.store->topic("orders");
  ASSERT_TRUE(old->flush());
  const auto old_view = old->view();
  {
    const Onlooker onlooker(world_);
    const uint64_t id = reindex(JobSource::kKafka).id;
    while (!job(id).ended()) world_.send_many("orders", 3, 30, "late");
    const JobStatus done = job(id);
    EXPECT_EQ(done.state, JobState::kDone) << done.reason;
    EXPECT_GE(done.messages_done, 9000U);
    EXPECT_EQ(done.messages_done, done.messages_total);
  }
  EXPECT_NE(world_.store->topic("orders"), old);
  EXPECT_EQ(world_.store->generation("orders"), nullptr);
  size_t old_messages = 0;
  old_view.blocks->for_each([&](const store::BlockMeta& meta) {
    const auto block = old->read_block(meta);
    ASSERT_TRUE(block && *block) << "who has a view of the old one reads on";
    old_messages += (*block)->size();
  });
  EXPECT_EQ(old_messages, 9000U);
  old.reset();
  world_.send_many("orders", 3, 30, "after");
  world_.wait_caught_up("orders");
  const auto all = world_.scan("orders");
  expect_whole(all, all.size());
  restart();
  world_.wait_caught_up("orders");
  EXPECT_EQ(world_.scan("orders"), all);
}

TEST_F(JobsTest, FromKafkaFromOffsetsOn) {
  open_with(300);
  EXPECT_EQ(wait_ended(reindex(JobSource::kKafka, "0:90,1:95").id).state, JobState::kDone);
  const auto all = world_.scan("orders");
  EXPECT_EQ(all.size(), 10U + 5U + 100U);
  EXPECT_EQ(world_.store->topic("orders")->config().from, "0:90,1:95");
  EXPECT_EQ(wait_ended(reindex(JobSource::kKafka).id).state, JobState::kDone);
  EXPECT_EQ(world_.scan("orders"), all) << "from where it began";
  EXPECT_EQ(wait_ended(reindex(JobSource::kKafka, "earliest").id).state, JobState::kDone);
  expect_whole(world_.scan("orders"), 300);
}

TEST_F(JobsTest, FromKafkaCancelledAndContinued) {
  open_with(6000);
  const auto before = world_.scan("orders");
  const uint64_t id = reindex(JobSource::kKafka, "", 1'000).id;  // 30 KB
  ASSERT_TRUE(eventually([&] { return job(id).messages_done > 0; }));
  restart();
  EXPECT_EQ(job(id).state, JobState::kRunning);
  ASSERT_NE(world_.store->generation("orders"), nullptr);
  ASSERT_TRUE(eventually([&] { return world_.status("orders").state == TopicState::kRunning; }));
  EXPECT_EQ(world_.scan("orders"), before);
  const auto cancelled = world_.indexer->jobs().cancel(id);
  ASSERT_TRUE(cancelled) << describe(cancelled.error());
  EXPECT_EQ(cancelled->state, JobState::kCancelled);
  EXPECT_EQ(world_.store->generation("orders"), nullptr);
  EXPECT_EQ(world_.scan("orders"), before);
}

TEST_F(JobsTest, FromKafkaGoesOnWithWhatWasRead) {
  open_with(6000);
  const uint64_t id = reindex(JobSource::kKafka, "", 30'000).id;  // 6,000 messages of about 5 bytes: a second
  ASSERT_TRUE(eventually([&] { return job(id).messages_done > 0; }));
  restart();
  EXPECT_EQ(wait_ended(id).state, JobState::kDone);
  expect_whole(world_.scan("orders"), 6000);
}

TEST_F(JobsTest, PausedTopicsStayPausedAndTakeOverTheirSettings) {
  open_with(300);
  ASSERT_TRUE(world_.indexer->pause_topic("orders"));
  EXPECT_EQ(wait_ended(reindex(JobSource::kKafka).id).state, JobState::kDone);
  EXPECT_EQ(world_.status("orders").state, TopicState::kPaused);
  expect_whole(world_.scan("orders"), 300);
  ASSERT_TRUE(world_.indexer->resume_topic("orders"));
  world_.send_many("orders", 3, 30);
  world_.wait_caught_up("orders");
  expect_whole(world_.scan("orders"), 330);
}

TEST_F(JobsTest, TheTopicCanBeChangedWhileItsNextGenerationTakesOver) {
  open_with(30);
  std::atomic<bool> enough{false};
  std::thread person([&] {
    for (int days = 1; !enough; days = days % 9 + 1) {
      const auto changed =
          world_.indexer->set_retention("orders", {store::Retention::Kind::kDuration, std::chrono::hours(24) * days});
      EXPECT_TRUE(changed) << describe(changed.error());
    }
  });
  for (int round = 0; round < 8; ++round) EXPECT_EQ(wait_ended(reindex(JobSource::kKafka).id).state, JobState::kDone);
  enough = true;
  person.join();
  ASSERT_TRUE(world_.indexer->close_topic("orders"));
}

TEST_F(JobsTest, WaitsForTheBroker) {
  open_with(300);
  world_.broker->set_down(true);
  const uint64_t id = reindex(JobSource::kKafka).id;
  ASSERT_TRUE(eventually([&] { return job(id).note.find("retr") != std::string::npos; })) << job(id).note;
  EXPECT_EQ(job(id).state, JobState::kRunning);
  world_.broker->set_down(false);
  EXPECT_EQ(wait_ended(id).state, JobState::kDone);
  EXPECT_EQ(job(id).note, "");
  expect_whole(world_.scan("orders"), 300);
}

/// Breaks one stored block in RocksDB's files. REQUIRES: nobody has them open.
bool damage_a_block(const fs::path& data) {
  for (const auto& entry : fs::directory_iterator(data / "db")) {
    if (entry.path().extension() != ".sst") continue;
    std::ifstream in(entry.path(), std::ios::binary);
    std::string bytes((std::istreambuf_iterator<char>(in)), std::istreambuf_iterator<char>());
    const size_t at = bytes.find("KSB3");
    if (at == std::string::npos) continue;
    for (size_t i = at + 12; i < at + 20; ++i) bytes[i] = static_cast<char>(~bytes[i]);
    std::ofstream(entry.path(), std::ios::binary) << bytes;
    return true;
  }
  return false;
}

TEST_F(JobsTest, FromKafkaMendsDamagedBlocks) {
  open_with(3000);
  ASSERT_TRUE(world_.store->topic("orders")->flush());
  world_.stop();
  world_.start();  // what was in RocksDB's log is in its files now
  world_.stop();
  ASSERT_TRUE(damage_a_block(world_.dir.path() / "data"));
  world_.start();
  world_.wait_caught_up("orders");
  const auto unreadable = [&] {
    size_t count = 0;
    const auto topic = world_.store->topic("orders");
    topic->view().blocks->for_each([&](const store::BlockMeta& meta) { count += topic->read_block(meta) ? 0 : 1; });
    return count;
  };
  EXPECT_EQ(unreadable(), 1U);
  const JobStatus rebuilt = wait_ended(reindex(JobSource::kStore).id);
  EXPECT_EQ(rebuilt.state, JobState::kDone);
  EXPECT_THAT(rebuilt.note, HasSubstr("--source kafka"));
  EXPECT_EQ(unreadable(), 1U);
  EXPECT_EQ(wait_ended(reindex(JobSource::kKafka).id).state, JobState::kDone);
  EXPECT_EQ(unreadable(), 0U);
  expect_whole(world_.scan("orders"), 3000);
}

TEST_F(JobsTest, OfAnImportedTopicSayThatNoKafkaHasDamagedBlocks) {
  store::TopicConfig config;
  config.name = "orders";
  config.source = store::Source::kImport;
  std::string dump;
  for (int i = 0; i < 3000; ++i) dump += R"({"partition":0,"payload":"n)" + std::to_string(i) + "\"}\n";
  {
    const auto topic = world_.store->create_topic(config);  // it keeps the store open
    ASSERT_TRUE(topic) << describe(topic.error());
    std::istringstream input(dump);
    ASSERT_TRUE(import_dump(**topic, input, "dump", {}, nullptr));
  }
  restart();
  world_.stop();
  ASSERT_TRUE(damage_a_block(world_.dir.path() / "data"));
  world_.start();
  const JobStatus rebuilt = wait_ended(reindex(JobSource::kStore).id);
  EXPECT_EQ(rebuilt.state, JobState::kDone);
  EXPECT_THAT(rebuilt.note, HasSubstr("import the dumps into a new topic"));
}

TEST_F(JobsTest, DoesNotLoseWhatKafkaHasExpiredWithoutAsking) {
  world_.compress(false);
  OpenRequest request;
  request.topic = "orders";
  request.retention.kind = store::Retention::Kind::kForever;
  ASSERT_TRUE(world_.indexer->open_topic(request));
  const std::string big(50'000, 'x');
  for (int i = 0; i < 200; ++i) {  // twice what the broker keeps of a partition
    ASSERT_TRUE(world_.producer->send(message_of("orders", 0, big + std::to_string(i)), kPatience));
    world_.wait_caught_up("orders");
  }
  const size_t kept = world_.scan("orders").size();
  EXPECT_EQ(kept, 200U);
  const JobStatus refused = wait_ended(reindex(JobSource::kKafka).id);
  EXPECT_EQ(refused.state, JobState::kFailed);
  EXPECT_THAT(refused.reason, HasSubstr("--from earliest"));
  EXPECT_EQ(world_.scan("orders").size(), kept);
  EXPECT_EQ(wait_ended(reindex(JobSource::kKafka, "earliest").id).state, JobState::kDone);
  EXPECT_LT(world_.scan("orders").size(), kept);
}

}  // namespace
}  // namespace kseek::indexer
