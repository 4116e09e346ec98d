#include "store/lock_file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <string>
#include <utility>

namespace kseek::store {
namespace {

std::string read_owner(int fd) {
  std::array<char, 32> buffer{};
  const auto size = ::pread(fd, buffer.data(), buffer.size(), 0);
  std::string text(buffer.data(), size > 0 ? static_cast<size_t>(size) : 0);
  text.erase(text.find_last_not_of(" \n") + 1);
  return text.empty() ? "unknown" : text;
}

}  // namespace

Result<LockFile> LockFile::take(const std::filesystem::path& dir) {
  const std::string path = (dir / "LOCK").string();
  const int fd = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644);
  if (fd < 0) {
    return Error{ErrorCode::kUnavailable, fmt::format("cannot write {}: {}", path, std::strerror(errno)),
                 "kseek needs to write its data directory: check permissions and that the disk is not read-only"};
  }
  LockFile lock(fd);
  if (::flock(fd, LOCK_EX | LOCK_NB) != 0) {
    if (errno != EWOULDBLOCK) {
      return Error{ErrorCode::kUnavailable, fmt::format("cannot lock {}: {}", path, std::strerror(errno)),
                   "the data directory must be on a file system with locks"};
    }
    return Error{ErrorCode::kConflict, fmt::format("another kseek (pid {}) owns {}", read_owner(fd), dir.string()),
                 "stop it, or search through it with --server"};
  }
  const std::string owner = fmt::format("{}\n", ::getpid());
  if (::ftruncate(fd, 0) != 0 || ::pwrite(fd, owner.data(), owner.size(), 0) != static_cast<ssize_t>(owner.size())) {
    return Error{ErrorCode::kUnavailable, fmt::format("cannot write {}: {}", path, std::strerror(errno)),
                 "check that the disk is not full"};
  }
  return lock;
}

std::optional<std::string> LockFile::owner(const std::filesystem::path& dir) {
  const LockFile looked(::open((dir / "LOCK").c_str(), O_RDONLY | O_CLOEXEC));
  if (looked.fd_ < 0 || ::flock(looked.fd_, LOCK_SH | LOCK_NB) == 0 || errno != EWOULDBLOCK) return std::nullopt;
  return read_owner(looked.fd_);
}

LockFile::LockFile(LockFile&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}

LockFile::~LockFile() {
  if (fd_ >= 0) ::close(fd_);
}

}  // namespace kseek::store
