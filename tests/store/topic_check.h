// What tests of TopicStore look at: everything that a view holds, and whether it holds together.
#pragma once

#include <gtest/gtest.h>

#include <map>
#include <set>
#include <string>
#include <vector>

#include "store/store.h"
#include "tests/store/random_messages.h"

namespace kseek::store {

using Place = std::pair<PartitionId, Offset>;

/// A message's every part as one text, null told from empty.
std::string digest(const MessageView& message);

/// Reads every message of a view, sealed or not, expired ones that are still there included. Fails the test when one
/// is met twice or a block can't be read (blocks that expired since are left out).
std::map<Place, std::string> read_all(const TopicStore& topic, const TopicView& view);

/// As read_all, of a view since which messages may have been compacted away.
std::map<Place, std::string> read_old(const TopicStore& topic, const TopicView& view);

/// As read_all, without what the view says is expired (`time` from the messages).
std::map<Place, std::string> read_findable(const TopicStore& topic, const TopicView& view);

/// Every live block is in exactly one place of the index, segments are in order and don't overlap, and (one in `sample`
/// blocks) a segment finds each of its block's terms.
void check_index(const TopicStore& topic, const TopicView& view, size_t sample = 4);

/// The names of the segment directories on disk / that topics, what is being rebuilt and next generations have.
std::set<std::string> segments_on_disk(const std::filesystem::path& dir);
std::set<std::string> segments_named(const Store& store);

/// A plain message: key "k<offset>", value `value`, both times `time_ms`.
OwnedMessage plain_message(int32_t partition, int64_t offset, std::string value, int64_t time_ms = 1'000);
AppendOutcome append_one(TopicStore& topic, const OwnedMessage& message);
/// Appends plain messages [first, last).
void append_range(TopicStore& topic, int32_t partition, int64_t first, int64_t last, int64_t time_ms = 1'000);

TopicConfig config_of(std::string name);
/// Small blocks, so that a few messages make many of them.
StoreOptions small_blocks(size_t messages = 8);
/// Opens, or fails the test and throws.
std::unique_ptr<Store> open_store(const std::filesystem::path& dir, const StoreOptions& options = small_blocks(),
                                  OpenMode mode = OpenMode::kOwner);
std::shared_ptr<TopicStore> create_topic(Store& store, const TopicConfig& config);

/// A store, closed and opened again as often as wanted, and the topic "orders" once there is one.
class StoreTest : public ::testing::Test {
 protected:
  StoreTest() : store_(open_store(dir_.path())) {}
  void reopen();

  const ScratchDirectory dir_;
  std::unique_ptr<Store> store_;
  std::shared_ptr<TopicStore> topic_;
};

/// The topic is there, and its partition 0 begins at 0.
class OrdersTest : public StoreTest {
 protected:
  OrdersTest();
};

}  // namespace kseek::store
