// The indexer tails the opened topics from Kafka into their stores and keeps them sealed, indexed, merged and expired.
//
//   T-tail      one librdkafka consumer: batches ▶ TopicStore::append; back-pressure by waiting
//   T-watch     metadata, watermarks, start offsets: everything that may block on a broker; opens and closes partitions
//   T-work …    seal, build segments, merge, expire (a thread a core)
//   T-jobs      reindexing, one topic at a time; its work is on threads of its own
//
// Any thread may call the public functions. librdkafka stays behind this folder's headers.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/ids.h"
#include "base/result.h"
#include "indexer/jobs.h"
#include "store/store.h"

namespace kseek::indexer {

class LiveRedactor;

struct IndexerOptions {
  std::string brokers;                       ///< bootstrap servers, "host:port,…"; empty: no Kafka (imports only)
  std::map<std::string, std::string> kafka;  ///< librdkafka properties passed through (SASL, TLS, …)
  uint64_t memory_limit_bytes =
      512_MiB;  ///< open and frozen blocks together, all topics; over it the largest is sealed, then tailing waits
  std::chrono::milliseconds seal_after{300'000};  ///< an open block is sealed at this age
  std::chrono::milliseconds watermark_interval{1'000};
  std::chrono::milliseconds metadata_interval{10'000};  ///< new partitions, deleted topics
  std::chrono::milliseconds commit_interval{5'000};     ///< what is sealed is synced and committed to the group
  /// How often the retained range of a compacted topic is read again, to see what Kafka removed from it; at most a
  /// tenth of the time is spent on that, and bytes are read at no higher rate. 0 a second: as fast as it goes.
  std::chrono::milliseconds compaction_interval{300'000};
  uint64_t compaction_bytes_per_second = 20_MiB;
  unsigned workers = 0;  ///< background threads; 0: one a core
  size_t max_topics = 10'000;
  std::string dead_letter_topic;  ///< Kafka topic that dead letters are sent on to; empty: none, or as topics say
  /// What is taken out of messages before they are stored; its rules may change meanwhile. nullptr: nothing.
  std::shared_ptr<LiveRedactor> redactor = {};
  bool tails = true;  ///< false: topics are left as they are, and `brokers` is for jobs alone
};

/// kStalled: the disk takes nothing (full, or failing): what is taken in stays in memory, up to the limit; it is tried
/// again and goes on by itself.
enum class TopicState { kStarting, kCatchingUp, kRunning, kStalled, kPaused, kRecreating, kImported, kFailed };
/// "starting", "catching_up", "running", "stalled", "paused", "recreating", "imported", "failed"
[[nodiscard]] const char* to_string(TopicState state);

/// What Kafka says how long it keeps the topic's messages.
struct KafkaTopicSettings {
  int64_t retention_ms = -1;     ///< -1: no limit
  int64_t retention_bytes = -1;  ///< a partition; -1: no limit
  std::string cleanup_policy;    ///< "delete", "compact", "compact,delete"
  bool operator==(const KafkaTopicSettings&) const = default;
  [[nodiscard]] bool compacts() const { return cleanup_policy.find("compact") != std::string::npos; }
  [[nodiscard]] bool deletes() const { return cleanup_policy.find("delete") != std::string::npos; }
};

/// In words, for people: how long a message of the topic is found. `kafka` nullopt: not known (no broker has said it,
/// or the user may not ask).
[[nodiscard]] std::string effective_retention(const store::TopicConfig& config,
                                              const std::optional<KafkaTopicSettings>& kafka);

struct TopicStatus {
  std::string name;
  TopicState state = TopicState::kStarting;
  std::string reason;  ///< what is waited for ("broker 127.0.0.1:9092 is down, retrying") or what failed
  uint64_t lag = 0;    ///< messages between indexed_to and end, as far as known
  std::optional<KafkaTopicSettings> kafka;  ///< nullopt: not known
  uint64_t redacted = 0;                    ///< messages that rules of redaction have changed, since the start
};

/// One partition of a topic as a consumer group reads it.
struct GroupRow {
  std::string group;
  std::string state;                 ///< Kafka's: "Stable", "Empty", …
  std::string member, client, host;  ///< who has the partition now; empty: nobody
  PartitionId partition;
  std::optional<Offset> offset;  ///< committed: the next one to read; nullopt: none
  std::optional<int64_t> lag;    ///< messages behind the end; nullopt: end or offset not known
};

struct OpenRequest {
  std::string topic;
  std::string from = "earliest";  ///< earliest | latest | a time | "0:100,1:250"
  TimeKind time_kind = TimeKind::kCreate;
  store::Retention retention;
  std::vector<std::string> labels;
  store::Require require = store::Require::kAnything;  ///< what values must be; others are dead letters
  std::string dead_letter_topic = {};                  ///< Kafka topic that they are sent on to; empty: the indexer's
};

class Indexer {
 public:
  /// Starts tailing every topic of the store that is not paused. A broker that is away is not an error: topics stay
  /// "starting" with the reason, and it is tried again. kInvalid: a librdkafka property is wrong (says which).
  [[nodiscard]] static Result<std::unique_ptr<Indexer>> start(store::Store& store, const IndexerOptions& options);
  virtual ~Indexer() = default;

  /// kConflict: open already, or max_topics reached. kInvalid: bad name, bad `from`, no brokers configured. kNotFound:
  /// the broker answered and has no such topic. When the broker can't be asked the topic is opened all the same, as
  /// "starting".
  [[nodiscard]] virtual Result<void> open_topic(const OpenRequest& request) = 0;
  /// Stops tailing, then drops messages and index. kNotFound.
  [[nodiscard]] virtual Result<void> close_topic(std::string_view topic) = 0;
  [[nodiscard]] virtual Result<void> pause_topic(std::string_view topic) = 0;
  [[nodiscard]] virtual Result<void> resume_topic(std::string_view topic) = 0;

  /// Changes how long messages stay findable; what is gone doesn't come back. kNotFound; kConflict for an import that
  /// is to follow Kafka.
  [[nodiscard]] virtual Result<void> set_retention(std::string_view topic, const store::Retention& retention) = 0;

  /// The consumer groups that read the topic, kseek's own among them; blocks for some seconds at most. kNotFound: not
  /// open here; kInvalid: no brokers; kUnavailable, kTimeout: none could be asked.
  [[nodiscard]] virtual Result<std::vector<GroupRow>> groups(std::string_view topic) = 0;

  [[nodiscard]] virtual Result<TopicStatus> status(std::string_view topic) const = 0;
  [[nodiscard]] virtual std::vector<TopicStatus> statuses() const = 0;  ///< by name

  /// Waits until everything that Kafka had when it was called is taken in (tests, demo). kTimeout names what is
  /// missing.
  [[nodiscard]] virtual Result<void> wait_caught_up(std::string_view topic, std::chrono::milliseconds timeout) = 0;

  /// Long work in the background; as long as the indexer. What an earlier process left goes on by itself.
  [[nodiscard]] virtual Jobs& jobs() = 0;

  /// Seals what is open and stops every thread; the destructor does it too. Bounded: about 10 s.
  virtual void stop() = 0;
};

}  // namespace kseek::indexer
