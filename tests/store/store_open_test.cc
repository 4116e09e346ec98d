// Store::open with what it may find: nothing, another owner, foreign files, newer or damaged data; and readers beside
// an owner.
#include "store/store.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <fstream>
#include <thread>

#include "store/database.h"
#include "tests/store/child_process.h"
#include "tests/store/topic_check.h"

namespace kseek::store {
namespace {

namespace fs = std::filesystem;

Error open_error(const fs::path& dir, OpenMode mode = OpenMode::kOwner) {
  const auto store = Store::open(dir, mode, small_blocks());
  if (store) {
    ADD_FAILURE() << "it opened";
    return {};
  }
  EXPECT_FALSE(store.error().hint.empty());
  return store.error();
}

#define EXPECT_SAYS(error, error_code, part)                                   \
  do {                                                                         \
    const Error said = (error);                                                \
    EXPECT_EQ(said.code, error_code) << describe(said);                        \
    EXPECT_NE(describe(said).find(part), std::string::npos) << describe(said); \
  } while (false)

TEST(StoreOpenTest, MakesTheDirectoryAndItsParents) {
  const ScratchDirectory dir;
  const auto store = open_store(dir.path() / "a" / "b");
  EXPECT_TRUE(store->topics().empty());
  EXPECT_TRUE(fs::exists(dir.path() / "a" / "b" / "LOCK"));
}

uint64_t log_bytes(const fs::path& dir) {
  uint64_t bytes = 0;
  for (const auto& entry : fs::directory_iterator(dir / "db")) {
    if (entry.path().extension() == ".log") bytes += entry.file_size();
  }
  return bytes;
}

TEST(StoreOpenTest, ALongLogIsNotLeftBehind) {
  const ScratchDirectory dir;
  RandomMessages random(1);
  std::map<Place, std::string> all;
  {
    const auto store = open_store(dir.path(), small_blocks(1'000));
    const auto topic = create_topic(*store, config_of("orders"));
    ASSERT_TRUE(topic->start_partition({0}, {0}));
    for (int64_t offset = 0; offset < 200; ++offset) {
      std::string value(100'000, ' ');  // that zstd can't make small
      for (char& c : value) c = static_cast<char>(random.below(256));
      append_one(*topic, plain_message(0, offset, std::move(value)));
      if (offset % 50 == 49) {
        ASSERT_TRUE(topic->flush());
      }
    }
    EXPECT_GT(log_bytes(dir.path()), 16_MiB);
    all = read_all(*topic, topic->view());
    EXPECT_EQ(all.size(), 200U);
  }
  EXPECT_LT(log_bytes(dir.path()), 1_MiB);
  const auto store = open_store(dir.path());
  const auto topic = store->topic("orders");
  EXPECT_EQ(read_all(*topic, topic->view()), all);
}

TEST(StoreOpenTest, ASecondOwnerIsToldWhoTheFirstIs) {
  const ScratchDirectory dir;
  const auto store = open_store(dir.path());
  EXPECT_SAYS(open_error(dir.path()), ErrorCode::kConflict, fmt::format("(pid {}) owns", ::getpid()));
  EXPECT_SAYS(open_error(dir.path()), ErrorCode::kConflict, "--server");
}

TEST(StoreOpenTest, DISABLED_OwnsUntilItIsKilled) {
  const auto dir = child_directory();
  if (!dir) GTEST_SKIP() << "runs as a child of AnOwnerInAnotherProcessIsSeenUntilItDies only";
  const auto store = open_store(*dir);
  report(1);
  for (;;) ::pause();
}

TEST(StoreOpenTest, AnOwnerInAnotherProcessIsSeenUntilItDies) {
  const ScratchDirectory dir;
  ChildProcess child("StoreOpenTest.DISABLED_OwnsUntilItIsKilled", dir.path());
  ASSERT_EQ(child.next_report(), 1);
  EXPECT_SAYS(open_error(dir.path()), ErrorCode::kConflict, fmt::format("(pid {}) owns", child.pid()));
  child.kill();
  EXPECT_TRUE(Store::open(dir.path(), OpenMode::kOwner, small_blocks()).has_value());
}

TEST(StoreOpenTest, RefusesWhatIsNotADirectoryOfKseek) {
  const ScratchDirectory dir;
  std::ofstream(dir.path() / "file") << "text";
  EXPECT_SAYS(open_error(dir.path() / "file"), ErrorCode::kInvalid, "is not a directory");
  EXPECT_SAYS(open_error(dir.path()), ErrorCode::kInvalid, "not a kseek directory");
  EXPECT_FALSE(fs::exists(dir.path() / "LOCK")) << "nothing of it is touched";
  EXPECT_SAYS(open_error(dir.path() / "file" / "below"), ErrorCode::kUnavailable, "cannot use");
}

TEST(StoreOpenTest, RefusesADatabaseOfAnotherProgram) {
  const ScratchDirectory dir;
  {
    rocksdb::Options options;
    options.create_if_missing = true;
    rocksdb::DB* db = nullptr;
    ASSERT_TRUE(rocksdb::DB::Open(options, (dir.path() / "db").string(), &db).ok());
    ASSERT_TRUE(db->Put(rocksdb::WriteOptions(), "someone", "else").ok());
    delete db;
  }
  EXPECT_SAYS(open_error(dir.path()), ErrorCode::kInvalid, "not kseek's");
}

TEST(StoreOpenTest, SaysWhenTheDirectoryCannotBeWritten) {
  EXPECT_SAYS(open_error("/proc/kseek-data"), ErrorCode::kUnavailable, "/proc/kseek-data");
}

TEST(StoreOpenTest, RefusesANewerFormat) {
  const ScratchDirectory dir;
  open_store(dir.path()).reset();
  {
    auto database = Database::open(dir.path(), false, 1'000'000);
    ASSERT_TRUE(database.has_value());
    rocksdb::WriteBatch batch;
    batch.Put(format_key(), encode_format(kFormatVersion + 1) + "what it adds");
    ASSERT_TRUE((*database)->write(batch, true).has_value());
  }
  const std::string says =
      fmt::format("newer kseek: format {}; this one reads up to {}", kFormatVersion + 1, kFormatVersion);
  EXPECT_SAYS(open_error(dir.path()), ErrorCode::kInvalid, says);
  EXPECT_SAYS(open_error(dir.path(), OpenMode::kReadOnly), ErrorCode::kInvalid, says);
}

TEST(StoreOpenTest, TakesOnAnOlderFormat) {
  const auto write_format = [](const fs::path& dir, uint64_t version) {
    auto database = Database::open(dir, false, 1'000'000);
    ASSERT_TRUE(database.has_value());
    rocksdb::WriteBatch batch;
    batch.Put(format_key(), encode_format(version));
    ASSERT_TRUE((*database)->write(batch, true).has_value());
  };
  const auto format = [](const fs::path& dir) {
    const auto database = Database::open(dir, true, 1'000'000);
    EXPECT_TRUE(database.has_value());
    const auto record = (*database)->get(format_key());
    return record && *record ? decode_format(**record) : std::nullopt;
  };
  for (uint64_t version = 1; version < kFormatVersion; ++version) {
    SCOPED_TRACE(version);
    const ScratchDirectory dir;
    {
      const auto store = open_store(dir.path());
      const auto topic = create_topic(*store, config_of("orders"));
      ASSERT_TRUE(topic->start_partition({0}, {0}).has_value());
      append_range(*topic, 0, 0, 64);
      ASSERT_TRUE(topic->flush().has_value());
    }
    write_format(dir.path(), version);
    {
      const auto reader = open_store(dir.path(), small_blocks(), OpenMode::kReadOnly);
      EXPECT_EQ(read_all(*reader->topic("orders"), reader->topic("orders")->view()).size(), 64U);
    }
    EXPECT_EQ(format(dir.path()), version) << "it only reads";
    open_store(dir.path()).reset();
    EXPECT_EQ(format(dir.path()), kFormatVersion) << "an older program must not read what is added";
  }
}

TEST(StoreOpenTest, NamesADamagedRecordAndHowToRebuild) {
  const ScratchDirectory dir;
  {
    const auto store = open_store(dir.path());
    const auto topic = create_topic(*store, config_of("orders"));
    ASSERT_TRUE(topic->start_partition({0}, {0}).has_value());
    append_range(*topic, 0, 0, 8);
    ASSERT_TRUE(topic->flush().has_value());
  }
  {
    auto database = Database::open(dir.path(), false, 1'000'000);
    ASSERT_TRUE(database.has_value());
    rocksdb::WriteBatch batch;
    batch.Put(block_key({1}, {1}), "not a record");
    ASSERT_TRUE((*database)->write(batch, true).has_value());
  }
  EXPECT_SAYS(open_error(dir.path()), ErrorCode::kCorrupt, "orders's block");
  EXPECT_SAYS(open_error(dir.path()), ErrorCode::kCorrupt, "kseek open");
}

TEST(StoreOpenTest, SaysWhenTheDatabaseIsDamaged) {
  const ScratchDirectory dir;
  open_store(dir.path()).reset();
  for (const auto& entry : fs::directory_iterator(dir.path() / "db")) {
    if (entry.path().filename().string().starts_with("MANIFEST")) std::ofstream(entry.path()) << "no manifest";
  }
  EXPECT_SAYS(open_error(dir.path()), ErrorCode::kCorrupt, "kseek open");
}

/// Three blocks of eight messages, the second one damaged.
void make_damaged(const fs::path& dir, const TopicConfig& config) {
  {
    const auto store = open_store(dir);
    const auto topic = create_topic(*store, config);
    ASSERT_TRUE(topic->start_partition({0}, {0}).has_value());
    append_range(*topic, 0, 0, 24);
    while (*topic->seal_next()) {
    }
  }
  auto database = Database::open(dir, false, 1'000'000);
  ASSERT_TRUE(database.has_value());
  const auto family = (*database)->take_family("t1");
  ASSERT_NE(family, nullptr);
  rocksdb::WriteBatch batch;
  batch.Put(family->handle, block_data_key({2}), "not a block");
  ASSERT_TRUE((*database)->write(batch, true).has_value());
  (*database)->release(family);
}

TEST(StoreOpenTest, ADamagedBlockIsAnErrorAndTheOthersAreRead) {
  const ScratchDirectory dir;
  make_damaged(dir.path(), config_of("orders"));
  const auto store = open_store(dir.path());
  const auto topic = store->topic("orders");
  EXPECT_SAYS(find_message(*topic, {0}, {9}).error(), ErrorCode::kCorrupt, "reindex orders --source kafka");
  EXPECT_TRUE(find_message(*topic, {0}, {1})->has_value());
  EXPECT_EQ(topic->index_next(true).error().code, ErrorCode::kCorrupt);
  while (*topic->index_next(true)) {
  }
  const TopicView view = topic->view();
  EXPECT_EQ(view.index->segments.size(), 2U) << "the damaged block holds nobody up";
  EXPECT_EQ(view.index->unindexed, std::vector<BlockId>{BlockId{2}});
}

TEST(StoreOpenTest, ADamagedBlockOfAnImportIsNotSoughtInKafka) {
  const ScratchDirectory dir;
  auto config = config_of("dump");
  config.source = Source::kImport;
  make_damaged(dir.path(), config);
  const auto store = open_store(dir.path());
  EXPECT_SAYS(find_message(*store->topic("dump"), {0}, {9}).error(), ErrorCode::kCorrupt, "import the dumps");
}

TEST(StoreOpenTest, AReaderNeedsSomethingToRead) {
  const ScratchDirectory dir;
  EXPECT_SAYS(open_error(dir.path() / "absent", OpenMode::kReadOnly), ErrorCode::kNotFound, "no data directory");
  EXPECT_SAYS(open_error(dir.path(), OpenMode::kReadOnly), ErrorCode::kNotFound, "no kseek data");
  EXPECT_FALSE(fs::exists(dir.path() / "absent"));
}

TEST(StoreOpenTest, TopicsHaveGoodNamesAndAreOpenedOnce) {
  const ScratchDirectory dir;
  const auto store = open_store(dir.path());
  EXPECT_SAYS(store->create_topic(config_of("no spaces")).error(), ErrorCode::kInvalid, "no spaces");
  EXPECT_SAYS(store->create_topic(config_of("")).error(), ErrorCode::kInvalid, "empty");
  EXPECT_SAYS(store->create_topic(config_of("..")).error(), ErrorCode::kInvalid, "..");
  EXPECT_SAYS(store->create_topic(config_of(std::string(250, 'x'))).error(), ErrorCode::kInvalid, "250");
  create_topic(*store, config_of("b"));
  create_topic(*store, config_of("a"));
  EXPECT_SAYS(store->create_topic(config_of("a")).error(), ErrorCode::kConflict, "a is open already");
  ASSERT_EQ(store->topics().size(), 2U);
  EXPECT_EQ(store->topics().front()->config().name, "a");
}

TEST(StoreReaderTest, ReadsBesideALiveOwnerWhatWasSealed) {
  const ScratchDirectory dir;
  const auto owner = open_store(dir.path());
  const auto orders = create_topic(*owner, config_of("orders"));
  const auto logs = create_topic(*owner, config_of("logs"));
  for (const auto& topic : {orders, logs}) {
    ASSERT_TRUE(topic->start_partition({0}, {0}).has_value());
    append_range(*topic, 0, 0, 40);
  }
  ASSERT_TRUE(orders->flush().has_value());
  while (*logs->seal_next()) {
  }
  const auto reader = open_store(dir.path(), small_blocks(), OpenMode::kReadOnly);
  ASSERT_EQ(reader->topics().size(), 2U);
  const auto read = reader->topic("orders");
  EXPECT_EQ(read_all(*read, read->view()).size(), 40U);
  check_index(*read, read->view(), 1);
  EXPECT_EQ(read_all(*reader->topic("logs"), reader->topic("logs")->view()).size(), 40U);

  EXPECT_FALSE(*read->seal_next());
  EXPECT_FALSE(*read->index_next(true));
  EXPECT_FALSE(*read->merge_next());
  EXPECT_EQ(*read->expire({0}), 0U);
  EXPECT_EQ(read->start_partition({1}, {0}).error().code, ErrorCode::kConflict);
  EXPECT_EQ(reader->create_topic(config_of("new")).error().code, ErrorCode::kConflict);
  EXPECT_EQ(reader->drop_topic("orders").error().code, ErrorCode::kConflict);

  // What the owner drops meanwhile stays readable, or says that it is away; it is never a wrong answer.
  const TopicView view = read->view();
  orders->set_watermarks({0}, {40}, std::nullopt);
  ASSERT_EQ(*orders->expire({0}), 5U);
  ASSERT_TRUE(owner->drop_topic("logs").has_value());
  EXPECT_EQ(read_all(*read, view).size(), 40U);
  for (const auto& segment : reader->topic("orders")->view().index->segments) {
    const auto reopened = std::make_shared<const Segment>(segment->path(), segment->meta());  // without idle readers
    const auto lease = reopened->borrow();
    ASSERT_FALSE(lease.has_value());
    EXPECT_EQ(lease.error().code, ErrorCode::kUnavailable) << describe(lease.error());
  }
}

TEST(StoreReaderTest, OpensBesideABusyOwner) {
  const ScratchDirectory dir;
  auto options = small_blocks();
  options.write_buffer_bytes = 200'000;  // flushes and compactions all the time
  const auto owner = open_store(dir.path(), options);
  const auto topic = create_topic(*owner, config_of("orders"));
  ASSERT_TRUE(topic->start_partition({0}, {0}).has_value());
  std::atomic<bool> stop{false};
  std::thread writer([&] {
    for (int64_t offset = 0; !stop; offset += 50) {
      append_range(*topic, 0, offset, offset + 50);
      while (*topic->seal_next()) {
      }
      while (*topic->index_next(false)) {
      }
      while (*topic->merge_next()) {
      }
      if (offset > 1000) topic->set_watermarks({0}, {offset - 1000}, std::nullopt);
      EXPECT_TRUE(topic->expire({0}).has_value());
    }
  });
  int64_t furthest = 0;
  for (int i = 0; i < 20; ++i) {
    auto reader = Store::open(dir.path(), OpenMode::kReadOnly, options);
    if (!reader) {
      ADD_FAILURE() << describe(reader.error());
      continue;
    }
    const auto read = (*reader)->topic("orders");
    if (!read) continue;
    const TopicView view = read->view();
    if (view.partitions.empty()) continue;
    const PartitionView& partition = view.partitions.front();
    const auto found = read_findable(*read, view);
    EXPECT_EQ(static_cast<int64_t>(found.size()), partition.indexed_to.value - partition.low.value);
    EXPECT_GE(partition.indexed_to.value, furthest);
    furthest = partition.indexed_to.value;
  }
  stop = true;
  writer.join();
  EXPECT_GT(furthest, 0);
}

}  // namespace
}  // namespace kseek::store
