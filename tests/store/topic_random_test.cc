// Random operations on a topic against a model in memory: after each step every message that was taken in and has not
// expired is in the view exactly once. Crashes are copies of the directory while it is open.
#include <gtest/gtest.h>

#include <algorithm>
#include <set>

#include "base/time.h"
#include "tests/store/topic_check.h"

namespace kseek::store {
namespace {

namespace fs = std::filesystem;

/// What Kafka has of a partition, and how far it was taken in.
struct PartitionModel {
  std::vector<OwnedMessage> log;
  int64_t log_end = 0;
  Offset next;
  Offset low;
};

class TopicRandomTest : public ::testing::TestWithParam<uint64_t> {
 protected:
  TopicRandomTest() : random_(GetParam()), store_(open_store(dir_.path())) { create(); }

  void create() {
    auto config = config_of("orders");
    config.time_kind = random_.one_in(2) ? TimeKind::kCreate : TimeKind::kIngest;
    topic_ = create_topic(*store_, config);
    kept_view_.reset();
    model_.clear();
    present_.clear();
  }

  PartitionId some_partition() { return {static_cast<int32_t>(random_.below(3))}; }

  PartitionModel& known(PartitionId id) {
    const auto found = model_.find(id);
    if (found != model_.end()) return found->second;
    PartitionModel& made = model_[id];
    made.log_end = static_cast<int64_t>(random_.below(3)) * 100;
    made.next = made.low = {made.log_end};
    EXPECT_TRUE(topic_->start_partition(id, made.next).has_value());
    return made;
  }

  void append() {
    const PartitionId id = some_partition();
    PartitionModel& partition = known(id);
    for (size_t left = random_.below(30); left > 0; --left) {
      partition.log.push_back(random_.message(id, partition.log_end));
    }
    // From a little before the next one, as after a restart of the consumer.
    std::vector<MessageView> batch;
    const int64_t from = partition.next.value - static_cast<int64_t>(random_.below(10));
    size_t expected = 0;
    for (const auto& message : partition.log) {
      if (message.view.offset.value < from || batch.size() == 40) continue;
      batch.push_back(message.get());
      if (message.view.offset < partition.next) continue;
      ++expected;
      present_.emplace(Place(id, message.view.offset), digest(message.get()));
    }
    const auto outcome = topic_->append(id, batch);
    EXPECT_EQ(outcome.appended, expected);
    EXPECT_EQ(outcome.duplicates, batch.size() - expected);
    if (expected > 0) partition.next = batch.back().offset.next();
  }

  void advance() {
    const PartitionId id = some_partition();
    PartitionModel& partition = known(id);
    if (partition.next.value < partition.log_end) return;  // messages are still to come
    partition.log_end += static_cast<int64_t>(random_.below(20));
    partition.next = {partition.log_end};
    topic_->advance(id, partition.next);
  }

  void raise_low() {
    const PartitionId id = some_partition();
    PartitionModel& partition = known(id);
    partition.low = {partition.low.value + static_cast<int64_t>(random_.below(60))};
    topic_->set_watermarks(id, partition.low, random_.one_in(2) ? std::nullopt : std::optional(partition.next));
  }

  /// Kafka's cleaner takes some offsets of a range.
  void compact() {
    const PartitionId id = some_partition();
    PartitionModel& partition = known(id);
    const auto end = static_cast<int64_t>(random_.below(static_cast<uint64_t>(partition.next.value) + 1));
    const Offset first{end - static_cast<int64_t>(random_.below(static_cast<uint64_t>(end) + 1))};
    const uint64_t keep_one_in = 1 + random_.below(4);
    const bool nothing = random_.one_in(3);
    std::vector<Offset> existing;
    size_t went = 0;
    const auto cleaned = [&](Offset offset) {
      if (offset < first || offset.value >= end) return false;
      if (!nothing && random_.one_in(keep_one_in)) {
        existing.push_back(offset);
        return false;
      }
      went += present_.erase({id, offset});
      return true;
    };
    std::erase_if(partition.log, [&](const OwnedMessage& message) { return cleaned(message.view.offset); });
    const auto removed = topic_->remove_compacted(id, first, {end}, existing);
    ASSERT_TRUE(removed.has_value()) << describe(removed.error());
    EXPECT_EQ(*removed, went);
    const auto again = topic_->remove_compacted(id, first, {end}, existing);
    ASSERT_TRUE(again.has_value());
    EXPECT_EQ(*again, 0U);
  }

