// A store under random work, and beside it everything that was ever appended: what the oracle scans.
#pragma once

#include <deque>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "store/store.h"
#include "tests/query/oracle.h"
#include "tests/query/random_text.h"

namespace kseek::query {

/// Throws std::runtime_error when the store fails.
class World {
 public:
  explicit World(uint64_t seed);
  ~World();

  /// Some random work: append, advance, freeze, seal, index, merge, compact, rewrite, move watermarks, expire, seldom
  /// close and open again (what was not sealed is lost and appended again, as from Kafka).
  void work();

  [[nodiscard]] store::Store& store() { return *store_; }
  [[nodiscard]] const std::deque<OracleMessage>& messages() const { return messages_; }
  [[nodiscard]] const std::vector<std::string>& topics() const { return names_; }
  /// As the store's views show them now; all asked for.
  [[nodiscard]] std::vector<OracleTopic> oracle_topics() const;
  [[nodiscard]] RandomText& random() { return random_; }
  [[nodiscard]] Timestamp random_time();
  /// A midnight, near which most messages stand.
  [[nodiscard]] Timestamp base() const { return base_; }

 private:
  struct Partition {
    int64_t next = 0;
    int64_t low = 0;
  };
  void create_topics();
  void append(uint32_t topic, int32_t partition);
  void add_headers(OracleMessage& message);
  void store_again(uint32_t topic, int32_t partition, Offset from);
  void move_watermarks(uint32_t topic, int32_t partition);
  void reopen();
  void read_again(uint32_t topic);
  void rebuild(uint32_t topic);
  void compact(uint32_t topic, int32_t partition);
  store::TopicStore& topic(uint32_t rank) { return *topics_[rank]; }

  RandomText random_;
  std::filesystem::path dir_;
  store::StoreOptions options_;
  Timestamp base_;
  std::unique_ptr<store::Store> store_;
  std::vector<std::string> names_;
  std::vector<std::shared_ptr<store::TopicStore>> topics_;
  std::vector<std::vector<Partition>> partitions_;  // by topic
  std::deque<OracleMessage> messages_;              // in order of appending
  size_t compacted_ = 0;                            // of them
};

}  // namespace kseek::query
