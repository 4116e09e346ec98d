// What crashes happen to: a broker, a stream of messages that the test knows by heart, and `kseek serve` on it. After
// each crash the data directory is read as it is, and after each start the server is asked. One thread.
#pragma once

#include <chrono>
#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <random>
#include <string>
#include <vector>

#include "indexer/cluster.h"
#include "indexer/producer.h"
#include "query/request.h"
#include "tests/crash/disk.h"
#include "tests/system/system.h"

namespace kseek::testing {

inline constexpr int kPartitions = 3;
inline constexpr int64_t kWords = 7;
/// "remade" is what plant_foreign_message() makes of it, "side" is opened and closed.
inline constexpr const char* kTopics[] = {"orders", "side", "remade"};
inline constexpr const char* kForeign = "foreign";

[[nodiscard]] std::string word_of(int64_t n);  ///< one of kWords

/// What was produced. A message is told by its topic, partition and offset alone.
struct MessageOf {
  std::string topic;
  int partition = 0;
  int64_t offset = 0;
  [[nodiscard]] std::string key() const;
  [[nodiscard]] std::string value() const;
  /// The word that stands in the value.
  [[nodiscard]] std::string word() const;
};

class CrashWorld {
 public:
  explicit CrashWorld(uint64_t seed);

  /// Work leads to this fault point more often from now on; empty: to none.
  void aim_at(const std::string& point) { aimed_at_ = point; }
  /// Starts the server, with KSEEK_FAULT set to `fault`. It may die before it is ready.
  void start(const std::string& fault);
  /// Work for a while: messages, topics opened and closed, searches. Ends when the server has ended.
  void work(std::chrono::milliseconds time);
  /// True if the server has ended by itself (at its fault point), or does within `limit`.
  [[nodiscard]] bool has_died(std::chrono::seconds limit = std::chrono::seconds(0));
  /// SIGKILL, unless it has ended.
  void kill();
  /// SIGKILL, and what was not synced is lost.
  void lose_power(bool strict);
  /// Leaves a segment that nobody names.
  void plant_orphan() const;
  /// Leaves a topic that Kafka has another one of.
  void plant_foreign_message();
  /// Changes a byte of each segment.
  void damage_segments();

  /// The data directory as the crash left it: every message that should be there is there once, and is found.
  void check_directory();
  /// All is taken in, every retained message is found once, and the files are those that the catalog names. Then the
  /// server is stopped.
  void check_everything();

  [[nodiscard]] std::mt19937_64& random() { return random_; }
  [[nodiscard]] const ShimmedDisk& disk() const { return disk_; }
  [[nodiscard]] ServerProcess& server() { return *server_; }
  void use_shim() { shimmed_ = true; }
  [[nodiscard]] std::filesystem::path data() const { return data_; }
  void produce(const std::string& topic, int count);

  static constexpr size_t kSideChanges = 4;
  /// Opens, pauses, resumes or closes the topic "side". What is answered must survive.
  void change_side(size_t which);
  /// `slowly`: so that it can be cancelled.
  void reindex(const std::string& source, bool slowly);

 private:
  [[nodiscard]] uint64_t below(uint64_t limit) { return random_() % limit; }
  enum class Side { kClosed, kOpen, kPaused };
  /// The answer's status; 0: there was none.
  int tell(const std::string& method, const std::string& target, const std::string& body = "") const;
  void act();
  bool aim();
  void cancel_job() const;
  void search_something();
  void check_answered(const store::Store& store) const;
  void check_segments(const store::Store& store) const;
  void check_topic(const store::Store& store, const std::string& topic);
  void check_searches(const store::Store& store, const std::string& topic);
  void check_partition_over_http(const std::string& topic, int partition, int64_t end);
  void check_files();
  void end_jobs() const;
  [[nodiscard]] bool has_caught_up(const std::string& topic);
  [[nodiscard]] int64_t total_produced() const;

  std::mt19937_64 random_;
  TempDir scratch_;
  const std::filesystem::path data_;
  const ShimmedDisk disk_;
  bool shimmed_ = false;
  std::unique_ptr<Process> broker_;
  std::string address_;
  std::unique_ptr<indexer::Producer> producer_;
  std::unique_ptr<indexer::Cluster> cluster_;
  std::map<std::string, std::vector<int64_t>> produced_;  // by topic and partition
  std::unique_ptr<ServerProcess> server_;
  std::optional<int> ended_;  // the server's exit code
  std::string aimed_at_;
  // What was answered, and so must be there: nullopt, 0, false while nobody knows.
  bool orders_are_open_ = false;
  std::optional<Side> side_;
  uint64_t newest_job_ = 0;
  std::optional<int64_t> foreign_;  // the offset of the last message planted in "remade"
  bool damaged_ = false;
};

}  // namespace kseek::testing
