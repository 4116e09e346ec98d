// Notices that files were changed: replaced, or written to. It looks every second, so that it also sees what notices of
// the kernel don't tell (mounted volumes, links that are turned to another place).
#pragma once

#include <condition_variable>
#include <functional>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "base/result.h"

namespace kseek::server {

/// One thread of its own; made and ended by another.
class FileWatch {
 public:
  /// Calls `changed` on its thread when one of the files is not as it was. An error of it is written to the log, with
  /// the files' names; it is called again at the next change. Empty names are left out; without any there is no thread.
  /// `looked` is called there each second, and at the beginning.
  FileWatch(std::vector<std::string> files, std::function<Result<void>()> changed, std::function<void()> looked);
  ~FileWatch();
  FileWatch(const FileWatch&) = delete;
  FileWatch& operator=(const FileWatch&) = delete;

 private:
  void watch();
  void look();

  const std::vector<std::string> files_;
  const std::function<Result<void>()> changed_;
  const std::function<void()> looked_;
  std::mutex mu_;
  std::condition_variable wake_;
  bool stopping_ = false;                 // guarded by mu_
  std::vector<std::string> states_ = {};  // the thread's, once it runs
  std::thread thread_;
};

}  // namespace kseek::server
