// A file that one process holds locked while it owns a directory. Internal to store/.
#pragma once

#include <filesystem>

#include "base/result.h"

namespace kseek::store {

/// Released when it dies (also when the process does).
class LockFile {
 public:
  /// kConflict: another holds it (names its process); kUnavailable: it can't be made or written.
  static Result<LockFile> take(const std::filesystem::path& dir);
  ~LockFile();
  LockFile(LockFile&& other) noexcept;
  LockFile& operator=(LockFile&&) = delete;

 private:
  explicit LockFile(int fd) : fd_(fd) {}
  int fd_;
};

}  // namespace kseek::store
