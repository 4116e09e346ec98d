// One opened topic as the indexer's threads share it: its store, what state it is in, how far each partition is.
// Private to indexer/. Any thread; nothing here blocks on a broker or the disk.
#pragma once

#include <condition_variable>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "base/ids.h"
#include "indexer/cluster.h"
#include "indexer/fingerprint.h"
#include "indexer/indexer.h"
#include "indexer/workers.h"
#include "store/topic_store.h"

namespace kseek::indexer {

class TopicEntry {
 public:
  /// kDeleted: Kafka has no such topic; looked for again and again. kForeign: the brokers are another cluster's than
  /// the messages; looked at again and again. kRecreating: Kafka has another one of this name; the watch makes the
  /// store anew, and then this entry is kClosed and another one stands for the topic.
  enum class Phase { kStarting, kTailing, kPaused, kImported, kFailed, kDeleted, kForeign, kRecreating, kClosed };

  explicit TopicEntry(std::shared_ptr<store::TopicStore> store)
      : name_(store->config().name), store_(std::move(store)) {}

  [[nodiscard]] const std::string& name() const { return name_; }
  [[nodiscard]] store::TopicStore& store() const { return *store_; }
  [[nodiscard]] const std::shared_ptr<store::TopicStore>& shared_store() const { return store_; }

  /// Held by whoever opens, resolves, pauses, resumes or closes the topic; may be held while a broker is asked.
  /// Taken before any other lock; never by the tail's thread.
  std::mutex& work_mutex() { return work_mu_; }

  [[nodiscard]] Phase phase() const;
  /// The reason is what failed, or what is waited for. Leaving kTailing forgets which partitions are being tailed.
  void set_phase(Phase phase, std::string reason = {});
  /// Ends tailing for kFailed, kDeleted, kForeign or kRecreating: nobody knows any more where the topic ends. No effect
  /// on one that is closed or in one of these phases already: the first reason is the one to act on.
  void give_up(Phase phase, std::string reason);
  /// Kafka's topic is another one than the one that was indexed; `what` shows it.
  void note_recreated(PartitionId partition, const std::string& what);
  [[nodiscard]] std::string reason() const;
  void note_settings(const KafkaTopicSettings& settings);
  [[nodiscard]] std::optional<KafkaTopicSettings> settings() const;
  /// What is in the way without being a failure (broker away, a partition without leader); empty: nothing.
  void set_trouble(std::string trouble);

  // --- told by the tail ----------------------------------------------------------------------------------------------
  void note_assigned(PartitionId partition);
  /// Everything up to `position` is taken in, and the broker had no more to give just now.
  void note_end_reached(PartitionId partition, Offset position);
  /// Kafka has messages up to `end`, at least (perhaps some of them in a transaction that is still open).
  void note_end(PartitionId partition, Offset end);
  /// Kafka doesn't have the position that is asked for: the watch has to look.
  void note_out_of_range(PartitionId partition);
  void note_error(PartitionId partition, std::string text);
  /// The newest message that was taken in.
  void note_newest(PartitionId partition, const Fingerprint& newest);

  // --- told by the watch ---------------------------------------------------------------------------------------------
  /// `version` is end_version() from before they were asked for: where the tail has heard of messages since, its end
  /// isn't taken back.
  void note_watermarks(PartitionId partition, const Watermarks& watermarks, uint64_t version);
  [[nodiscard]] uint64_t end_version(PartitionId partition) const;
  /// Nobody knows where these end now.
  void forget_ends();
  void forget_end(PartitionId partition);

  /// A look at the brokers that doesn't fit what was indexed: how many in a row now. At kSuspicions it is no accident
  /// of a leader election any more.
  static constexpr int kSuspicions = 3;
  /// As many of a partition that still holds what was indexed: its end is cut off.
  static constexpr int kTruncatedSuspicions = 30;
  int count_suspicion(PartitionId partition);
  void clear_suspicion(PartitionId partition);

  /// If Kafka has the offset of `anchor`, it must hold that very message, or everything taken in since then may be of
  /// another topic. Where it does, `newest` is of the same topic, because it was taken in before anybody looked.
  struct ToConfirm {
    Fingerprint anchor;
    Fingerprint newest;
  };
  /// nullopt: nothing was taken in since the last confirm().
  [[nodiscard]] std::optional<ToConfirm> to_confirm(PartitionId partition) const;
  /// The anchor was confirmed, or Kafka has that offset no longer: the next one to look at.
  void confirm(PartitionId partition, const Fingerprint& newest);

  /// Partitions that are being tailed; those that are out of range, without leader or new are not.
  [[nodiscard]] std::vector<PartitionId> assigned() const;
  void forget_assigned();
  /// Waits for the tail's next news of this topic, at most until `deadline`.
  void wait_for_news(std::chrono::steady_clock::time_point deadline);

  [[nodiscard]] TopicStatus status(const Workers::Trouble& work_trouble) const;

 private:
  struct Partition {
    bool assigned = false;
    bool caught_up = false;  ///< reached the end since it was assigned
    int suspicions = 0;
    std::optional<Offset> end;
    bool low_known =
        false;  ///< since the last time that nobody knew the end: before, answers might hold expired messages
    std::optional<Fingerprint> anchor;  ///< what is to be confirmed; set as soon as anything was taken in
    std::optional<Fingerprint> newest;  ///< of the messages taken in; set with the anchor
    uint64_t end_version = 0;           ///< rises with every end that the tail told
    std::string error;
  };
  void raise_end_locked(PartitionId partition, Partition& state, Offset end);
  void forget_end_locked(PartitionId id, Partition& partition);
  void publish_end_locked(PartitionId partition, const Partition& state);

  const std::string name_;
  const std::shared_ptr<store::TopicStore> store_;
  std::mutex work_mu_;
  mutable std::mutex mu_;
  std::condition_variable news_;
  Phase phase_ = Phase::kStarting;               // guarded by mu_
  std::string reason_;                           // guarded by mu_
  std::string trouble_;                          // guarded by mu_
  std::optional<KafkaTopicSettings> settings_;   // guarded by mu_
  std::map<PartitionId, Partition> partitions_;  // guarded by mu_
};

/// What shows that a message isn't the one that was indexed at this offset.
[[nodiscard]] std::string other_message(Offset offset);

}  // namespace kseek::indexer