  /// Now and then a view is kept for a while: it has what was there, without what went since.
  void keep_view() {
    if (kept_view_) {
      auto found = read_old(*topic_, *kept_view_);
      for (const auto& [place, text] : kept_present_) {
        const auto at = found.find(place);
        if (at == found.end()) {
          ASSERT_FALSE(present_.contains(place)) << "missed: " << place.first.value << "/" << place.second.value;
        } else {
          ASSERT_EQ(at->second, text);
          found.erase(at);
        }
      }
      ASSERT_TRUE(found.empty()) << "what had gone is back: " << found.begin()->second;
      kept_view_.reset();
    } else {
      kept_view_ = topic_->view();
      kept_present_ = present_;
    }
  }

  void expire() {
    const Timestamp now = kseek::now();
    const TopicView before = topic_->view();
    const auto had = read_all(*topic_, before);
    const auto dropped = topic_->expire(now);
    ASSERT_TRUE(dropped.has_value()) << describe(dropped.error());
    const TopicView after = topic_->view();
    EXPECT_EQ(before.blocks->size() - after.blocks->size(), *dropped);
    const TimeKind kind = after.config.time_kind;
    before.blocks->for_each([&](const BlockMeta& meta) {
      bool expired = false;
      if (after.config.retention.kind == Retention::Kind::kFollow) expired = meta.last < model_[meta.partition].low;
      if (after.config.retention.kind == Retention::Kind::kDuration) {
        expired = meta.max_time(kind).ms < now.ms - after.config.retention.duration.count();
      }
      ASSERT_EQ(after.blocks->find(meta.id) == nullptr, expired);
      if (!expired) return;
      for (int64_t offset = meta.first.value; offset <= meta.last.value; ++offset) {
        present_.erase({meta.partition, {offset}});
      }
    });
  }

  void change_retention() {
    auto config = topic_->config();
    const auto age = std::chrono::milliseconds(now().ms - 1'763'600'050'000);
    constexpr Retention::Kind kKinds[] = {Retention::Kind::kFollow, Retention::Kind::kDuration,
                                          Retention::Kind::kForever};
    config.retention.kind = kKinds[random_.below(3)];
    config.retention.duration = config.retention.kind == Retention::Kind::kDuration ? age : age * 0;
    ASSERT_TRUE(topic_->update_config(config).has_value());
  }

  /// What is expected of the topic once only what is durable is left.
  void forget_what_is_not_durable(const TopicStore& reopened, std::map<Place, std::string>& present,
                                  std::map<PartitionId, Offset>& nexts, const TopicView& before) {
    for (const auto& partition : before.partitions) {
      EXPECT_EQ(reopened.next_offset(partition.partition), partition.sealed_to);
      nexts[partition.partition] = partition.sealed_to;
    }
    std::erase_if(present, [&](const auto& entry) { return entry.first.second >= nexts[entry.first.first]; });
  }

  void reopen() {
    kept_view_.reset();
    const TopicView before = topic_->view();
    topic_.reset();
    store_.reset();
    store_ = open_store(dir_.path());
    topic_ = store_->topic("orders");
    ASSERT_NE(topic_, nullptr);
    std::map<PartitionId, Offset> nexts;
    forget_what_is_not_durable(*topic_, present_, nexts, before);
    for (auto& [id, partition] : model_) partition.next = nexts[id];
    // What is held below Kafka's low watermark may be shown until Kafka says it again.
    for (auto& [id, partition] : model_) topic_->set_watermarks(id, partition.low, std::nullopt);
  }

  void crash() {
    const ScratchDirectory elsewhere;
    const fs::path copy = elsewhere.path() / "copy";
    // RocksDB may delete a file that it needs no more meanwhile: then once more.
    std::error_code error;
    do {
      fs::remove_all(copy);
      fs::copy(dir_.path(), copy, fs::copy_options::recursive, error);
    } while (error == std::errc::no_such_file_or_directory);
    ASSERT_FALSE(error) << error.message();
    const auto store = open_store(copy);
    const auto topic = store->topic("orders");
    ASSERT_NE(topic, nullptr);
    auto present = present_;
    std::map<PartitionId, Offset> nexts;
    forget_what_is_not_durable(*topic, present, nexts, topic_->view());
    const TopicView view = topic->view();
    EXPECT_EQ(read_all(*topic, view), present);
    check_index(*topic, view);
    EXPECT_EQ(segments_on_disk(copy), segments_named(*store));
  }

