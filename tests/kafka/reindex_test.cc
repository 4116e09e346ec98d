// A topic read again from a real Kafka while messages arrive: progress, cancelling, going on after a restart, the swap.
#include "tests/kafka/kafka_test.h"

namespace kseek::kafka_test {
namespace {

using store::JobState;

class Reindex : public KafkaTest {
 protected:
  static constexpr uint64_t kSlowly = 300'000;  // bytes a second

  /// `count` messages of about a kilobyte.
  void send_filled(int count, const std::string& prefix) const {
    send_many(count, prefix, " " + std::string(1'000, 'x'));
  }

  uint64_t reindex(uint64_t rate_limit) const {
    indexer::ReindexRequest request;
    request.topic = topic;
    request.source = store::JobSource::kKafka;
    request.rate_limit = rate_limit;
    const auto job = indexer->jobs().reindex(request);
    EXPECT_TRUE(job) << describe(job.error());
    return job ? job->id : 0;
  }
  indexer::JobStatus job(uint64_t id) const {
    const auto found = indexer->jobs().find(id);
    EXPECT_TRUE(found) << describe(found.error());
    return found ? *found : indexer::JobStatus{};
  }
  /// Waits until some of the topic is read again, and not all.
  void wait_for_progress(uint64_t id) const {
    EXPECT_TRUE(eventually([&] { return job(id).messages_done > 0; })) << job(id).note;
    EXPECT_EQ(job(id).state, JobState::kRunning);
    EXPECT_LT(job(id).messages_done, job(id).messages_total);
  }
  void expect_each_once(size_t total) const {
    EXPECT_TRUE(eventually([&] {
      const Answer all = search();
      return all.complete && all.hits.size() == total;
    })) << search().hits.size()
        << " of " << total;
    indexer::expect_whole(indexer::scan(*store->topic(topic)), total);
  }
};

TEST_F(Reindex, CancelledItLeavesEverythingAsItWas) {
  create(1);
  start();
  open();
  send_filled(1'000, "m");
  wait_caught_up();
  const auto before = store->topic(topic);
  const uint64_t id = reindex(kSlowly);
  wait_for_progress(id);
  send_filled(50, "later");
  EXPECT_TRUE(eventually([&] { return search("later49").complete && search("later49").hits.size() == 1; }))
      << "the old one goes on";
  const auto cancelled = indexer->jobs().cancel(id);
  ASSERT_OK(cancelled);
  EXPECT_EQ(cancelled->state, JobState::kCancelled);
  EXPECT_EQ(store->generation(topic), nullptr);
  EXPECT_EQ(store->topic(topic), before);
  expect_each_once(1'050);
}

TEST_F(Reindex, GoesOnAfterARestartAndIsSwappedInWhileMessagesArrive) {
  create(1);
  start();
  open();
  send_filled(1'200, "m");
  wait_caught_up();
  const uint64_t id = reindex(kSlowly);
  wait_for_progress(id);
  stop();
  send_filled(30, "away");
  start();
  EXPECT_TRUE(eventually([&] { return job(id).messages_done > 0; }));
  const auto read_before = store->generation(topic);
  ASSERT_NE(read_before, nullptr) << "it goes on with what was read";
  const auto before = store->topic(topic);
  size_t total = 1'230;
  EXPECT_TRUE(eventually([&] {
    send_filled(1, "arriving");
    ++total;
    const Answer answer = search("m0");
    EXPECT_EQ(answer.hits.size(), 1U);
    return job(id).state != JobState::kRunning;
  }));
  EXPECT_EQ(job(id).state, JobState::kDone) << job(id).reason;
  EXPECT_NE(store->topic(topic), before);
  EXPECT_EQ(store->generation(topic), nullptr);
  expect_each_once(total);
  EXPECT_EQ(store->topic(topic)->events().back().text, "read again from Kafka");
  EXPECT_TRUE(eventually([this] { return status().state == TopicState::kRunning; })) << status().reason;
}

}  // namespace
}  // namespace kseek::kafka_test
