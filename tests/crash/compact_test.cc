// Crashes while what Kafka has compacted away is taken out of a topic, and what is left is written anew. Another
// process does that to a store of its own (the test broker compacts nothing), and is killed at the points on the way,
// or loses power.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <csignal>
#include <cstdlib>
#include <set>

#include "store/store.h"
#include "tests/crash/disk.h"
#include "tests/system/system.h"

namespace kseek::testing {
namespace {

constexpr const char* kDirectory = "KSEEK_COMPACT_DIR";
constexpr int64_t kMessages = 400;
constexpr int64_t kKeptEvery = 40;  // so that some blocks of 25 go as a whole
constexpr PartitionId kPartition{0};

std::string key_of(int64_t offset) { return "key-" + std::to_string(offset); }

Result<std::unique_ptr<store::Store>> open_store(const std::filesystem::path& dir, store::OpenMode mode) {
  store::StoreOptions options;
  options.blocks.max_messages = 25;
  return store::Store::open(dir, mode, options);
}

Result<void> fill(store::TopicStore& topic) {
  KSEEK_TRY(topic.start_partition(kPartition, kMinOffset));
  for (int64_t offset = 0; offset < kMessages; ++offset) {
    const std::string key = key_of(offset);
    MessageView message;
    message.partition = kPartition;
    message.offset = Offset{offset};
    message.key = message.value = key;
    topic.append(kPartition, {&message, 1});
  }
  return topic.flush();
}

Result<size_t> compact(store::TopicStore& topic) {
  std::vector<Offset> existing;
  for (int64_t offset = 0; offset < kMessages; offset += kKeptEvery) existing.push_back(Offset{offset});
  return topic.remove_compacted(kPartition, kMinOffset, Offset{kMessages}, existing);
}

/// Not a test: what the other process does.
TEST(CompactChild, DISABLED_Compacts) {
  const char* const dir = std::getenv(kDirectory);  // NOLINT: no thread changes the environment
  ASSERT_NE(dir, nullptr);
  const auto opened = open_store(dir, store::OpenMode::kOwner);
  ASSERT_TRUE(opened) << describe(opened.error());
  auto topic = (*opened)->topic("orders");
  if (topic == nullptr) {
    store::TopicConfig config;
    config.name = "orders";
    auto made = (*opened)->create_topic(config);
    ASSERT_TRUE(made) << describe(made.error());
    topic = *made;
    ASSERT_TRUE(fill(*topic));
  }
  const auto removed = compact(*topic);
  ASSERT_TRUE(removed) << describe(removed.error());
  ASSERT_TRUE(topic->expire(Timestamp{0}));  // gives the space of whole blocks back
  for (auto more = topic->rewrite_next(); more && *more;) more = topic->rewrite_next();
  ASSERT_TRUE(topic->expire(Timestamp{0}));  // and of those that were rewritten
}

class CompactCrash : public ::testing::Test {
 protected:
  Finished run_child(const std::string& fault) const {
    std::vector<std::string> line{"env", std::string(kDirectory) + "=" + data()};
    for (auto& variable : disk_.environment()) line.push_back(std::move(variable));
    if (!fault.empty()) line.push_back("KSEEK_FAULT=" + fault);
    line.insert(line.end(), {std::filesystem::read_symlink("/proc/self/exe").string(),
                             "--gtest_filter=CompactChild.DISABLED_Compacts", "--gtest_also_run_disabled_tests"});
    disk_.remember_all();
    return run(line);
  }

  [[nodiscard]] std::string data() const { return dir_.file("data"); }

  /// Every message that Kafka still has is there once; the others are all there, or none of them is.
  void check(bool may_have_all) const {
    const auto store = open_store(data(), store::OpenMode::kReadOnly);
    ASSERT_TRUE(store) << describe(store.error());
    const auto topic = (*store)->topic("orders");
    ASSERT_NE(topic, nullptr);
    std::set<int64_t> found;
    topic->view().blocks->for_each([&](const store::BlockMeta& meta) {
      const auto block = topic->read_block(meta);
      ASSERT_TRUE(block && *block) << describe(block.error());
      EXPECT_EQ((*block)->size(), meta.messages);
      for (size_t i = 0; i < (*block)->size(); ++i) {
        const auto message = (*block)->message(i);
        EXPECT_EQ(message.key, key_of(message.offset.value));
        EXPECT_TRUE(found.insert(message.offset.value).second);
      }
    });
    if (may_have_all && found.size() == kMessages) return;
    std::set<int64_t> kept;
    for (int64_t offset = 0; offset < kMessages; offset += kKeptEvery) kept.insert(offset);
    EXPECT_EQ(found, kept);
    EXPECT_EQ(topic->stats().messages, kept.size());
    if (!may_have_all) {
      EXPECT_EQ(topic->stats().blocks, 1U) << "they were rewritten as one";
    }
  }

  TempDir dir_;
  const ShimmedDisk disk_{dir_.file("data"), dir_.file("disk")};
};

TEST_F(CompactCrash, AllOrNothingWentAndTheNextRoundSeesToTheRest) {
  std::mt19937_64 random(1);
  for (const char* fault :
       {"compact.before_commit:kill:1", "compact.committed:kill:1", "reclaim.synced:kill:1", "reclaim.done:kill:1",
        "rewrite.before_commit:kill:1", "rewrite.committed:kill:1", "reclaim.synced:kill:2", "reclaim.done:kill:2"}) {
    for (const int power : {0, 1, 2}) {  // none fails, strictly, not strictly
      SCOPED_TRACE(fmt::format("{}, power {}", fault, power));
      const Finished died = run_child(fault);
      ASSERT_EQ(died.code, 128 + SIGKILL) << "it was not reached: " << died.out << died.err;
      if (power > 0) disk_.lose_power(power == 1, random);
      check(true);
      const Finished again = run_child("");
      ASSERT_EQ(again.code, 0) << again.out << again.err;
      check(false);
      std::filesystem::remove_all(data());
    }
  }
}

}  // namespace
}  // namespace kseek::testing
