#include "indexer/compaction.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/bytes.h"
#include "indexer/log.h"

namespace kseek::indexer {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds kLook{1'000};  // for topics that are due
constexpr milliseconds kPollWait{100};
constexpr milliseconds kSilence{10'000};  // no answer for so long: the partition is left for the next time
constexpr milliseconds kCloseWait{5'000};
constexpr milliseconds kAsk{3'000};
constexpr size_t kBatchMessages = 1'000;
constexpr size_t kHandOverMessages = 65'536;  // offsets in memory
constexpr int kDutyFactor = 9;                // a tenth of the time at most is spent on reading a topic again

Properties defaults() {
  return {{"client.id", "kseek-compact"},
          {"group.id", "kseek"},  // assign() wants one; nothing is committed
          {"fetch.wait.max.ms", "100"},
          {"fetch.message.max.bytes", std::to_string(1_MiB)},
          {"queued.min.messages", "10000"},
          {"queued.max.messages.kbytes", std::to_string(16_MiB / 1_KiB)},
          {"receive.message.max.bytes", kReceiveMaxBytes},
          {"reconnect.backoff.max.ms", "1000"},
          {"socket.keepalive.enable", "true"},
          {"log.connection.close", "false"}};
}

/// The first message that is stored of each partition, as its blocks say.
std::map<PartitionId, Offset> first_stored(const store::TopicView& view) {
  std::map<PartitionId, Offset> firsts;
  const auto note = [&firsts](PartitionId partition, Offset first) {
    const auto [at, is_new] = firsts.try_emplace(partition, first);
    if (!is_new) at->second = std::min(at->second, first);
  };
  view.blocks->for_each([&](const store::BlockMeta& meta) { note(meta.partition, meta.first); });
  for (const store::MemoryBlock& memory : view.memory) {
    if (memory.messages > 0) note(memory.block->partition(), memory.block->message(0).offset);
  }
  return firsts;
}

bool is_due(const TopicEntry& entry) {
  const auto settings = entry.settings();
  return settings && settings->compacts() && entry.phase() == TopicEntry::Phase::kTailing &&
         entry.store().config().retention.kind == store::Retention::Kind::kFollow;
}

}  // namespace

/// One partition on its way.
struct Compaction::Reading {
  TopicEntry& entry;
  PartitionId partition;
  Offset next;  ///< everything below was handed over
  Offset end;   ///< what comes later is not looked at
  std::vector<Offset> existing;
  size_t removed = 0;
};

Compaction::Compaction(CompactionOptions options, TopicRegistry& topics)
    : options_(std::move(options)), topics_(topics) {
  thread_ = std::thread([this] { run(); });
}

Compaction::~Compaction() { stop(); }

void Compaction::stop() {
  {
    const std::lock_guard lock(mu_);
    stopping_ = true;
    wake_.notify_all();
  }
  if (thread_.joinable()) thread_.join();
}

bool Compaction::stopping() const {
  const std::lock_guard lock(mu_);
  return stopping_;
}

/// False: it is time to stop.
bool Compaction::wait(milliseconds time) {
  std::unique_lock lock(mu_);
  return !wake_.wait_for(lock, time, [this] { return stopping_; });
}

void Compaction::run() {
  while (wait(std::min(kLook, options_.interval))) {
    for (const auto& entry : topics_.all()) {
      if (!is_due(*entry) || Clock::now() < due_[entry->name()] || stopping() || !connect()) continue;
      const auto began = Clock::now();
      read_topic(*entry);
      const auto ended = Clock::now();
      due_[entry->name()] = ended + std::max<Clock::duration>(options_.interval, kDutyFactor * (ended - began));
    }
  }
  if (client_) close_bounded(std::move(client_), kCloseWait);
}

bool Compaction::connect() {
  if (client_) return true;
  auto made = Client::create(RD_KAFKA_CONSUMER, options_.brokers, defaults(), fixed_properties(), options_.kafka);
  if (!made) {
    log().error("compacted topics can't be followed: {}", describe(made.error()));
    return false;
  }
  client_ = *std::move(made);
  rd_kafka_poll_set_consumer(client_->get());
  return true;
}

void Compaction::read_topic(TopicEntry& entry) {
  const store::TopicView view = entry.store().view();
  const auto firsts = first_stored(view);
  for (const store::PartitionView& partition : view.partitions) {
    const auto first = firsts.find(partition.partition);
    if (first == firsts.end() || !is_due(entry) || stopping()) continue;
    const auto read =
        read_partition(entry, partition.partition, std::max(first->second, partition.low), partition.indexed_to);
    rd_kafka_assign(client_->get(), nullptr);
    if (!read) {
      log().info("topic {}, partition {}: looking for what was compacted away: {} (retried)", entry.name(),
                 partition.partition.value, describe(read.error()));
    }
  }
}

Result<void> Compaction::read_partition(TopicEntry& entry, PartitionId partition, Offset from, Offset end) {
  if (from >= end) return {};
  const PartitionList list = make_partition_list(1);
  rd_kafka_topic_partition_list_add(list.get(), entry.name().c_str(), partition.value)->offset = from.value;
  if (const auto err = rd_kafka_assign(client_->get(), list.get()); err != RD_KAFKA_RESP_ERR_NO_ERROR) {
    return kafka_error(err, "assigning");
  }
  Reading reading{entry, partition, from, end, {}, 0};
  while (true) {
    KSEEK_ASSIGN(const bool more, take_batch(reading));
    if (!more) break;
  }
  if (reading.removed > 0) {
    log().info("topic {}, partition {}: {} messages were compacted away", entry.name(), partition.value,
               reading.removed);
  }
  return {};
}

/// False: the partition is read to its end. What was read before an error has been handed over or is forgotten.
Result<bool> Compaction::take_batch(Reading& reading) {
  const auto silent_since = Clock::now();
  struct MessageDeleter {
    void operator()(rd_kafka_message_t* message) const { rd_kafka_message_destroy(message); }
  };
  uint64_t bytes = 0;
  for (size_t i = 0; i < kBatchMessages;) {
    if (stopping()) return Error{ErrorCode::kUnavailable, "stopping", ""};
    const std::unique_ptr<rd_kafka_message_t, MessageDeleter> message(
        rd_kafka_consumer_poll(client_->get(), static_cast<int>(kPollWait.count())));
    if (!message) {
      if (Clock::now() - silent_since < kSilence) continue;
      return Error{ErrorCode::kTimeout, "no answer", ""};
    }
    const bool ours = message->rkt != nullptr && message->partition == reading.partition.value &&
                      reading.entry.name() == rd_kafka_topic_name(message->rkt);
    if (!ours) {  // of an earlier assignment, or of no partition: they say nothing about this one
      log().debug("looking for what was compacted away: {}", rd_kafka_err2str(message->err));
      if (Clock::now() - silent_since < kSilence) continue;
      return Error{ErrorCode::kTimeout, "no answer", ""};
    }
    const Offset offset{message->offset};
    if (message->err == RD_KAFKA_RESP_ERR__PARTITION_EOF) {
      KSEEK_TRY(hand_over(reading, std::min(offset, reading.end)));
      return false;
    }
    if (message->err != RD_KAFKA_RESP_ERR_NO_ERROR) return kafka_error(message->err, "reading");
    if (offset < reading.next) continue;
    if (offset >= reading.end) {
      KSEEK_TRY(hand_over(reading, reading.end));
      return false;
    }
    reading.existing.push_back(offset);
    bytes += message->len + message->key_len;
    ++i;
  }
  if (reading.existing.size() >= kHandOverMessages) KSEEK_TRY(hand_over(reading, reading.existing.back().next()));
  if (!slow_down(bytes)) return Error{ErrorCode::kUnavailable, "stopping", ""};
  return true;
}

/// Below `end` Kafka has what was read, and nothing else.
Result<void> Compaction::hand_over(Reading& reading, Offset end) {
  KSEEK_ASSIGN(const std::string cluster, client_->ask_cluster_id(reading.entry.name(), kAsk));
  if (other_cluster(reading.entry.store().config().cluster_id, cluster)) {
    return Error{ErrorCode::kUnavailable, fmt::format("the brokers are of another cluster, {}", cluster), ""};
  }
  KSEEK_ASSIGN(const size_t removed,
               reading.entry.store().remove_compacted(reading.partition, reading.next, end, reading.existing));
  reading.removed += removed;
  reading.next = std::max(reading.next, end);
  reading.existing.clear();
  return {};
}

/// False: it is time to stop.
bool Compaction::slow_down(uint64_t bytes) {
  if (options_.bytes_per_second == 0) return true;
  const auto cost = std::chrono::nanoseconds(bytes * 1'000'000'000 / options_.bytes_per_second);
  paid_until_ = std::max(paid_until_, Clock::now()) + cost;
  const auto left = std::chrono::duration_cast<milliseconds>(paid_until_ - Clock::now());
  return left.count() <= 0 || wait(left);
}

}  // namespace kseek::indexer
