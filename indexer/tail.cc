#include "indexer/tail.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>

#include "base/bytes.h"
#include "indexer/log.h"

namespace kseek::indexer {
namespace {

using std::chrono::milliseconds;
using Clock = std::chrono::steady_clock;

constexpr size_t kBatchMessages = 10'000;
constexpr size_t kThrottledBatch = 100;  // below a rate limit: what is over it at once
constexpr int kBatchWaitMs = 10;         // of the 100 ms from production to findable
constexpr milliseconds kTick{1'000};
constexpr milliseconds kCloseWait{5'000};
constexpr milliseconds kIntroduce{1'000};

const Properties& defaults() {
  static const Properties kDefaults{{"client.id", "kseek"},
                                    {"group.id", "kseek"},
                                    {"fetch.wait.max.ms", "10"},
                                    {"fetch.error.backoff.ms", "200"},
                                    {"fetch.message.max.bytes", std::to_string(4_MiB)},
                                    {"receive.message.max.bytes", kReceiveMaxBytes},
                                    {"queued.min.messages", "200000"},
                                    {"queued.max.messages.kbytes", std::to_string(128_MiB / 1_KiB)},
                                    {"check.crcs", "true"},
                                    {"reconnect.backoff.max.ms", "1000"},
                                    {"topic.metadata.refresh.interval.ms", "60000"},
                                    {"socket.keepalive.enable", "true"},
                                    // While the disk is full nothing is polled, however long that takes.
                                    {"max.poll.interval.ms", "86400000"},
                                    {"log.connection.close", "false"}};
  return kDefaults;
}

void encode_headers(const rd_kafka_message_t& message, std::string& out) {
  rd_kafka_headers_t* headers = nullptr;
  if (rd_kafka_message_headers(&message, &headers) != RD_KAFKA_RESP_ERR_NO_ERROR) return;
  const char* name = nullptr;
  const void* value = nullptr;
  size_t size = 0;
  for (size_t i = 0; rd_kafka_header_get_all(headers, i, &name, &value, &size) == RD_KAFKA_RESP_ERR_NO_ERROR; ++i) {
    append_header(out, name, bytes_of(value, size));
  }
}

Error stopped() { return {ErrorCode::kUnavailable, "the indexer is stopping", "start it again"}; }

}  // namespace

Tail::Tail(const TailOptions& options, Workers& workers, std::function<void()> wake_watch)
    : options_(options),
      workers_(workers),
      wake_watch_(std::move(wake_watch)),
      rate_(options.rate_limit),
      next_tick_(Clock::now() + kTick) {
  batch_.resize(options.rate_limit > 0 ? kThrottledBatch : kBatchMessages);
}

Result<std::unique_ptr<Tail>> Tail::start(const TailOptions& options, Workers& workers,
                                          std::function<void()> wake_watch) {
  std::unique_ptr<Tail> tail(new Tail(options, workers, std::move(wake_watch)));
  KSEEK_ASSIGN(tail->client_,
               Client::create(RD_KAFKA_CONSUMER, options.brokers, defaults(), fixed_properties(), options.kafka));
  rd_kafka_poll_set_consumer(tail->client_->get());
  tail->queue_ = rd_kafka_queue_get_consumer(tail->client_->get());
  if (tail->queue_ == nullptr) {
    return Error{ErrorCode::kInvalid, "Kafka property \"group.id\" is empty", "leave it out, or name a group"};
  }
  tail->thread_ = std::thread([raw = tail.get()] { raw->run(); });
  return tail;
}

Tail::~Tail() { stop(); }

void Tail::stop() {
  {
    const std::lock_guard lock(mu_);
    stopping_ = true;
    done_.notify_all();
  }
  if (thread_.joinable()) thread_.join();
}

void Tail::call(std::function<void()> action) {
  std::unique_lock lock(mu_);
  if (stopping_) return;
  bool ran = false;
  actions_.emplace_back([&] {
    action();
    const std::lock_guard inner(mu_);
    ran = true;
    done_.notify_all();
  });
  done_.notify_all();
  done_.wait(lock, [&] { return ran; });
}

void Tail::run_actions() {
  while (true) {
    std::function<void()> action;
    {
      const std::lock_guard lock(mu_);
      if (actions_.empty()) return;
      action = std::move(actions_.front());
      actions_.pop_front();
    }
    action();
  }
}

/// A consumer that knows where a topic's leaders are begins to fetch at once; otherwise it finds out on its next look
/// around, up to a second later.
void Tail::introduce(const std::string& topic) {
  ignore_error(client_->ask_cluster_id(topic, kIntroduce), "it finds out by itself, later");
}

Result<void> Tail::assign(const std::shared_ptr<TopicEntry>& entry, const std::vector<TailPosition>& positions) {
  introduce(entry->name());
  Result<void> outcome = stopped();
  call([&] { outcome = do_assign(entry, positions); });
  return outcome;
}

void Tail::unassign(const std::shared_ptr<TopicEntry>& entry) {
  call([&] { do_unassign(entry->name()); });
}

void Tail::run() {
  while (true) {
    run_actions();
    {
      const std::lock_guard lock(mu_);
      if (stopping_ && actions_.empty()) break;
    }
    take_batch();
    hold_rate();
    if (Clock::now() >= next_tick_) tick();
    if (memory_estimate_ > options_.memory_limit_bytes || workers_.is_behind()) hold_back();
  }
  close_consumer();
}

void Tail::tick() {
  next_tick_ = Clock::now() + kTick;
  const Timestamp time = topics_.empty() ? last_tick_ : topics_.begin()->second.entry->store().retention_time();
  // A clock that went back would make blocks look younger than they are: they are closed while it is known.
  const bool went_back = time < last_tick_;
  last_tick_ = time;
  const Timestamp old = went_back ? kMaxTimestamp : Timestamp{time.ms - options_.seal_after.count()};
  for (auto& [name, topic] : topics_) {
    store::TopicStore& store = topic.entry->store();
    if (const size_t frozen = store.freeze_older_than(old); frozen > 0) workers_.notify_frozen(store, frozen);
  }
  memory_estimate_ = workers_.memory_bytes();
}

/// Back-pressure: nothing is consumed until the workers have made room. librdkafka's own queue is bounded too, so that
/// the fetching stops soon after.
void Tail::hold_back() {
  while (!workers_.relieve(options_.memory_limit_bytes)) {
    run_actions();
    const std::lock_guard lock(mu_);
    if (stopping_) return;
  }
  memory_estimate_ = workers_.memory_bytes();
  if (memory_estimate_ > options_.memory_limit_bytes) {
    // What is left can't be made smaller; look again after as much as the limit, not after every batch.
    memory_estimate_ = 0;
  }
}

/// Waits as long as what was taken in is over the limit; what is asked of the thread meanwhile is done.
void Tail::hold_rate() {
  if (options_.rate_limit == 0 || batch_bytes_ == 0) return;
  static_cast<void>(rate_.reserve(batch_bytes_));  // they are taken in already: the next ones come after them
  batch_bytes_ = 0;
  const auto until = rate_.reserve(0);
  std::unique_lock lock(mu_);
  done_.wait_until(lock, until, [this] { return stopping_ || !actions_.empty(); });
}

void Tail::take_batch() {
  const ssize_t got = rd_kafka_consume_batch_queue(queue_, kBatchWaitMs, batch_.data(), batch_.size());
  if (got <= 0) return;
  const auto count = static_cast<size_t>(got);
  learn_cluster(count);
  for (size_t i = 0; i < count;) i = take_run(i, count);
  for (size_t i = 0; i < count; ++i) rd_kafka_message_destroy(batch_[i]);
}

/// Who sent the batch's messages. While all brokers were away another cluster may have come to their addresses.
void Tail::learn_cluster(size_t count) {
  const uint64_t outages = client_->diagnostics().outages();
  if (outages == outages_) {
    cluster_ = client_->cluster_id();
    return;
  }
  const auto end = batch_.begin() + static_cast<std::ptrdiff_t>(count);
  const auto first = std::find_if(batch_.begin(), end, [](const auto* message) { return message->rkt != nullptr; });
  if (first == end) return;
  auto asked = client_->ask_cluster_id(rd_kafka_topic_name((*first)->rkt), kIntroduce);
  cluster_.reset();
  if (!asked) return;
  cluster_ = *std::move(asked);
  outages_ = outages;
}

/// Takes the run of one partition's messages that begins at `begin` (or one event); where the next one begins.
size_t Tail::take_run(size_t begin, size_t end) {
  const rd_kafka_message_t& first = *batch_[begin];
  if (first.err != RD_KAFKA_RESP_ERR_NO_ERROR) {
    take_event(first);
    return begin + 1;
  }
  size_t run_end = begin + 1;
  while (run_end < end && batch_[run_end]->err == RD_KAFKA_RESP_ERR_NO_ERROR &&
         batch_[run_end]->partition == first.partition && batch_[run_end]->rkt == first.rkt) {
    ++run_end;
  }
  Topic* topic = find(rd_kafka_topic_name(first.rkt));
  if (topic == nullptr || !topic->partitions[first.partition].assigned) return run_end;
  if (cluster_ && !other_cluster(topic->cluster, *cluster_)) {
    append_run(*topic, PartitionId{first.partition}, begin, run_end);
  } else {
    leave_to_watch(*topic, PartitionId{first.partition});
  }
  return run_end;
}

void Tail::append_run(Topic& topic, PartitionId partition, size_t begin, size_t end) {
  const Timestamp ingest = topic.entry->store().retention_time();
  views_.clear();
  headers_.clear();
  header_ranges_.clear();
  for (size_t i = begin; i < end; ++i) add_view(*batch_[i], partition, ingest);
  for (size_t i = 0; i < views_.size(); ++i) {
    const auto [at, size] = header_ranges_[i];
    if (size > 0) views_[i].headers = HeaderList(std::string_view(headers_).substr(at, size));
  }
  if (options_.redactor) options_.redactor->redact(topic.entry->name(), views_, redacted_, topic.unreadable);
  uint64_t bytes = 0;
  for (const MessageView& view : views_) bytes += view.raw_bytes();
  if (!check_fingerprint(topic, partition, views_.front())) return;
  store::TopicStore& store = topic.entry->store();
  const store::AppendOutcome outcome = store.append(partition, views_);
  if (outcome.frozen > 0) workers_.notify_frozen(store, outcome.frozen);
  batch_bytes_ += bytes;
  memory_estimate_ += bytes + views_.size() * sizeof(MessageView);
  int64_t low = 0;
  int64_t high = 0;
  const Offset next = views_.back().offset.next();
  if (rd_kafka_get_watermark_offsets(client_->get(), topic.entry->name().c_str(), partition.value, &low, &high) !=
      RD_KAFKA_RESP_ERR_NO_ERROR) {
    high = 0;
  }
  topic.entry->note_newest(partition, Fingerprint::of(views_.back()));
  topic.entry->note_end(partition, std::max(next, Offset{high}));
}

void Tail::add_view(const rd_kafka_message_t& message, PartitionId partition, Timestamp ingest) {
  rd_kafka_timestamp_type_t type{};
  const int64_t time = rd_kafka_message_timestamp(&message, &type);
  MessageView& view = views_.emplace_back();
  view.partition = partition;
  view.offset = Offset{message.offset};
  view.ingest_time = ingest;
  view.create_time = Timestamp{time};
  view.timestamp_type = type == RD_KAFKA_TIMESTAMP_CREATE_TIME       ? TimestampType::kCreateTime
                        : type == RD_KAFKA_TIMESTAMP_LOG_APPEND_TIME ? TimestampType::kLogAppendTime
                                                                     : TimestampType::kNone;
  view.key = bytes_of(message.key, message.key_len);
  view.value = bytes_of(message.payload, message.len);
  const size_t at = headers_.size();
  encode_headers(message, headers_);
  header_ranges_.emplace_back(at, headers_.size() - at);
}

/// The first message after assigning: false (and the topic has failed) if it isn't the one that was indexed.
bool Tail::check_fingerprint(Topic& topic, PartitionId partition, const MessageView& message) {
  auto& fingerprint = topic.partitions[partition.value].fingerprint;
  if (!fingerprint) return true;
  const auto expected = std::exchange(fingerprint, std::nullopt);
  if (message.offset != expected->offset || Fingerprint::of(message) == *expected) return true;
  const std::shared_ptr<TopicEntry> kept = topic.entry;  // forgetting the topic must not end it
  TopicEntry& entry = *kept;
  entry.note_recreated(partition, other_message(message.offset));
  do_unassign(entry.name());
  wake_watch_();
  return false;
}

void Tail::take_event(const rd_kafka_message_t& message) {
  if (message.rkt == nullptr) {
    log().debug("consumer: {}", rd_kafka_err2str(message.err));
    return;
  }
  Topic* topic = find(rd_kafka_topic_name(message.rkt));
  if (topic == nullptr) return;
  const PartitionId partition{message.partition};
  const auto state = topic->partitions.find(message.partition);
  if (state == topic->partitions.end() || !state->second.assigned) return;
  TopicEntry& entry = *topic->entry;
  switch (message.err) {
    case RD_KAFKA_RESP_ERR__PARTITION_EOF:
      entry.store().advance(partition, Offset{message.offset});
      entry.note_end_reached(partition, Offset{message.offset});
      return;
    case RD_KAFKA_RESP_ERR__AUTO_OFFSET_RESET:
    case RD_KAFKA_RESP_ERR_OFFSET_OUT_OF_RANGE: leave_to_watch(*topic, partition); return;
    case RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART:
    case RD_KAFKA_RESP_ERR__UNKNOWN_TOPIC:
    case RD_KAFKA_RESP_ERR__UNKNOWN_PARTITION: wake_watch_(); return;
    default: break;
  }
  log().warn("topic {}, partition {}: {}", entry.name(), partition.value, rd_kafka_message_errstr(&message));
  entry.note_error(partition, rd_kafka_err2str(message.err));
}

/// It is not tailed any more until the watch has looked where to go on.
void Tail::leave_to_watch(Topic& topic, PartitionId partition) {
  ignore_error(remove_partition(topic.entry->name(), partition), "what it fetches is not taken");
  topic.entry->note_out_of_range(partition);
  wake_watch_();
}

Tail::Topic* Tail::find(const char* topic) {
  const auto it = topics_.find(topic);
  return it == topics_.end() ? nullptr : &it->second;
}

Result<void> Tail::remove_partition(const std::string& topic, PartitionId partition) {
  const PartitionList list = make_partition_list(1);
  rd_kafka_topic_partition_list_add(list.get(), topic.c_str(), partition.value);
  topics_.at(topic).partitions[partition.value].assigned = false;
  if (const KafkaError error{rd_kafka_incremental_unassign(client_->get(), list.get())}) {
    return kafka_error(rd_kafka_error_code(error.get()), fmt::format("topic \"{}\"", topic));
  }
  return {};
}

Result<void> Tail::do_assign(const std::shared_ptr<TopicEntry>& entry, const std::vector<TailPosition>& positions) {
  Topic& topic = topics_[entry->name()];
  topic.entry = entry;
  const store::TopicConfig config = entry->store().config();
  topic.cluster = config.cluster_id;
  topic.unreadable = unreadable_in(config.require);
  const PartitionList list = make_partition_list(positions.size());
  for (const TailPosition& position : positions) {
    Partition& partition = topic.partitions[position.partition.value];
    if (partition.assigned) KSEEK_TRY(remove_partition(entry->name(), position.partition));
    partition.fingerprint = position.fingerprint;
    const Offset from = position.fingerprint ? position.fingerprint->offset : position.next;
    rd_kafka_topic_partition_list_add(list.get(), entry->name().c_str(), position.partition.value)->offset = from.value;
  }
  if (const KafkaError error{rd_kafka_incremental_assign(client_->get(), list.get())}) {
    return kafka_error(rd_kafka_error_code(error.get()), fmt::format("topic \"{}\"", entry->name()));
  }
  for (const TailPosition& position : positions) {
    topic.partitions[position.partition.value].assigned = true;
    entry->note_assigned(position.partition);
  }
  return {};
}

void Tail::do_unassign(const std::string& name) {
  const auto it = topics_.find(name);
  if (it == topics_.end()) return;
  const PartitionList list = make_partition_list(it->second.partitions.size());
  for (const auto& [partition, state] : it->second.partitions) {
    if (state.assigned) rd_kafka_topic_partition_list_add(list.get(), name.c_str(), partition);
  }
  if (list->cnt > 0) {
    if (const KafkaError error{rd_kafka_incremental_unassign(client_->get(), list.get())}) {
      log().warn("topic {}: {}", name, rd_kafka_error_string(error.get()));
    }
  }
  store::TopicStore& store = it->second.entry->store();
  workers_.notify_frozen(store, store.freeze_all());
  topics_.erase(it);
}

void Tail::close_consumer() {
  rd_kafka_assign(client_->get(), nullptr);
  rd_kafka_queue_destroy(queue_);
  close_bounded(std::move(client_), kCloseWait);
}

}  // namespace kseek::indexer
