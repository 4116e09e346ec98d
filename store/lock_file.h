// A file that one process holds locked while it owns a directory.
#pragma once

#include <filesystem>
#include <optional>
#include <string>

#include "base/result.h"

namespace kseek::store {

/// Released when it dies (also when the process does).
class LockFile {
 public:
  /// kConflict: another holds it (names its process); kUnavailable: it can't be made or written.
  static Result<LockFile> take(const std::filesystem::path& dir);
  /// Which process holds the lock of the directory ("unknown" where it doesn't say); nullopt: none. Looking takes the
  /// lock for an instant: not for use where an owner may start at the same time.
  [[nodiscard]] static std::optional<std::string> owner(const std::filesystem::path& dir);
  ~LockFile();
  LockFile(LockFile&& other) noexcept;
  LockFile& operator=(LockFile&&) = delete;

 private:
  explicit LockFile(int fd) : fd_(fd) {}
  int fd_;
};

}  // namespace kseek::store
