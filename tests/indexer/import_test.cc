// Dumps as `kcat -J` writes them, loaded without a broker.
#include "indexer/import.h"

#include <gtest/gtest.h>

#include <array>
#include <cstdio>
#include <sstream>

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
