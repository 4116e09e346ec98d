// A disk that is full for a while: nothing is lost, nothing is there twice, and work goes on when there is space again.
#include <gtest/gtest.h>
#include <rocksdb/env.h>
#include <rocksdb/file_system.h>

#include <atomic>
#include <chrono>
#include <thread>

#include "store/topic_store_impl.h"
#include "tests/store/topic_check.h"

namespace kseek::store {
namespace {

/// A file that takes nothing while `full`; before it fails it may take the first half.
class FullFile final : public rocksdb::FSWritableFileOwnerWrapper {
 public:
  FullFile(std::unique_ptr<rocksdb::FSWritableFile>&& file, const std::atomic<bool>& full)
      : FSWritableFileOwnerWrapper(std::move(file)), full_(full) {}

  rocksdb::IOStatus Append(const rocksdb::Slice& data, const rocksdb::IOOptions& options,
                           rocksdb::IODebugContext* context) override {
    if (!full_) return FSWritableFileOwnerWrapper::Append(data, options, context);
    const auto ignored = FSWritableFileOwnerWrapper::Append({data.data(), data.size() / 2}, options, context);
    ignored.PermitUncheckedError();
    return rocksdb::IOStatus::NoSpace("the test says so");
  }
  rocksdb::IOStatus Append(const rocksdb::Slice& data, const rocksdb::IOOptions& options,
                           const rocksdb::DataVerificationInfo& /*info*/, rocksdb::IODebugContext* context) override {
    return Append(data, options, context);
  }

 private:
  const std::atomic<bool>& full_;
};

class FullDisk final : public rocksdb::FileSystemWrapper {
 public:
  FullDisk() : FileSystemWrapper(rocksdb::FileSystem::Default()) {}
  const char* Name() const override { return "FullDisk"; }
  rocksdb::IOStatus NewWritableFile(const std::string& name, const rocksdb::FileOptions& options,
                                    std::unique_ptr<rocksdb::FSWritableFile>* file,
                                    rocksdb::IODebugContext* context) override {
    auto status = FileSystemWrapper::NewWritableFile(name, options, file, context);
    if (status.ok()) *file = std::make_unique<FullFile>(std::move(*file), full);
    return status;
  }

  std::atomic<bool> full{false};
};

TEST(FullDiskTest, WhatCannotBeWrittenStaysFindableAndIsTriedAgain) {
  const ScratchDirectory dir;
  const auto options = small_blocks();
  const auto disk = std::make_shared<FullDisk>();
  const auto env = rocksdb::NewCompositeEnv(disk);
  std::map<Place, std::string> expected;
  open_store(dir.path()).reset();
  {
    auto database = Database::open(dir.path(), false, options.write_buffer_bytes, env.get());
    ASSERT_TRUE(database.has_value()) << describe(database.error());
    const StoreShared shared{*database, std::make_shared<BlockCache>(1'000'000), dir.path() / "segments",
                             options.blocks};
    auto family = BlockFamily::create(*database, {1});
    ASSERT_TRUE(family.has_value());
    TopicStoreImpl topic(shared, {1}, config_of("orders"), *std::move(family));
    ASSERT_TRUE(topic.update_config(config_of("orders")).has_value());
    ASSERT_TRUE(topic.start_partition({0}, {0}).has_value());
    for (int round = 0; round < 2; ++round) {
      append_range(topic, 0, round * 40, round * 40 + 40);
      expected = read_all(topic, topic.view());
      ASSERT_TRUE(*topic.seal_next());
      disk->full = true;
      for (int tries = 0; tries < 3; ++tries) {
        const auto sealed = topic.seal_next();
        ASSERT_FALSE(sealed.has_value());
        EXPECT_EQ(sealed.error().code, ErrorCode::kUnavailable) << describe(sealed.error());
        EXPECT_FALSE(sealed.error().hint.empty());
      }
      EXPECT_EQ(topic.flush().error().code, ErrorCode::kUnavailable);
      EXPECT_EQ(read_all(topic, topic.view()), expected);
      disk->full = false;
      // RocksDB looks every five seconds whether there is space again.
      const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(60);
      while (!topic.seal_next()) {
        ASSERT_LT(std::chrono::steady_clock::now(), deadline) << "it does not go on";
        std::this_thread::sleep_for(std::chrono::milliseconds(20));
      }
    }
    const auto flushed = topic.flush();
    ASSERT_TRUE(flushed.has_value()) << describe(flushed.error());
    EXPECT_EQ(read_all(topic, topic.view()), expected);
    check_index(topic, topic.view(), 1);
  }
  const auto store = open_store(dir.path());
  const auto topic = store->topic("orders");
  ASSERT_NE(topic, nullptr);
  EXPECT_EQ(topic->next_offset({0}), Offset{80});
  EXPECT_EQ(read_all(*topic, topic->view()), expected);
  check_index(*topic, topic->view(), 1);
  EXPECT_EQ(segments_on_disk(dir.path()), segments_named(*store));
}

}  // namespace
}  // namespace kseek::store
