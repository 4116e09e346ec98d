// Another process that runs one (disabled) test of this program, to be killed at any moment. A plain fork would not do:
// RocksDB's threads don't come along.
#pragma once

#include <sys/types.h>

#include <filesystem>
#include <optional>
#include <string>

namespace kseek::store {

class ChildProcess {
 public:
  /// Starts `test` ("Suite.DISABLED_Name"); there child_directory() is `dir`, and report() comes here.
  ChildProcess(const std::string& test, const std::filesystem::path& dir);
  ~ChildProcess();  ///< kills it
  ChildProcess(const ChildProcess&) = delete;
  ChildProcess& operator=(const ChildProcess&) = delete;

  /// The next number reported; waits. nullopt: it ended.
  std::optional<int64_t> next_report();
  /// SIGKILL; what it reported before can still be read.
  void kill();
  [[nodiscard]] pid_t pid() const { return pid_; }

 private:
  pid_t pid_ = -1;
  int reports_ = -1;
  bool ended_ = false;
};

/// In the child: the directory it was given. In a test run by itself: nullopt.
std::optional<std::filesystem::path> child_directory();
/// In the child: tells the parent.
void report(int64_t number);

}  // namespace kseek::store