  /// A step of building the index anew; now and then it is given up.
  void rebuild() {
    if (!topic_->rebuild()) {
      ASSERT_TRUE(topic_->begin_rebuild().has_value());
      return;
    }
    if (random_.one_in(25)) {
      ASSERT_TRUE(topic_->cancel_rebuild().has_value());
      EXPECT_FALSE(topic_->rebuild());
      return;
    }
    const auto step = topic_->rebuild_next();
    ASSERT_TRUE(step.has_value()) << describe(step.error());
    if (step->state != RebuildStep::State::kReady) return;
    const auto progress = topic_->rebuild();
    EXPECT_EQ(progress->bytes_done, progress->bytes);
    const auto finished = topic_->finish_rebuild();
    ASSERT_TRUE(finished.has_value()) << describe(finished.error());
    EXPECT_FALSE(topic_->rebuild());
    ++rebuilds_;
  }

  void check() {
    const TopicView view = topic_->view();
    ASSERT_EQ(read_all(*topic_, view), present_);
    check_index(*topic_, view, 0);
    std::map<PartitionId, uint64_t> counts;
    for (const auto& [place, text] : present_) ++counts[place.first];
    ASSERT_EQ(view.partitions.size(), model_.size());
    for (const auto& partition : view.partitions) {
      EXPECT_EQ(partition.indexed_to, model_[partition.partition].next);
      EXPECT_EQ(partition.messages, counts[partition.partition]);
      if (view.config.retention.kind == Retention::Kind::kFollow) {
        EXPECT_EQ(partition.low, model_[partition.partition].low);
      } else {
        const auto first = present_.lower_bound({partition.partition, kMinOffset});
        if (first != present_.end() && first->first.first == partition.partition) {
          EXPECT_LE(partition.low, first->first.second) << "it hides what is kept";
        }
      }
    }
    EXPECT_EQ(topic_->stats().messages, present_.size());
  }

  void step() {
    const auto worked = [](const auto& result) { ASSERT_TRUE(result.has_value()) << describe(result.error()); };
    const uint64_t draw = random_.below(100);
    if (draw < 24) return append();
    if (draw < 30) return rebuild();
    if (draw < 35) return advance();
    if (draw < 41) return static_cast<void>(topic_->freeze(some_partition()));
    if (draw < 44) return static_cast<void>(topic_->freeze_largest());
    if (draw < 59) return worked(topic_->seal_next());
    if (draw < 69) return worked(topic_->index_next(random_.one_in(4)));
    if (draw < 77) return worked(topic_->merge_next());
    if (draw < 79) return compact();
    if (draw < 83) return worked(topic_->rewrite_next());
    if (draw < 85) return keep_view();
    if (draw < 86) return raise_low();
    if (draw < 88) return expire();
    if (draw < 91) return change_retention();
    if (draw < 94) return worked(topic_->flush());
    if (draw < 96) return reopen();
    if (draw < 98) return crash();
    if (draw < 99 || !random_.one_in(4)) return static_cast<void>(topic_->freeze_all());
    ASSERT_TRUE(store_->drop_topic("orders").has_value());
    create();
  }

  ScratchDirectory dir_;
  RandomMessages random_;
  std::unique_ptr<Store> store_;
  std::shared_ptr<TopicStore> topic_;
  std::map<PartitionId, PartitionModel> model_;
  std::map<Place, std::string> present_;
  std::optional<TopicView> kept_view_;
  std::map<Place, std::string> kept_present_;  // when that was taken
  int rebuilds_ = 0;
};

TEST_P(TopicRandomTest, EqualsTheModel) {
  SCOPED_TRACE(fmt::format("seed {}", GetParam()));
  for (int i = 0; i < 400; ++i) {
    SCOPED_TRACE(fmt::format("step {}", i));
    step();
    check();
    if (HasFatalFailure() || HasNonfatalFailure()) return;
  }
  check_index(*topic_, topic_->view(), 1);
  EXPECT_GT(rebuilds_, 0);
}

INSTANTIATE_TEST_SUITE_P(Seeds, TopicRandomTest, ::testing::Values(1, 2, 3, 4));

}  // namespace
}  // namespace kseek::store
