// Dumps as `kcat -J` writes them, loaded without a broker.
#include "indexer/import.h"

#include <gtest/gtest.h>

#include <array>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <map>
#include <random>
#include <set>
#include <sstream>

#include "base/time.h"
#include "tests/indexer/world.h"

namespace kseek::indexer {
namespace {

class ImportTest : public ::testing::Test {
 protected:
  void SetUp() override {
    store::StoreOptions options;
    options.blocks.max_messages = 64;
    auto opened = store::Store::open(dir_.path() / "data", store::OpenMode::kOwner, options);
    ASSERT_TRUE(opened) << describe(opened.error());
    store_ = *std::move(opened);
    store::TopicConfig config;
    config.name = "dump";
    config.source = store::Source::kImport;
    auto created = store_->create_topic(config);
    ASSERT_TRUE(created) << describe(created.error());
    topic_ = *created;
  }

  Result<ImportStats> import(const std::string& text, const ImportOptions& options = {}) {
    std::istringstream input(text);
    return import_dump(*topic_, input, "test.jsonl", options, nullptr);
  }

  TempDir dir_;
  std::unique_ptr<store::Store> store_;
  std::shared_ptr<store::TopicStore> topic_;
};

std::string line(int partition, int64_t offset, const std::string& payload) {
  return R"({"topic":"t","partition":)" + std::to_string(partition) + R"(,"offset":)" + std::to_string(offset) +
         R"(,"tstype":"create","ts":1700000000000,"broker":1,"key":"k","payload":")" + payload + "\"}\n";
}

using OffsetsByPartition = std::map<int, std::set<int64_t>>;

OffsetsByPartition offsets_of(const std::vector<Found>& messages) {
  OffsetsByPartition offsets;
  for (const auto& message : messages) {
    EXPECT_TRUE(offsets[message.partition].insert(message.offset).second) << "it is there twice";
  }
  return offsets;
}

void expect_refused(const Result<ImportStats>& stats, const std::string& line, const std::string& place) {
  ASSERT_FALSE(stats) << "it was not stored";
  EXPECT_EQ(stats.error().code, ErrorCode::kConflict);
  EXPECT_NE(stats.error().message.find("test.jsonl, line " + line + ": " + place), std::string::npos)
      << stats.error().message;
  EXPECT_NE(stats.error().hint.find("new topic"), std::string::npos) << stats.error().hint;
}

std::string output_of(const std::string& command) {
  std::string out;
  FILE* pipe = popen(command.c_str(), "r");
  if (pipe == nullptr) return out;
  std::array<char, 65536> buffer{};
  while (const size_t n = fread(buffer.data(), 1, buffer.size(), pipe)) out.append(buffer.data(), n);
  pclose(pipe);
  return out;
}

TEST_F(ImportTest, LoadsSealsAndIndexes) {
  std::string dump;
  for (int i = 0; i < 1'000; ++i) dump += line(i % 3, i / 3, "value " + std::to_string(i));
  const auto stats = import(dump);
  ASSERT_TRUE(stats) << describe(stats.error());
  EXPECT_EQ(stats->messages, 1'000U);
  EXPECT_EQ(stats->input_bytes, dump.size());
  expect_whole(scan(*topic_), 1'000);
  const auto after = topic_->stats();
  EXPECT_EQ(after.frozen_blocks, 0U);
  EXPECT_EQ(after.unindexed_blocks, 0U);
  EXPECT_GT(after.blocks, 0U);
  const auto view = topic_->view();
  EXPECT_TRUE(view.memory.empty());
  for (const auto& partition : view.partitions) EXPECT_EQ(partition.end, partition.indexed_to) << "it is complete";

  const auto again = import(dump);
  ASSERT_TRUE(again);
  EXPECT_EQ(again->messages, 0U);
  EXPECT_EQ(again->duplicates, 1'000U);
  expect_whole(scan(*topic_), 1'000);
}

TEST_F(ImportTest, OffsetsAreKeptAndCountedOnWhereThereAreNone) {
  const auto stats = import(line(2, 500, "a") + "\n  \r\n" + R"({"payload":"b"})" + "\n" + R"({"payload":"c"})" + "\n" +
                            R"({"partition":2,"payload":"d"})");
  ASSERT_TRUE(stats) << describe(stats.error());
  const auto all = scan(*topic_);
  ASSERT_EQ(all.size(), 4U);
  EXPECT_EQ(std::tie(all[0].partition, all[0].offset, *all[0].value), std::make_tuple(0, 0, "b"));
  EXPECT_EQ(std::tie(all[1].partition, all[1].offset, *all[1].value), std::make_tuple(0, 1, "c"));
  EXPECT_EQ(std::tie(all[2].partition, all[2].offset, *all[2].value), std::make_tuple(2, 500, "a"));
  EXPECT_EQ(std::tie(all[3].partition, all[3].offset, *all[3].value), std::make_tuple(2, 501, "d"));
}

TEST_F(ImportTest, ABadLineIsNamedAndWhatCameBeforeStays) {
  const auto stats = import(line(0, 0, "a") + line(0, 1, "b") + "not json\n" + line(0, 2, "c"));
  ASSERT_FALSE(stats);
  EXPECT_EQ(stats.error().code, ErrorCode::kInvalid);
  EXPECT_NE(stats.error().message.find("test.jsonl, line 3"), std::string::npos) << stats.error().message;
  expect_whole(scan(*topic_), 2);
}

TEST_F(ImportTest, TheLastProgressIsWhatWasLoadedAlsoWhenItEndsEarly) {
  std::istringstream input(line(0, 0, "a") + R"({"payload":"b"})" + "\n" + line(0, 0, "a") + line(0, 9, "c") +
                           line(0, 5, "late") + line(0, 10, "not reached"));
  ImportStats last;
  ASSERT_FALSE(import_dump(*topic_, input, "test.jsonl", {}, [&](const ImportStats& stats) { last = stats; }));
  EXPECT_EQ(last.messages, 3U);
  EXPECT_EQ(last.duplicates, 1U);
  EXPECT_EQ(last.numbered, 1U);
}

TEST_F(ImportTest, JsonThatIsNoDumpIsRefused) {
  const auto stats = import(line(0, 0, "a") + R"({"order_id":1,"event":"paid"})" + "\n");
  ASSERT_FALSE(stats);
  EXPECT_EQ(stats.error().code, ErrorCode::kInvalid);
  EXPECT_NE(stats.error().message.find("test.jsonl, line 2"), std::string::npos) << stats.error().message;
  EXPECT_NE(stats.error().hint.find("kcat -C -t TOPIC -e -J"), std::string::npos) << stats.error().hint;
  expect_whole(scan(*topic_), 1);
}

TEST_F(ImportTest, AByteOrderMarkIsNotPartOfTheFirstLine) {
  const std::string mark = "\xef\xbb\xbf";
  const auto stats = import(mark + line(0, 0, "a") + line(0, 1, "b"));
  ASSERT_TRUE(stats) << describe(stats.error());
  expect_whole(scan(*topic_), 2);
  EXPECT_FALSE(import(line(0, 2, "c") + mark + line(0, 3, "d"))) << "it stands at the beginning only";
}

TEST_F(ImportTest, ThereIsNoOffsetBehindTheLast) {
  const auto stats = import(line(0, 9'223'372'036'854'775'806, "a") + R"({"payload":"b"})");
  ASSERT_FALSE(stats);
  EXPECT_EQ(stats.error().code, ErrorCode::kInvalid);
  EXPECT_NE(stats.error().message.find("test.jsonl, line 2"), std::string::npos) << stats.error().message;
  const auto view = topic_->view();
  ASSERT_EQ(view.partitions.size(), 1U);
  EXPECT_EQ(view.partitions[0].indexed_to, kMaxOffset);
}

TEST_F(ImportTest, ATopicThatIsReadFromKafkaTakesNone) {
  store::TopicConfig config;
  config.name = "tailed";
  const auto tailed = store_->create_topic(config);
  ASSERT_TRUE(tailed) << describe(tailed.error());
  ASSERT_TRUE((*tailed)->start_partition(PartitionId{0}, Offset{3}));
  std::istringstream input(line(0, 100, "a"));
  const auto stats = import_dump(**tailed, input, "test.jsonl", {}, nullptr);
  ASSERT_FALSE(stats);
  EXPECT_EQ(stats.error().code, ErrorCode::kConflict);
  EXPECT_NE(stats.error().message.find("tailed is read from Kafka"), std::string::npos) << stats.error().message;
  EXPECT_EQ((*tailed)->next_offset(PartitionId{0}), Offset{3}) << "nothing that Kafka has is passed over";
}

TEST_F(ImportTest, LinesLongerThanTheBufferAndMessagesOverTheLimit) {
  const auto stats = import(line(0, 0, std::string(5'000'000, 'x')) +
                            line(0, 1, std::string(kMaxMessageBytes + 1, 'y')) + line(0, 2, "small"));
  ASSERT_TRUE(stats) << describe(stats.error());
  EXPECT_EQ(stats->messages, 2U);
  EXPECT_EQ(stats->dead_letters, 1U);
  const auto all = scan(*topic_);
  ASSERT_EQ(all.size(), 2U);
  EXPECT_EQ(all[0].value->size(), 5'000'000U);
  EXPECT_EQ(all[1].offset, 2);
}

TEST_F(ImportTest, AMessageThatComesTooLateIsNotPassedOverInSilence) {
  ASSERT_TRUE(import(line(0, 100, "new")));
  const auto late = import(line(1, 7, "a") + line(0, 100, "new") + line(0, 101, "b") + line(0, 50, "old") +
                           line(0, 102, "not reached"));
  expect_refused(late, "4", "partition 0, offset 50 is not there, and comes before what is loaded already (101)");
  EXPECT_EQ(offsets_of(scan(*topic_)), (OffsetsByPartition{{0, {100, 101}}, {1, {7}}}));
  EXPECT_TRUE(topic_->view().memory.empty()) << "what came before is durable";
}

TEST_F(ImportTest, AMessageInAGapComesTooLate) {
  expect_refused(import(line(0, 0, "a") + line(0, 2, "c") + line(0, 0, "a") + line(0, 1, "b")), "4",
                 "partition 0, offset 1 ");
  std::string dump;  // blocks of 64 messages, and gaps in and between them
  for (int i = 2; i < 200; ++i) dump += line(0, 2 * i, "x");
  ASSERT_TRUE(import(dump));
  const auto again = import(dump);
  ASSERT_TRUE(again) << describe(again.error());
  EXPECT_EQ(again->duplicates, 198U);
  for (const int64_t offset : {1, 3, 125, 127, 129, 131, 301, 397}) {
    expect_refused(import(line(0, 398, "x") + line(0, offset, "y")), "2",
                   "partition 0, offset " + std::to_string(offset) + " ");
  }
}

TEST_F(ImportTest, DeadLettersAreThereAlready) {
  const std::string large = std::string(kMaxMessageBytes + 1, 'y');
  const std::string dump = line(0, 5, large) + line(0, 7, "a") + line(0, 9, large) + line(0, 11, "b");
  ASSERT_TRUE(import(dump));
  const auto again = import(dump + line(0, 9, large) + line(0, 13, large) + line(0, 13, large));
  ASSERT_TRUE(again) << describe(again.error());
  EXPECT_EQ(again->messages, 0U);
  EXPECT_EQ(again->duplicates, 6U);
  EXPECT_EQ(again->dead_letters, 1U);
  expect_refused(import(line(0, 10, "c")), "1", "partition 0, offset 10 ");
}

TEST_F(ImportTest, WhatHasExpiredIsSaidApart) {
  std::string dump;
  for (int i = 0; i < 100; ++i) dump += line(0, i, "x");
  ASSERT_TRUE(import(dump));
  store::TopicConfig config = topic_->config();
  config.retention.kind = store::Retention::Kind::kDuration;
  config.retention.duration = std::chrono::hours(1);
  ASSERT_TRUE(topic_->update_config(config));
  ASSERT_TRUE(topic_->expire(topic_->retention_time()));
  ASSERT_EQ(topic_->stats().messages, 0U);
  const auto again = import(dump);
  ASSERT_TRUE(again) << describe(again.error());
  EXPECT_EQ(again->expired, 100U);
  EXPECT_EQ(again->duplicates + again->messages, 0U);
  const std::string young = R"({"partition":0,"offset":50,"ts":)" + std::to_string(now().ms) + R"(,"payload":"y"})";
  expect_refused(import(young), "1", "partition 0, offset 50 ");
}

/// Random dumps of three partitions with gaps: every import takes, passes over and refuses what a plain model does.
TEST_F(ImportTest, TakesAndRefusesWhatAModelDoes) {
  const char* const given = std::getenv("KSEEK_SEED");
  const auto seed = given != nullptr ? static_cast<unsigned>(std::strtoul(given, nullptr, 10)) : std::random_device{}();
  SCOPED_TRACE("KSEEK_SEED=" + std::to_string(seed));
  std::mt19937 random(seed);
  const auto below = [&random](int64_t end) { return std::uniform_int_distribution<int64_t>(0, end - 1)(random); };
  OffsetsByPartition model;
  for (int round = 0; round < 60; ++round) {
    std::string dump;
    std::optional<int> refused;
    uint64_t fresh = 0, known = 0;
    for (int number = 1, lines = static_cast<int>(below(300)); number <= lines && !refused; ++number) {
      const int partition = static_cast<int>(below(3));
      std::set<int64_t>& stored = model[partition];
      const int64_t last = stored.empty() ? 20 : *stored.rbegin();
      int64_t offset = last + 1 + below(3) * below(2);
      if (below(3) == 0 && !stored.empty()) offset = *stored.lower_bound(below(last + 1));
      if (below(200) == 0) offset = below(last);
      dump += line(partition, offset, "x");
      if (stored.contains(offset)) {
        ++known;
      } else if (stored.empty() || offset > last) {
        stored.insert(offset);
        ++fresh;
      } else {
        refused = number;
      }
    }
    const auto stats = import(dump + line(9, round, "last"));
    if (refused) {
      expect_refused(stats, std::to_string(*refused), "partition ");
    } else {
      ASSERT_TRUE(stats) << describe(stats.error());
      EXPECT_EQ(stats->messages, fresh + 1);
      EXPECT_EQ(stats->duplicates, known);
    }
    OffsetsByPartition seen = offsets_of(scan(*topic_));
    seen.erase(9);
    std::erase_if(model, [](const auto& partition) { return partition.second.empty(); });
    ASSERT_EQ(seen, model) << "round " << round;
  }
}

TEST_F(ImportTest, StaysUnderATinyMemoryLimit) {
  std::string dump;
  for (int i = 0; i < 20'000; ++i) dump += line(0, i, std::string(200, 'x') + std::to_string(i));
  ImportOptions options;
  options.memory_limit_bytes = 50'000;
  options.workers = 2;
  const auto stats = import(dump, options);
  ASSERT_TRUE(stats) << describe(stats.error());
  expect_whole(scan(*topic_), 20'000);
}

TEST_F(ImportTest, ReadsWhatKcatWrites) {
  World kafka;
  kafka.create("t", 2);
  std::vector<OutgoingMessage> sent;
  const auto add = [&](std::optional<std::string> key, std::optional<std::string> value,
                       std::vector<std::pair<std::string, std::optional<std::string>>> headers) {
    OutgoingMessage message = message_of("t", 0, "");
    message.key = std::move(key);
    message.value = std::move(value);
    message.headers = std::move(headers);
    message.timestamp = Timestamp{1'700'000'000'000};
    sent.push_back(message);
  };
  add("键", "明月几时有 \"quoted\" \\ / \n\t\x01", {{"a", "1"}, {"a", std::nullopt}, {"b", ""}});
  add(std::nullopt, std::nullopt, {});
  add("", "", {});
  add("bin", std::string("\xff\xfe\x00\x80 é", 7), {{"raw", "\xff"}});
  for (const auto& message : sent) ASSERT_TRUE(kafka.producer->send(message, kPatience));
  const std::string dump = output_of("kcat -b " + kafka.broker->address() + " -C -t t -o beginning -e -q -J");
  ASSERT_FALSE(dump.empty()) << "is kcat installed?";
  const auto stats = import(dump);
  ASSERT_TRUE(stats) << describe(stats.error());
  const auto all = scan(*topic_);
  ASSERT_EQ(all.size(), sent.size());
  for (size_t i = 0; i < sent.size(); ++i) {
    EXPECT_EQ(all[i].key, sent[i].key) << i;
    EXPECT_EQ(all[i].value, sent[i].value) << i;
    EXPECT_EQ(all[i].headers, sent[i].headers) << i;
    EXPECT_EQ(all[i].create_time, 1'700'000'000'000);
    EXPECT_EQ(all[i].timestamp_type, TimestampType::kCreateTime);
  }
}

}  // namespace
}  // namespace kseek::indexer
