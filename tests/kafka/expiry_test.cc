// What Kafka no longer has is not found any more: records deleted, retention by size and time, compaction.
#include <algorithm>

#include "base/time.h"
#include "tests/kafka/kafka_test.h"

namespace kseek::kafka_test {
namespace {

class Expiry : public KafkaTest {
 protected:
  /// Answers hold exactly the offsets from Kafka's low watermark to its high one.
  void expect_what_kafka_has() {
    Admin::Watermarks marks;
    Answer last;
    EXPECT_TRUE(eventually([&] {
      marks = admin->watermarks(topic, 0);
      last = search();
      return last.complete && admin->watermarks(topic, 0).low == marks.low && last.offsets() == range(marks);
    })) << last.why_not
        << " Kafka has " << marks.low << " to " << marks.high << ", found " << last.hits.size() << " from "
        << (last.hits.empty() ? -1 : last.hits.front().offset);
  }

  static std::vector<int64_t> range(const Admin::Watermarks& marks) {
    std::vector<int64_t> all;
    for (int64_t offset = marks.low; offset < marks.high; ++offset) all.push_back(offset);
    return all;
  }
};

TEST_F(Expiry, DeletedRecordsVanishFromAnswers) {
  create(1);
  send_many(200);
  start();
  open();
  ASSERT_TRUE(eventually([this] { return search().hits.size() == 200; }));
  ASSERT_OK(admin->delete_records(topic, 0, 150));
  const auto deleted = std::chrono::steady_clock::now();
  ASSERT_TRUE(eventually([this] { return search().hits.size() == 50; }));
  const auto took = std::chrono::steady_clock::now() - deleted;
  EXPECT_LT(took, options.watermark_interval + milliseconds(1'000));
  expect_what_kafka_has();
  EXPECT_TRUE(search("m149").hits.empty());
  EXPECT_EQ(search("m150").hits.size(), 1U);
  ASSERT_OK(admin->delete_records(topic, 0, 200));
  expect_found({});
  send("after");
  expect_found({"after"});
}

TEST_F(Expiry, DeletedRecordsThatWereNotTakenInYet) {
  create(1);
  send_many(10, "old");
  start();
  open();
  ASSERT_TRUE(eventually([this] { return search().hits.size() == 10; }));
  ASSERT_OK(indexer->pause_topic(topic));
  send_many(10, "gone");
  send_many(3, "kept");
  ASSERT_OK(admin->delete_records(topic, 0, 20));
  ASSERT_OK(indexer->resume_topic(topic));
  expect_found(numbered(3, "kept"));
  EXPECT_TRUE(eventually([this] { return status().state == TopicState::kRunning; })) << status().reason;
}

TEST_F(Expiry, EverythingDeletedWhileStopped) {
  create(1);
  send_many(10, "old");
  start();
  open();
  ASSERT_TRUE(eventually([this] { return search().hits.size() == 10; }));
  stop();
  send_many(5, "unseen");
  ASSERT_OK(admin->delete_records(topic, 0, 15));
  start();
  expect_found({});
  send("after");
  expect_found({"after"});
}

TEST_F(Expiry, RetentionBySize) {
  create(1, {{"segment.bytes", "65536"}, {"retention.bytes", "262144"}, {"compression.type", "uncompressed"}});
  const std::string filler(4'000, 'x');
  renew_producer({{"batch.size", "16384"}});  // a batch fits into a segment
  start();
  open();
  for (int round = 0; round < 5; ++round) send_many(40, "r" + std::to_string(round) + "n", " " + filler);
  ASSERT_TRUE(eventually([this] { return admin->watermarks(topic, 0).low > 100; }));
  expect_what_kafka_has();
  EXPECT_TRUE(search("r0n0").hits.empty());
  EXPECT_EQ(search("r4n39").hits.size(), 1U);
}

TEST_F(Expiry, RetentionByTimeAndItsChange) {
  create(1, {{"segment.ms", "200"}, {"retention.ms", "86400000"}});
  for (int i = 0; i < 20; ++i) {
    OutgoingMessage message = message_of(topic, 0, "m" + std::to_string(i));
    message.timestamp = Timestamp{now().ms - 7'200'000};
    send(message);
  }
  start();
  open();
  expect_found(numbered(20));
  ASSERT_OK(admin->configure_topic(topic, {{"segment.ms", "200"}, {"retention.ms", "3600000"}}));
  send("young");
  ASSERT_TRUE(eventually([this] { return admin->watermarks(topic, 0).low == 20; }));
  expect_found({"young"});
}

/// Compaction removes offsets in the middle, and the low watermark doesn't say so.
class Compaction : public Expiry {
 protected:
  void SetUp() override {
    Expiry::SetUp();
    options.compaction_interval = milliseconds(300);
    store_options.blocks.max_messages = 8;
  }
  static Settings compacted(const std::string& segment_ms) {
    return {{"cleanup.policy", "compact"},
            {"segment.ms", segment_ms},
            {"min.cleanable.dirty.ratio", "0.01"},
            {"delete.retention.ms", "0"}};
  }
  void create_compacted(const std::string& segment_ms = "100") { create(1, compacted(segment_ms)); }
  int64_t send_keyed(const std::string& key, const std::optional<std::string>& value) const {
    OutgoingMessage message = message_of(topic, 0, "");
    message.key = key;
    message.value = value;
    return send(message);
  }
  /// Sends until Kafka has cleaned everything below `first`: a segment is rolled, and then cleaned, when messages come
  /// after its time.
  void wait_cleaned(int64_t first) {
    ASSERT_TRUE(eventually([&] {
      send_keyed("roller", "roll");
      const auto kept = admin->read_all(topic, 0);
      return !kept.empty() && kept.front() >= first;
    }));
  }
  /// Answers hold exactly the offsets that another consumer reads.
  void expect_what_kafka_reads() {
    std::vector<int64_t> kept;
    Answer last;
    EXPECT_TRUE(eventually([&] {
      kept = admin->read_all(topic, 0);
      last = search();
      return last.complete && last.offsets() == kept && admin->read_all(topic, 0) == kept;
    })) << last.why_not
        << " Kafka has " << kept.size() << ", found " << last.hits.size();
    EXPECT_EQ(store->topic(topic)->stats().messages, last.hits.size());
  }
};

TEST_F(Compaction, RemovedOffsetsDisappearFromAnswers) {
  create_compacted();
  start();
  open();
  for (int round = 0; round < 3; ++round) {
    for (int key = 0; key < 5; ++key) send_keyed("key" + std::to_string(key), "round" + std::to_string(round));
  }
  ASSERT_TRUE(eventually([this] { return search().hits.size() == 15; }));
  wait_cleaned(10);
  expect_what_kafka_reads();
  EXPECT_TRUE(search("round0").hits.empty());
  EXPECT_EQ(search("round2").offsets(), (std::vector<int64_t>{10, 11, 12, 13, 14}));
  EXPECT_TRUE(eventually([this] { return status().state == TopicState::kRunning && status().lag == 0; }));
  // A tombstone, and then it is cleaned away itself.
  const int64_t tombstone = send_keyed("key0", std::nullopt);
  ASSERT_TRUE(eventually([&] {
    send_keyed("roller", "roll");
    const auto kept = admin->read_all(topic, 0);
    return std::find(kept.begin(), kept.end(), tombstone) == kept.end();
  }));
  expect_what_kafka_reads();
  stop();
  start();
  expect_what_kafka_reads();
}

/// Sealed before Kafka cleans: three of four messages go from each block, and what is left is written as fewer blocks.
TEST_F(Compaction, MostlyEmptyBlocksAreWrittenAnew) {
  constexpr int kMessages = 200;
  create_compacted("3600000");
  start();
  open();
  for (int i = 0; i < kMessages; ++i) {
    send_keyed(i % 4 == 0 ? "kept" + std::to_string(i) : "hot", "m" + std::to_string(i));
  }
  const auto stats = [this] { return store->topic(topic)->stats(); };
  ASSERT_TRUE(eventually([&] { return stats().blocks == kMessages / 8; }));
  EXPECT_EQ(stats().activity.blocks_rewritten, 0U);
  ASSERT_OK(admin->configure_topic(topic, compacted("100")));
  ASSERT_TRUE(eventually([&] {
    send_keyed("roller", "roll");
    return admin->read_all(topic, 0).size() < kMessages / 2;
  }));
  ASSERT_TRUE(eventually([&] { return stats().activity.blocks_rewritten >= 20; })) << stats().blocks << " blocks";
  expect_what_kafka_reads();
  EXPECT_LE(stats().blocks, 13U);
  EXPECT_EQ(search("m4").offsets(), (std::vector<int64_t>{4}));
  EXPECT_EQ(search("m196").offsets(), (std::vector<int64_t>{196}));
  EXPECT_TRUE(search("m5").hits.empty());
  stop();
  start();
  expect_what_kafka_reads();
  EXPECT_EQ(search("m4").offsets(), (std::vector<int64_t>{4}));
}

TEST_F(Compaction, ATopicWithARetentionOfItsOwnKeepsWhatKafkaRemoves) {
  create_compacted();
  start();
  open();
  ASSERT_OK(indexer->set_retention(topic, {store::Retention::Kind::kForever, {}}));
  send_keyed("a", "first");
  send_keyed("a", "second");
  ASSERT_TRUE(eventually([this] { return status().kafka && status().kafka->compacts(); }));
  wait_cleaned(1);
  EXPECT_EQ(search("first").hits.size(), 1U);
  // Following again.
  ASSERT_OK(indexer->set_retention(topic, {}));
  EXPECT_TRUE(eventually([this] { return search("first").hits.empty(); }));
  EXPECT_EQ(search("second").hits.size(), 1U);
}

TEST_F(Expiry, KafkasSettingsAreKnownAndFollowed) {
  create(1, {{"retention.ms", "3600000"}, {"retention.bytes", "1048576"}});
  start();
  open();
  const auto effective = [this] { return indexer::effective_retention(store->topic(topic)->config(), status().kafka); };
  EXPECT_TRUE(eventually([&] {
    return effective() == "as long as Kafka has them: 1h, up to 1048576 bytes a partition";
  })) << effective();
  ASSERT_OK(admin->configure_topic(topic, {{"retention.ms", "7200000"}, {"cleanup.policy", "compact,delete"}}));
  EXPECT_TRUE(eventually([&] {
    return effective() == "as long as Kafka has them: 2h, the newest message of each key";
  })) << effective();
  const auto events = store->topic(topic)->events();
  ASSERT_FALSE(events.empty());
  EXPECT_NE(events.back().text.find("retention.ms 3600000 to 7200000"), std::string::npos) << events.back().text;
}

TEST_F(Expiry, ARetentionOfItsOwnOutlivesKafkas) {
  create(1);
  send_many(20);
  start();
  open();
  expect_found(numbered(20));
  ASSERT_OK(indexer->set_retention(topic, {store::Retention::Kind::kForever, {}}));
  ASSERT_OK(admin->delete_records(topic, 0, 20));
  send("after");
  ASSERT_TRUE(eventually([this] { return search("after").hits.size() == 1; }));
  ASSERT_TRUE(eventually([this] { return store->topic(topic)->view().partitions[0].log_start == Offset{20}; }));
  EXPECT_EQ(search().hits.size(), 21U);
  // Shorter than Kafka's, by the messages' time.
  OutgoingMessage old = message_of(topic, 0, "old");
  old.timestamp = Timestamp{now().ms - 7'200'000};
  send(old);
  ASSERT_TRUE(eventually([this] { return search("old").hits.size() == 1; }));
  ASSERT_OK(indexer->set_retention(topic, {store::Retention::Kind::kDuration, std::chrono::hours(1)}));
  EXPECT_TRUE(search("old").hits.empty());
  EXPECT_EQ(search("after").hits.size(), 1U);
  ASSERT_OK(indexer->set_retention(topic, {}));
  EXPECT_EQ(search().values(), (std::vector<std::string>{"old", "after"}));
}

}  // namespace
}  // namespace kseek::kafka_test
