// A topic under many threads: appending, background work and viewers at once; and the same killed at any moment.
#include <gtest/gtest.h>

#include <atomic>
#include <functional>
#include <thread>

#include "base/time.h"
#include "tests/store/child_process.h"
#include "tests/store/topic_check.h"

namespace kseek::store {
namespace {

constexpr int kPartitions = 3;

std::string value_of(int32_t partition, int64_t offset) {
  return fmt::format("message number {} of partition {}, order-{}", offset, partition, offset * 7919 % 1000);
}

/// Takes in messages from the partition's next one to `end`, in batches; the low watermark follows at a distance.
void append_until(TopicStore& topic, int32_t partition, int64_t end, int64_t keep, const std::atomic<bool>& stop) {
  std::vector<OwnedMessage> owned;
  std::vector<MessageView> batch;
  for (int64_t offset = topic.next_offset({partition})->value; offset < end && !stop;) {
    owned.clear();
    batch.clear();
    const int64_t batch_end = std::min(end, offset + 1 + offset % 13);
    while (offset < batch_end) {
      owned.push_back(plain_message(partition, offset, value_of(partition, offset), offset));
      ++offset;
    }
    for (const auto& message : owned) batch.push_back(message.get());
    topic.append({partition}, batch);
    if (offset % 7 == 0) topic.set_watermarks({partition}, {std::max<int64_t>(0, offset - keep)}, Offset{end});
    if (topic.stats().frozen_blocks > 20) std::this_thread::yield();
  }
}

/// A step of building the index anew. Others may finish it or give it up at any moment.
void rebuild_some(TopicStore& topic, RandomMessages& random) {
  const auto ended_meanwhile = [](const Error& error) {
    EXPECT_TRUE(error.code == ErrorCode::kNotFound || error.code == ErrorCode::kConflict) << describe(error);
  };
  if (!topic.rebuild()) {
    if (random.one_in(5)) {
      EXPECT_TRUE(topic.begin_rebuild().has_value());
    }
    return;
  }
  if (random.one_in(200)) {
    EXPECT_TRUE(topic.cancel_rebuild().has_value());
  }
  const auto step = topic.rebuild_next();
  if (!step) return ended_meanwhile(step.error());
  if (step->state != RebuildStep::State::kReady) return;
  if (const auto finished = topic.finish_rebuild(); !finished) ended_meanwhile(finished.error());
}

/// Does background work of every kind until `stop`, then what is left.
void work(TopicStore& topic, const std::atomic<bool>& stop, uint64_t seed) {
  RandomMessages random(seed);
  while (!stop) {
    bool worked = false;
    for (const auto& result : {topic.seal_next(), topic.index_next(random.one_in(10)), topic.merge_next()}) {
      ASSERT_TRUE(result.has_value()) << describe(result.error());
      worked = worked || *result;
    }
    rebuild_some(topic, random);
    if (random.one_in(10)) {
      ASSERT_TRUE(topic.expire(now()).has_value());
      topic.freeze_largest();
    }
    if (random.one_in(100)) {
      ASSERT_TRUE(topic.flush().has_value());
    }
    if (!worked) std::this_thread::yield();
  }
}

/// Each offset in [low, indexed_to) is there once, with its value; one that expired meanwhile may be gone.
void check_view(const TopicStore& topic) {
  const TopicView view = topic.view();
  const auto found = read_all(topic, view);
  const TopicView later = topic.view();
  for (size_t i = 0; i < view.partitions.size(); ++i) {
    const PartitionView& partition = view.partitions[i];
    const Offset low_now = later.partitions[i].low;
    for (Offset offset = partition.low; offset < partition.indexed_to; offset = offset.next()) {
      const auto message = found.find({partition.partition, offset});
      if (message == found.end()) {
        ASSERT_LT(offset, low_now) << "lost: partition " << partition.partition.value;
        continue;
      }
      const int32_t id = partition.partition.value;
      ASSERT_EQ(message->second,
                digest(plain_message(id, offset.value, value_of(id, offset.value), offset.value).get()));
    }
    for (auto beyond = found.lower_bound({partition.partition, partition.indexed_to});
         beyond != found.end() && beyond->first.first == partition.partition; ++beyond) {
      FAIL() << "offset " << beyond->first.second.value << " is in the view, which ends at "
             << partition.indexed_to.value;
    }
  }
}

TEST(TopicThreadsTest, EveryViewHoldsEveryMessageOnce) {
  const ScratchDirectory dir;
  const auto store = open_store(dir.path());
  const auto topic = create_topic(*store, config_of("orders"));
  constexpr int64_t kEnd = 6'000;
  for (int32_t id = 0; id < kPartitions; ++id) ASSERT_TRUE(topic->start_partition({id}, {0}).has_value());
  std::atomic<bool> stop{false};
  std::atomic<bool> never{false};
  std::vector<std::thread> appenders;
  for (int32_t id = 0; id < kPartitions; ++id) {
    appenders.emplace_back([&, id] { append_until(*topic, id, kEnd, 700, never); });
  }
  std::vector<std::thread> others;
  for (uint64_t seed = 1; seed <= 2; ++seed) others.emplace_back([&, seed] { work(*topic, stop, seed); });
  std::atomic<int> views{0};
  for (int i = 0; i < 2; ++i) {
    others.emplace_back([&] {
      while (!stop) {
        check_view(*topic);
        check_index(*topic, topic->view(), 50);
        ++views;
      }
    });
  }
  for (auto& thread : appenders) thread.join();
  stop = true;
  for (auto& thread : others) thread.join();
  EXPECT_GT(views.load(), 0);
  ASSERT_TRUE(topic->flush().has_value());
  check_view(*topic);
  check_index(*topic, topic->view(), 1);
  for (const auto& partition : topic->view().partitions) EXPECT_EQ(partition.sealed_to, Offset{kEnd});
  while (*topic->merge_next()) {
  }
  EXPECT_EQ(segments_on_disk(dir.path()), segments_named(*store));
}

/// The child: works until it is killed, and reports what it knows to be durable, as partition and next offset.
TEST(TopicCrashTest, DISABLED_WorksUntilItIsKilled) {
  const auto dir = child_directory();
  if (!dir) GTEST_SKIP() << "runs as a child of DiesAtAnyMoment only";
  const auto store = open_store(*dir);
  auto topic = store->topic("orders");
  if (!topic) topic = create_topic(*store, config_of("orders"));
  for (int32_t id = 0; id < kPartitions; ++id) ASSERT_TRUE(topic->start_partition({id}, {0}).has_value());
  const std::atomic<bool> never{false};
  std::vector<std::thread> threads;
  for (int32_t id = 0; id < kPartitions; ++id) {
    threads.emplace_back([&, id] { append_until(*topic, id, 1'000'000'000, 1500, never); });
  }
  for (uint64_t seed = 1; seed <= 2; ++seed) threads.emplace_back([&, seed] { work(*topic, never, seed); });
  for (;;) {
    for (const auto& partition : topic->view().partitions) {
      report(partition.partition.value);
      report(partition.sealed_to.value);
    }
  }
}

TEST(TopicCrashTest, DiesAtAnyMomentAndLosesNothingThatWasSealed) {
  const ScratchDirectory dir;
  const auto seed = static_cast<uint64_t>(std::random_device()());
  SCOPED_TRACE(fmt::format("seed {}", seed));
  RandomMessages random(seed);
  std::map<int32_t, int64_t> sealed;
  for (int round = 0; round < 12; ++round) {
    SCOPED_TRACE(fmt::format("round {}", round));
    {
      ChildProcess child("TopicCrashTest.DISABLED_WorksUntilItIsKilled", dir.path());
      const int64_t progress = 1 + static_cast<int64_t>(random.below(500));
      int64_t rise = 0;
      bool killed = false;
      for (;;) {
        const auto partition = child.next_report();
        const auto next = partition ? child.next_report() : std::nullopt;
        if (!next) break;
        int64_t& known = sealed[static_cast<int32_t>(*partition)];
        rise += *next - known;
        known = *next;
        if (rise >= progress && !killed) {
          child.kill();
          killed = true;
        }
      }
      ASSERT_TRUE(killed) << "the child ended by itself";
    }
    const auto store = open_store(dir.path());
    EXPECT_EQ(segments_on_disk(dir.path()), segments_named(*store));
    const auto topic = store->topic("orders");
    ASSERT_NE(topic, nullptr);
    for (const auto& [partition, next] : sealed) {
      EXPECT_GE(topic->next_offset({partition})->value, next);
      sealed[partition] = topic->next_offset({partition})->value;
    }
    check_view(*topic);
    check_index(*topic, topic->view(), 1);
  }
}

}  // namespace
}  // namespace kseek::store
