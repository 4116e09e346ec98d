#include "indexer/reindex_kafka.h"

#include <fmt/format.h>

#include <algorithm>
#include <atomic>

#include "base/time.h"
#include "indexer/cluster.h"
#include "indexer/log.h"
#include "indexer/tail.h"
#include "indexer/topic_registry.h"
#include "indexer/watch.h"
#include "indexer/workers.h"

namespace kseek::indexer {
namespace {

using std::chrono::milliseconds;
using Clock = JobControl::Clock;

constexpr milliseconds kLook{100};
constexpr milliseconds kAsk{3'000};
constexpr milliseconds kCatchUp{10'000};  // the old one isn't tailed for so long at most
constexpr milliseconds kTryAgain{5'000};
constexpr milliseconds kSealOnStop{8'000};
// Messages that the switch may wait for, without and with a rate limit.
constexpr uint64_t kNearlyThere = 10'000;
constexpr uint64_t kNearlyThereSlowly = 100;

/// A small indexer for one topic's next generation.
class Reader {
 public:
  Reader(store::Store& store, const IndexerOptions& options, const KafkaReindex& request, JobControl& control)
      : store_(store), options_(options), request_(request), control_(control), workers_(options.workers) {}

  ~Reader() { stop(); }

  /// False: it was to end before it was done.
  Result<bool> run(const SwitchOver& switch_over) {
    KSEEK_ASSIGN(cluster_, Cluster::create(options_.brokers, options_.kafka));
    KSEEK_TRY(prepare());
    if (!fresh_) return false;
    KSEEK_TRY(start());
    while (control_.wait_for(kLook)) {
      KSEEK_ASSIGN(const uint64_t missing, look());
      if (missing > (request_.rate_limit > 0 ? kNearlyThereSlowly : kNearlyThere)) continue;
      // Most of what is to be sealed and indexed, while the old one's tail still goes on.
      if (const auto flushed = fresh_->flush(); !flushed) {
        control_.set_note(describe(flushed.error()) + " (retried)");
        if (!control_.wait_for(kTryAgain)) break;
        continue;
      }
      const auto switched = switch_over(request_.topic, [this] { return catch_up(); });
      if (switched) {
        fresh_.reset();  // others see to it from now on
        return true;
      }
      if (switched.error().code != ErrorCode::kUnavailable && switched.error().code != ErrorCode::kTimeout) {
        return switched.error();
      }
      control_.set_note(describe(switched.error()) + " (retried)");
      go_on_reading();
      if (!control_.wait_for(kTryAgain)) break;
    }
    return false;
  }

 private:
  /// The next generation, new or as it was left.
  Result<void> prepare() {
    const auto old = store_.topic(request_.topic);
    if (!old) return Error{ErrorCode::kNotFound, fmt::format("topic \"{}\" was closed", request_.topic), ""};
    if (request_.resumes) fresh_ = store_.generation(request_.topic);
    if (fresh_) return {};
    KSEEK_TRY(store_.drop_generation(request_.topic));
    KSEEK_ASSIGN(const bool asked, check_what_kafka_has(*old));
    if (!asked) return {};
    store::TopicConfig config = old->config();
    config.cluster_id.clear();  // it may be another one's now: that is how a topic moves
    if (!request_.from.empty()) {
      config.from = request_.from;
      config.opened_at = now();
    }
    KSEEK_ASSIGN(fresh_, store_.create_generation(config));
    if (!request_.from.empty()) return {};
    for (const auto& partition : old->view().partitions) {
      KSEEK_TRY(fresh_->start_partition(partition.partition, partition.start));
    }
    return {};
  }

  /// A topic that is kept longer than Kafka keeps it would lose what Kafka doesn't have any more: only if that was
  /// said. False: it is to end.
  Result<bool> check_what_kafka_has(const store::TopicStore& old) {
    const store::TopicView view = old.view();
    if (view.config.retention.kind == store::Retention::Kind::kFollow || !request_.from.empty()) return true;
    std::vector<TopicPartition> partitions;
    for (const auto& partition : view.partitions) partitions.push_back({request_.topic, partition.partition});
    for (;;) {
      const auto marks = cluster_->watermarks(partitions, kAsk);
      if (!marks) {
        control_.set_note(describe(marks.error()) + " (retried)");
        if (!control_.wait_for(kTryAgain)) return false;
        continue;
      }
      control_.set_note("");
      for (size_t i = 0; i < partitions.size(); ++i) {
        const auto& mark = (*marks)[i];
        if (!mark || view.partitions[i].low >= mark->low) continue;
        return Error{
            ErrorCode::kConflict,
            fmt::format("partition {}: messages from offset {} on are kept here, and Kafka has only those from "
                        "{} on: reading it again would lose the others",
                        partitions[i].partition.value, view.partitions[i].low.value, mark->low.value),
            "if they may go, say --from earliest"};
      }
      return true;
    }
  }

  Result<void> start() {
    entry_ = std::make_shared<TopicEntry>(fresh_);
    workers_.add(fresh_);
    TailOptions tail{options_.brokers, options_.kafka, options_.memory_limit_bytes / 2, options_.seal_after};
    tail.rate_limit = request_.rate_limit;
    tail.redactor = options_.redactor;
    KSEEK_ASSIGN(tail_, Tail::start(tail, workers_, [this] {
                   if (Watch* watch = watch_for_tail_.load()) watch->wake();
                 }));
    topics_.add(entry_);
    WatchOptions watch;
    watch.brokers = options_.brokers;
    watch.watermark_interval = options_.watermark_interval;
    watch.metadata_interval = options_.metadata_interval;
    watch.recreate = [](const std::shared_ptr<TopicEntry>& /*entry*/) { return false; };  // the job ends with it
    watch.commits = false;  // Kafka's tools see how far the one is that serves
    watch_ = std::make_unique<Watch>(watch, topics_, *cluster_, *tail_);
    watch_for_tail_ = watch_.get();
    return {};
  }

  /// How many messages are missing; tells the progress.
  Result<uint64_t> look() {
    const auto old = store_.topic(request_.topic);
    if (!old) return Error{ErrorCode::kNotFound, fmt::format("topic \"{}\" was closed", request_.topic), ""};
    const TopicStatus status = entry_->status(workers_.trouble(*fresh_));
    if (status.state == TopicState::kFailed || status.state == TopicState::kRecreating)
      return Error{ErrorCode::kUnavailable, status.reason, ""};
    control_.set_note(status.reason);
    const auto view = fresh_->view();
    JobProgress progress;
    uint64_t missing = view.partitions.empty() ? kNearlyThere + 1 : 0;
    for (const auto& partition : view.partitions) {
      const auto target = target_of(*old, partition);
      if (!target) {  // nobody knows where Kafka ends
        missing += kNearlyThere + 1;
        continue;
      }
      const auto span = [](Offset from, Offset to) {
        return static_cast<uint64_t>(std::max<int64_t>(0, to.value - from.value));
      };
      const Offset begin = std::max(partition.start, partition.low);
      missing += span(partition.indexed_to, *target);
      progress.messages_total += span(begin, std::max(*target, partition.indexed_to));
      progress.messages_done += span(begin, partition.indexed_to);
    }
    progress.bytes_done = fresh_->stats().raw_bytes;
    control_.set_progress(progress);
    return missing;
  }

  /// How far to read: to where the old one is, or where Kafka ends if that is before (the topic was created again).
  static std::optional<Offset> target_of(const store::TopicStore& old, const store::PartitionView& partition) {
    if (!partition.end) return std::nullopt;
    const auto next = old.next_offset(partition.partition);
    return next ? std::min(*next, *partition.end) : partition.start;
  }

  /// While the old one stands still.
  Result<void> catch_up() {
    const auto deadline = Clock::now() + kCatchUp;
    for (;;) {
      KSEEK_ASSIGN(const uint64_t missing, look());
      if (missing == 0) break;
      if (Clock::now() >= deadline) {
        return Error{ErrorCode::kTimeout, fmt::format("{} messages are still missing", missing), ""};
      }
      if (!control_.wait_for(milliseconds(5))) return Error{ErrorCode::kTimeout, "it is to end", ""};
    }
    {
      const std::lock_guard work(entry_->work_mutex());
      entry_->set_phase(TopicEntry::Phase::kPaused);
      tail_->unassign(entry_);
    }
    KSEEK_TRY(fresh_->flush());
    // From here on another entry tells where it ends; two would contradict each other.
    entry_->set_phase(TopicEntry::Phase::kClosed);
    return {};
  }

  void go_on_reading() {
    entry_->set_phase(TopicEntry::Phase::kStarting);
    watch_->wake();
  }

  void stop() {
    if (watch_) watch_->stop();
    if (tail_) tail_->stop();
    if (fresh_ && !workers_.seal_everything(Clock::now() + kSealOnStop)) {
      log().warn("topic {}: not everything that was read again could be sealed", request_.topic);
    }
    workers_.stop();
  }

  store::Store& store_;
  const IndexerOptions& options_;
  const KafkaReindex& request_;
  JobControl& control_;
  Workers workers_;
  TopicRegistry topics_;
  std::shared_ptr<store::TopicStore> fresh_;
  std::shared_ptr<TopicEntry> entry_;
  std::unique_ptr<Cluster> cluster_;
  std::unique_ptr<Tail> tail_;
  std::unique_ptr<Watch> watch_;
  std::atomic<Watch*> watch_for_tail_{nullptr};
};

}  // namespace

Result<bool> reindex_from_kafka(store::Store& store, const IndexerOptions& options, const KafkaReindex& request,
                                const SwitchOver& switch_over, JobControl& control) {
  Result<bool> done = false;
  {
    Reader reader(store, options, request, control);
    done = reader.run(switch_over);
  }
  if (!done) ignore_error(store.drop_generation(request.topic), "the next start sees to it");
  return done;
}

}  // namespace kseek::indexer
