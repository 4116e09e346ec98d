#include "indexer/indexer.h"

#include <fmt/format.h>

#include <algorithm>
#include <atomic>

#include "base/time.h"
#include "indexer/cluster.h"
#include "indexer/compaction.h"
#include "indexer/dead_letter_sender.h"
#include "indexer/job_runner.h"
#include "indexer/live_redactor.h"
#include "indexer/log.h"
#include "indexer/reindex_work.h"
#include "indexer/resolver.h"
#include "indexer/start_position.h"
#include "indexer/tail.h"
#include "indexer/topic_registry.h"
#include "indexer/watch.h"
#include "indexer/workers.h"

namespace kseek::indexer {

namespace {

using std::chrono::milliseconds;
using Clock = std::chrono::steady_clock;
using Phase = TopicEntry::Phase;

constexpr milliseconds kOpenTimeout{5'000};
constexpr milliseconds kOpenTimeoutWhileDown{500};
constexpr milliseconds kGroupsTimeout{5'000};
constexpr milliseconds kSealOnStop{8'000};
constexpr milliseconds kLook{20};  // wait_caught_up looks at least so often

Error no_such_topic(std::string_view topic) {
  return {ErrorCode::kNotFound, fmt::format("topic \"{}\" is not opened", topic),
          "`kseek topics` lists those that are"};
}

class KafkaIndexer final : public Indexer {
 public:
  KafkaIndexer(store::Store& store, const IndexerOptions& options)
      : store_(store), options_(options), workers_(options.workers) {}

  ~KafkaIndexer() override { stop(); }

  Result<void> connect() {
    if (!options_.brokers.empty() && options_.tails) {
      KSEEK_ASSIGN(cluster_, Cluster::create(options_.brokers, options_.kafka));
      TailOptions tail{options_.brokers, options_.kafka, options_.memory_limit_bytes, options_.seal_after};
      tail.redactor = options_.redactor;
      KSEEK_ASSIGN(tail_, Tail::start(tail, workers_, [this] {
                     if (Watch* watch = watch_for_tail_.load()) watch->wake();
                   }));
    }
    for (const auto& topic : store_.topics()) add_known(topic);
    if (cluster_) {
      WatchOptions watch;
      watch.brokers = options_.brokers;
      watch.watermark_interval = options_.watermark_interval;
      watch.metadata_interval = options_.metadata_interval;
      watch.commit_interval = options_.commit_interval;
      watch.recreate = [this](const std::shared_ptr<TopicEntry>& entry) { return recreate_topic(entry); };
      watch_ = std::make_unique<Watch>(watch, topics_, *cluster_, *tail_);
      watch_for_tail_ = watch_.get();
      compaction_ =
          std::make_unique<Compaction>(CompactionOptions{options_.brokers, options_.kafka, options_.compaction_interval,
                                                         options_.compaction_bytes_per_second},
                                       topics_);
      const DeadLetterOptions letters{options_.brokers, options_.kafka, options_.dead_letter_topic, options_.redactor};
      KSEEK_ASSIGN(dead_letters_, DeadLetterSender::start(store_, letters));
    }
    const Switchboard board{store_, topics_, workers_, cluster_.get(), tail_.get(), watch_.get()};
    KSEEK_ASSIGN(jobs_, JobRunner::start(store_, reindex_work(board, options_)));
    return {};
  }

  Result<void> open_topic(const OpenRequest& request) override;
  Result<void> close_topic(std::string_view topic) override;
  Result<void> pause_topic(std::string_view topic) override;
  Result<void> resume_topic(std::string_view topic) override;
  Result<void> set_retention(std::string_view topic, const store::Retention& retention) override;

  Result<std::vector<GroupRow>> groups(std::string_view topic) override;

  Result<TopicStatus> status(std::string_view topic) const override {
    const auto entry = topics_.find(topic);
    if (!entry) {
      // An import may have made it since.
      const auto stored = store_.topic(topic);
      if (!stored) return no_such_topic(topic);
      return imported_status(*stored);
    }
    return status_of(*entry);
  }

  std::vector<TopicStatus> statuses() const override {
    std::vector<TopicStatus> all;
    for (const auto& stored : store_.topics()) {
      const auto entry = topics_.find(stored->config().name);
      all.push_back(entry ? status_of(*entry) : imported_status(*stored));
    }
    return all;
  }

  Result<void> wait_caught_up(std::string_view topic, milliseconds timeout) override;
  Jobs& jobs() override { return *jobs_; }
  void stop() override;

 private:
  static TopicStatus imported_status(const store::TopicStore& stored) {
    TopicStatus status;
    status.name = stored.config().name;
    status.state = TopicState::kImported;
    return status;
  }

  TopicStatus status_of(const TopicEntry& entry) const {
    TopicStatus status = entry.status(trouble_of(entry));
    if (options_.redactor) status.redacted = options_.redactor->redacted(entry.name());
    return status;
  }

  Workers::Trouble trouble_of(const TopicEntry& entry) const {
    Workers::Trouble trouble = workers_.trouble(entry.store());
    if (trouble.text.empty() && entry.store().config().retention.kind == store::Retention::Kind::kDuration) {
      trouble.text = store_.clock_trouble();
    }
    return trouble;
  }

  void add_known(const std::shared_ptr<store::TopicStore>& topic);
  Result<std::optional<int32_t>> ask_before_opening(const OpenRequest& request);
  bool recreate_topic(const std::shared_ptr<TopicEntry>& entry);
  Result<TopicRegistry::Held> hold_to_change(std::string_view topic) const;

  store::Store& store_;           // constant after construction
  const IndexerOptions options_;  // constant after construction
  TopicRegistry topics_;
  std::mutex open_mu_;  // one open_topic at a time: max_topics
  Workers workers_;
  std::unique_ptr<Cluster> cluster_;                // constant after connect()
  std::unique_ptr<Tail> tail_;                      // constant after connect()
  std::unique_ptr<Watch> watch_;                    // constant after connect()
  std::unique_ptr<Compaction> compaction_;          // constant after connect()
  std::unique_ptr<DeadLetterSender> dead_letters_;  // constant after connect()
  std::unique_ptr<JobRunner> jobs_;                 // constant after connect()
  std::atomic<Watch*> watch_for_tail_{nullptr};
  std::atomic<bool> stopping_{false};
};

void KafkaIndexer::add_known(const std::shared_ptr<store::TopicStore>& topic) {
  auto entry = std::make_shared<TopicEntry>(topic);
  const store::TopicConfig config = topic->config();
  if (config.source == store::Source::kImport) {
    entry->set_phase(Phase::kImported);
    // A dump is all there is.
    for (const auto& partition : topic->view().partitions) {
      topic->set_watermarks(partition.partition, kMinOffset, partition.indexed_to);
    }
  } else if (config.paused) {
    entry->set_phase(Phase::kPaused);
  } else if (!cluster_) {
    entry->set_phase(Phase::kStarting, "no Kafka brokers are configured; give --brokers HOST:PORT");
  }
  workers_.add(topic);
  topics_.add(std::move(entry));
}

/// How many partitions it has; nullopt: no broker can be asked now.
Result<std::optional<int32_t>> KafkaIndexer::ask_before_opening(const OpenRequest& request) {
  KSEEK_TRY(store::check_topic_name(request.topic));
  if (!request.dead_letter_topic.empty()) KSEEK_TRY(store::check_topic_name(request.dead_letter_topic));
  if (request.dead_letter_topic == request.topic) {
    return Error{ErrorCode::kInvalid, fmt::format("topic \"{}\" can't have its own dead letters", request.topic),
                 "name another topic for them"};
  }
  KSEEK_ASSIGN(const StartPosition start, parse_start_position(request.from, now()));
  if (const auto existing = store_.topic(request.topic)) {
    const bool imported = existing->config().source == store::Source::kImport;
    return Error{ErrorCode::kConflict,
                 imported ? fmt::format("topic \"{}\" was imported from a dump", request.topic)
                          : fmt::format("topic \"{}\" is open already", request.topic),
                 fmt::format("`kseek close {}` drops it", request.topic)};
  }
  if (!cluster_) {
    return Error{ErrorCode::kInvalid, "no Kafka brokers are configured", "start with --brokers HOST:PORT"};
  }
  if (topics_.all().size() >= options_.max_topics) {
    return Error{ErrorCode::kConflict,
                 fmt::format("{} topics are open, as many as max_topics allows", options_.max_topics),
                 "close one, or raise max_topics"};
  }
  const bool down = !watch_->broker_trouble().empty();
  const auto counts = cluster_->partition_counts({request.topic}, down ? kOpenTimeoutWhileDown : kOpenTimeout);
  if (!counts) return std::optional<int32_t>();
  const auto& count = counts->at(request.topic);
  if (!count) {
    const ErrorCode code = count.error().code;
    if (code == ErrorCode::kNotFound) {
      return Error{code, fmt::format("Kafka at {} has no topic \"{}\"", options_.brokers, request.topic),
                   "check the name; topic names are case-sensitive"};
    }
    if (code == ErrorCode::kInvalid) return count.error();
    return std::optional<int32_t>();
  }
  KSEEK_TRY(Resolver(*cluster_, *tail_).check(request.topic, *count, start));
  return std::optional<int32_t>(*count);
}

Result<void> KafkaIndexer::open_topic(const OpenRequest& request) {
  const std::lock_guard opening(open_mu_);
  if (stopping_) return Error{ErrorCode::kUnavailable, "the indexer is stopping", ""};
  KSEEK_ASSIGN(const std::optional<int32_t> partitions, ask_before_opening(request));
  store::TopicConfig config;
  config.name = request.topic;
  config.from = request.from;
  config.time_kind = request.time_kind;
  config.retention = request.retention;
  config.labels = request.labels;
  config.require = request.require;
  config.dead_letter_topic = request.dead_letter_topic;
  config.opened_at = now();
  if (partitions) config.cluster_id = cluster_->cluster_id();
  KSEEK_ASSIGN(auto topic, store_.create_topic(config));
  auto entry = std::make_shared<TopicEntry>(topic);
  const std::lock_guard work(entry->work_mutex());
  if (!partitions) {
    const std::string trouble = watch_->broker_trouble();
    entry->set_trouble(trouble.empty() ? fmt::format("broker {} is down, retrying", options_.brokers) : trouble);
  }
  topics_.add(entry);
  workers_.add(topic);
  if (partitions) {
    if (const auto resolved = Resolver(*cluster_, *tail_).resolve(entry, *partitions); !resolved) {
      entry->set_trouble(describe(resolved.error()) + " (retried)");
    }
  }
  watch_->wake();
  return {};
}

Result<TopicRegistry::Held> KafkaIndexer::hold_to_change(std::string_view topic) const {
  if (stopping_) return Error{ErrorCode::kUnavailable, "the indexer is stopping", ""};
  auto held = topics_.hold(topic);
  if (!held.entry) return no_such_topic(topic);
  return held;
}

Result<void> KafkaIndexer::close_topic(std::string_view topic) {
  if (stopping_) return Error{ErrorCode::kUnavailable, "the indexer is stopping", ""};
  jobs_->cancel_of(topic);
  const auto [entry, work] = topics_.hold(topic);
  if (!entry) {
    if (!store_.topic(topic)) return no_such_topic(topic);
    return store_.drop_topic(topic);
  }
  if (tail_) tail_->unassign(entry);
  entry->set_phase(Phase::kClosed, "closed");
  workers_.remove(entry->store());
  if (cluster_) cluster_->forget(entry->name());
  Result<void> dropped = store_.drop_topic(topic);
  topics_.remove(topic);
  if (const auto kept = dropped ? nullptr : store_.topic(topic)) {  // a full disk, for instance: it goes on as before
    add_known(kept);
    if (watch_) watch_->wake();
  }
  return dropped;
}

Result<void> KafkaIndexer::pause_topic(std::string_view topic) {
  KSEEK_ASSIGN(const auto held, hold_to_change(topic));
  const auto& entry = held.entry;
  switch (entry->phase()) {
    case Phase::kPaused: return {};
    case Phase::kImported:
      return Error{ErrorCode::kConflict, fmt::format("topic \"{}\" was imported: nothing is taken in", topic), ""};
    default: break;
  }
  store::TopicConfig config = entry->store().config();
  config.paused = true;
  KSEEK_TRY(entry->store().update_config(config));
  if (tail_) tail_->unassign(entry);
  entry->set_phase(Phase::kPaused);
  return {};
}

Result<void> KafkaIndexer::resume_topic(std::string_view topic) {
  {
    KSEEK_ASSIGN(const auto held, hold_to_change(topic));
    const auto& entry = held.entry;
    switch (entry->phase()) {
      case Phase::kPaused: break;
      case Phase::kImported:
        return Error{ErrorCode::kConflict, fmt::format("topic \"{}\" was imported: nothing is taken in", topic), ""};
      default: return {};
    }
    store::TopicConfig config = entry->store().config();
    config.paused = false;
    KSEEK_TRY(entry->store().update_config(config));
    entry->set_phase(Phase::kStarting, cluster_ ? "" : "no Kafka brokers are configured; give --brokers HOST:PORT");
  }
  if (watch_) watch_->wake();
  return {};
}

Result<void> KafkaIndexer::set_retention(std::string_view topic, const store::Retention& retention) {
  KSEEK_ASSIGN(const auto held, hold_to_change(topic));
  const auto& entry = held.entry;
  if (entry->phase() == Phase::kImported && retention.kind == store::Retention::Kind::kFollow) {
    return Error{ErrorCode::kConflict, fmt::format("topic \"{}\" was imported: there is no Kafka to follow", topic),
                 "give a duration, or forever"};
  }
  store::TopicConfig config = entry->store().config();
  if (config.retention == retention) return {};
  const std::string text =
      fmt::format("retention changed: {} to {}", store::to_string(config.retention), store::to_string(retention));
  config.retention = retention;
  KSEEK_TRY(entry->store().update_config(config));
  log().info("topic {}: {}", topic, text);
  return entry->store().add_event({now(), text});
}

Result<std::vector<GroupRow>> KafkaIndexer::groups(std::string_view topic) {
  const auto entry = topics_.find(topic);
  if (!entry) return no_such_topic(topic);
  if (!cluster_) {
    return Error{ErrorCode::kInvalid, "no Kafka brokers are configured", "start with --brokers HOST:PORT"};
  }
  KSEEK_ASSIGN(auto rows, cluster_->groups(entry->name(), kGroupsTimeout));
  add_lags(entry->store().view(), rows);
  return rows;
}

/// The topic's offsets are another one's now: nothing of the old one is in Kafka. True: another entry is in its place.
bool KafkaIndexer::recreate_topic(const std::shared_ptr<TopicEntry>& entry) {
  const std::lock_guard work(entry->work_mutex());
  if (entry->phase() != Phase::kRecreating) return false;
  tail_->unassign(entry);
  log().warn("topic {}: {}", entry->name(), entry->reason());
  store::TopicConfig config = entry->store().config();
  // Whatever the new topic has came after it was opened; the old one's offsets mean nothing there.
  const auto start = parse_start_position(config.from, config.opened_at);
  if (!start || start->kind != StartPosition::Kind::kTime) config.from = "earliest";
  workers_.remove(entry->store());
  auto made = store_.recreate_topic(config, {now(), "recreated: " + entry->reason()});
  if (!made) {
    workers_.add(entry->shared_store());
    entry->set_trouble(describe(made.error()) + " (retried)");
    return false;
  }
  auto fresh = std::make_shared<TopicEntry>(*made);
  if (const auto settings = entry->settings()) fresh->note_settings(*settings);
  cluster_->forget(entry->name());
  workers_.add(*made);
  topics_.add(std::move(fresh));
  entry->set_phase(Phase::kClosed, "created again");
  return true;
}

Result<void> KafkaIndexer::wait_caught_up(std::string_view topic, milliseconds timeout) {
  const auto deadline = Clock::now() + timeout;
  auto entry = topics_.find(topic);
  if (!entry) return no_such_topic(topic);
  if (entry->phase() == Phase::kImported) return {};
  std::optional<std::map<PartitionId, Offset>> ends;
  std::string missing = "no broker has said where it ends";
  while (Clock::now() < deadline) {
    const TopicStatus status = entry->status({});
    // Looked at after the status: does it still stand for the topic?
    if (entry->phase() == Phase::kRecreating || store_.topic(topic) != entry->shared_store()) {
      entry->wait_for_news(std::min(deadline, Clock::now() + kLook));
      entry = topics_.find(topic);
      if (!entry) return no_such_topic(topic);
      continue;
    }
    if (!cluster_ || status.state == TopicState::kFailed || status.state == TopicState::kPaused) {
      return Error{ErrorCode::kUnavailable,
                   fmt::format("topic \"{}\" is {}{}{}", topic, to_string(status.state),
                               status.reason.empty() ? "" : ": ", status.reason),
                   ""};
    }
    if (!ends) {
      const auto left = std::chrono::duration_cast<milliseconds>(deadline - Clock::now());
      auto asked = cluster_->ends(entry->name(), std::clamp(left, milliseconds(1), milliseconds(1'000)));
      if (asked) {
        ends = *std::move(asked);
      } else {
        missing = describe(asked.error());
      }
    }
    if (ends) {
      const auto behind = std::find_if(ends->begin(), ends->end(), [&entry](const auto& end) {
        const auto next = entry->store().next_offset(end.first);
        return !next || *next < end.second;
      });
      if (behind == ends->end()) return {};
      const auto next = entry->store().next_offset(behind->first).value_or(kMinOffset);
      missing =
          fmt::format("partition {} is at offset {} of {}", behind->first.value, next.value, behind->second.value);
    }
    entry->wait_for_news(std::min(deadline, Clock::now() + kLook));
  }
  return Error{ErrorCode::kTimeout, fmt::format("topic \"{}\" has not caught up: {}", topic, missing), "wait longer"};
}

void KafkaIndexer::stop() {
  if (stopping_.exchange(true)) return;
  const std::lock_guard opening(open_mu_);  // an open_topic that is on its way
  if (jobs_) jobs_->stop();
  if (dead_letters_) dead_letters_->stop();
  if (compaction_) compaction_->stop();
  if (watch_) watch_->stop();
  if (tail_) tail_->stop();
  if (!workers_.seal_everything(Clock::now() + kSealOnStop)) {
    log().warn("not everything could be sealed before stopping: the rest is taken in from Kafka again");
  }
  workers_.stop();
}

}  // namespace

Result<std::unique_ptr<Indexer>> Indexer::start(store::Store& store, const IndexerOptions& options) {
  auto indexer = std::make_unique<KafkaIndexer>(store, options);
  KSEEK_TRY(indexer->connect());
  return std::unique_ptr<Indexer>(std::move(indexer));
}

}  // namespace kseek::indexer
