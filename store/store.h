// A data directory: the topics in it. One process owns it; others may read it beside the owner.
//
//   <dir>/LOCK          held by the owner
//   <dir>/db/           RocksDB: the catalog (default column family) and a column family of blocks a topic
//   <dir>/segments/     index segments, named by the catalog
#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"
#include "store/job_record.h"
#include "store/topic_store.h"

namespace kseek::store {

struct StoreOptions {
  BlockOptions blocks;
  uint64_t block_cache_bytes = 64_MiB;    ///< decoded blocks kept for the next search
  uint64_t write_buffer_bytes = 128_MiB;  ///< RocksDB's memtables, all topics together
};

enum class OpenMode {
  kOwner,     ///< creates the directory where it is missing; exclusive
  kReadOnly,  ///< beside an owner, or without one; sees what was sealed when it was opened
};

/// Any thread.
class Store {
 public:
  /// kConflict: another process owns it (says which); kInvalid: not a kseek directory, or of a newer format;
  /// kUnavailable: not writable, disk full; kCorrupt: says what, and how to rebuild. Removes orphan segments (owner).
  [[nodiscard]] static Result<std::unique_ptr<Store>> open(const std::filesystem::path& dir, OpenMode mode,
                                                           const StoreOptions& options);
  virtual ~Store() = default;

  /// kConflict when it is open already; kInvalid for a bad name.
  [[nodiscard]] virtual Result<std::shared_ptr<TopicStore>> create_topic(const TopicConfig& config) = 0;
  /// Drops messages and index of the topic of this name and makes a new one, empty, with this configuration, the old
  /// one's events and `event`: in one catalog write, so that a crash leaves the one or the other. For the old
  /// TopicStore see drop_topic(). kNotFound: none of that name is open.
  [[nodiscard]] virtual Result<std::shared_ptr<TopicStore>> recreate_topic(const TopicConfig& config,
                                                                           const TopicEvent& event) = 0;
  /// nullptr when there is none of that name. The store must outlive what it hands out.
  [[nodiscard]] virtual std::shared_ptr<TopicStore> topic(std::string_view name) const = 0;
  [[nodiscard]] virtual std::vector<std::shared_ptr<TopicStore>> topics() const = 0;  ///< by name
  /// Drops messages and index. Whoever still holds the TopicStore reads what its views keep; its writes fail.
  [[nodiscard]] virtual Result<void> drop_topic(std::string_view name) = 0;

  /// In words, while the wall clock has jumped ahead and is not believed yet: topics that keep messages for a duration
  /// keep them longer. Else empty.
  [[nodiscard]] virtual std::string clock_trouble() const = 0;

  // --- a next generation of a topic: filled beside the one that serves, then put in its place ------------------------
  /// Creates one for the open topic of that name (durable); topic() and topics() don't show it. kNotFound: no such
  /// topic; kConflict: it has one already.
  [[nodiscard]] virtual Result<std::shared_ptr<TopicStore>> create_generation(const TopicConfig& config) = 0;
  /// nullptr when the topic has none.
  [[nodiscard]] virtual std::shared_ptr<TopicStore> generation(std::string_view name) const = 0;
  [[nodiscard]] virtual std::vector<std::shared_ptr<TopicStore>> generations() const = 0;  ///< by name
  /// Puts it in the topic's place, in one catalog write: from then on topic() is the new one. As with drop_topic(),
  /// whoever holds the old one reads on. kNotFound: there is no such generation.
  [[nodiscard]] virtual Result<void> adopt_generation(std::string_view name) = 0;
  /// No effect when there is none.
  [[nodiscard]] virtual Result<void> drop_generation(std::string_view name) = 0;

  // --- jobs: records of long work, for whoever does it ---------------------------------------------------------------
  [[nodiscard]] virtual Result<void> save_job(const JobRecord& job) = 0;  ///< new or changed; durable
  [[nodiscard]] virtual Result<void> forget_job(uint64_t id) = 0;
  [[nodiscard]] virtual Result<std::vector<JobRecord>> jobs() const = 0;  ///< by id; damaged ones are left out
};

}  // namespace kseek::store
