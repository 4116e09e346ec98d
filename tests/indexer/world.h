// What the indexer's tests share: a broker, a producer, a store in a fresh directory, an indexer over them.
#pragma once

#include <gtest/gtest.h>

#include <chrono>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "base/bytes.h"
#include "indexer/indexer.h"
#include "indexer/producer.h"
#include "indexer/test_broker.h"
#include "store/store.h"

namespace kseek::indexer {

inline constexpr std::chrono::milliseconds kPatience{60'000};

/// Polls until `condition` holds; false after kPatience.
inline bool eventually(const std::function<bool()>& condition) {
  const auto deadline = std::chrono::steady_clock::now() + kPatience;
  while (!condition()) {
    if (std::chrono::steady_clock::now() > deadline) return false;
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
  return true;
}

/// Removed with everything in it.
class TempDir {
 public:
  TempDir() {
    std::string pattern = (std::filesystem::temp_directory_path() / "kseek-indexer-XXXXXX").string();
    if (mkdtemp(pattern.data()) == nullptr) abort();
    path_ = pattern;
  }
  TempDir(const TempDir&) = delete;
  TempDir& operator=(const TempDir&) = delete;
  ~TempDir() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  [[nodiscard]] const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

inline OutgoingMessage message_of(const std::string& topic, int partition, const std::string& value) {
  OutgoingMessage message;
  message.topic = topic;
  message.partition = PartitionId{partition};
  message.value = value;
  return message;
}

/// A message as the store gives it back, owned.
struct Found {
  int32_t partition = 0;
  int64_t offset = 0;
  int64_t create_time = -1;
  TimestampType timestamp_type = TimestampType::kNone;
  std::optional<std::string> key;
  std::optional<std::string> value;
  std::vector<std::pair<std::string, std::optional<std::string>>> headers;
  bool operator==(const Found&) const = default;
};

inline std::optional<std::string> owned(const std::optional<std::string_view>& text) {
  return text ? std::optional<std::string>(*text) : std::nullopt;
}

inline Found found_of(const MessageView& message) {
  Found found{message.partition.value,
              message.offset.value,
              message.create_time.ms,
              message.timestamp_type,
              owned(message.key),
              owned(message.value),
              {}};
  for (const Header& header : message.headers) {
    found.headers.emplace_back(std::string(header.name), owned(header.value));
  }
  return found;
}

/// Every findable message, by partition and offset; one that is there twice is there twice.
inline std::vector<Found> scan(const store::TopicStore& topic) {
  const store::TopicView view = topic.view();
  std::vector<Found> all;
  const auto take = [&](const store::MessageBlock& block, size_t count) {
    for (size_t i = 0; i < count; ++i) {
      const store::StoredMessage message = block.message(i);
      for (const auto& partition : view.partitions) {
        if (partition.partition == message.partition && message.offset >= partition.low) {
          all.push_back(found_of(message));
        }
      }
    }
  };
  view.blocks->for_each([&](const store::BlockMeta& meta) {
    const auto block = topic.read_block(meta);
    ASSERT_TRUE(block) << describe(block.error());
    if (*block) take(**block, (*block)->size());
  });
  for (const auto& memory : view.memory) take(*memory.block, memory.messages);
  std::sort(all.begin(), all.end(), [](const Found& a, const Found& b) {
    return std::pair(a.partition, a.offset) < std::pair(b.partition, b.offset);
  });
  return all;
}

/// REQUIRES: one of these at a time a data directory.
class World {
 public:
  World() {
    auto started = TestBroker::start();
    EXPECT_TRUE(started) << describe(started.error());
    broker = *std::move(started);
    compress(false);
    options.brokers = broker->address();
    options.workers = 2;
    options.watermark_interval = std::chrono::milliseconds(100);
    options.metadata_interval = std::chrono::milliseconds(500);
    store_options.blocks.max_messages = 64;
  }

  /// The broker's 5 MiB a partition count bytes on the wire: with `lz4` a lot more fits in, without it expires soon.
  void compress(bool lz4) {
    auto made = Producer::create(broker->address(), {{"compression.type", lz4 ? "lz4" : "none"}});
    EXPECT_TRUE(made) << describe(made.error());
    producer = *std::move(made);
  }

  /// Another broker, another cluster; the one before, which goes on.
  [[nodiscard]] std::unique_ptr<TestBroker> move_to_another_broker() {
    auto started = TestBroker::start();
    EXPECT_TRUE(started) << describe(started.error());
    std::unique_ptr<TestBroker> before = std::exchange(broker, *std::move(started));
    options.brokers = broker->address();
    compress(false);
    return before;
  }

  void start() {
    auto opened = store::Store::open(dir.path() / "data", store::OpenMode::kOwner, store_options);
    ASSERT_TRUE(opened) << describe(opened.error());
    store = *std::move(opened);
    auto started = Indexer::start(*store, options);
    ASSERT_TRUE(started) << describe(started.error());
    indexer = *std::move(started);
  }

  void stop() {
    indexer.reset();
    store.reset();
  }

  void create(const std::string& topic, int partitions) const {
    const auto created = broker->create_topic(topic, partitions);
    ASSERT_TRUE(created) << describe(created.error());
  }

  void open(const std::string& topic, const std::string& from = "earliest") const {
    OpenRequest request;
    request.topic = topic;
    request.from = from;
    const auto opened = indexer->open_topic(request);
    ASSERT_TRUE(opened) << describe(opened.error());
  }

  /// Sends `count` messages, round robin, with values "<prefix><i>".
  void send_many(const std::string& topic, int partitions, int count, const std::string& prefix = "m") const {
    for (int i = 0; i < count; ++i) {
      ASSERT_TRUE(producer->enqueue(message_of(topic, i % partitions, prefix + std::to_string(i))));
    }
    const auto flushed = producer->flush(kPatience);
    ASSERT_TRUE(flushed) << describe(flushed.error());
  }

  void wait_caught_up(const std::string& topic) const {
    const auto waited = indexer->wait_caught_up(topic, kPatience);
    ASSERT_TRUE(waited) << describe(waited.error());
  }

  [[nodiscard]] TopicStatus status(const std::string& topic) const {
    const auto found = indexer->status(topic);
    EXPECT_TRUE(found) << describe(found.error());
    return found ? *found : TopicStatus{};
  }

  [[nodiscard]] std::vector<Found> scan(const std::string& topic) const { return indexer::scan(*store->topic(topic)); }

  TempDir dir;
  std::unique_ptr<TestBroker> broker;
  std::unique_ptr<Producer> producer;
  store::StoreOptions store_options;
  IndexerOptions options;
  std::unique_ptr<store::Store> store;
  std::unique_ptr<Indexer> indexer;  // before the store goes
};

/// Every partition's offsets are 0, 1, 2 …, `total` in all: nothing missing, nothing twice.
inline void expect_whole(const std::vector<Found>& all, size_t total) {
  ASSERT_EQ(all.size(), total);
  for (size_t i = 0; i < all.size(); ++i) {
    const bool first = i == 0 || all[i].partition != all[i - 1].partition;
    ASSERT_EQ(all[i].offset, first ? 0 : all[i - 1].offset + 1) << "partition " << all[i].partition;
  }
}

}  // namespace kseek::indexer
