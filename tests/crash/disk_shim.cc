// Preloaded into a program (LD_PRELOAD), it remembers what of the files below KSEEK_SHIM_DIR would survive power loss,
// and makes the disk full on demand. tests/crash/disk.h is the other side.
//
// Power loss. fsync and fdatasync don't sync: they add a line to KSEEK_SHIM_LOG. A file: "F inode bytes". A directory:
// "D inode" and its entries, each "/name inode". What is deleted or replaced stays below KSEEK_SHIM_GRAVES under its
// inode's number, as its deletion may not survive, and so that no inode's number is used twice. KSEEK_SHIM_DEAF is a
// pattern of fnmatch(3) for a kind and path ("F*/segments/*", "D*.building"): such syncs are as if they were left out
// of the program, by hand, to see that the tests notice.
//
// Full disk. While the file KSEEK_SHIM_FULL exists, what would take space fails with ENOSPC, a write perhaps after its
// first half. KSEEK_SHIM_FULL may hold "EIO" for that error instead.
#include <dirent.h>
#include <dlfcn.h>
#include <fcntl.h>
#include <fnmatch.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstdarg>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <mutex>
#include <string>

namespace {

template <class Function>
Function* next(const char* name) {
  return reinterpret_cast<Function*>(dlsym(RTLD_NEXT, name));
}

struct Settings {
  Settings() {
    const auto get = [](const char* name) {
      const char* const value = getenv(name);
      return std::string(value == nullptr ? "" : value);
    };
    dir = get("KSEEK_SHIM_DIR");
    graves = get("KSEEK_SHIM_GRAVES");
    full = get("KSEEK_SHIM_FULL");
    deaf = get("KSEEK_SHIM_DEAF");
    const std::string log_path = get("KSEEK_SHIM_LOG");
    if (!log_path.empty()) log = open(log_path.c_str(), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0644);
  }
  std::string dir, graves, full, deaf;
  int log = -1;
};

const Settings& settings() {
  static const Settings kSettings;
  return kSettings;
}

bool is_inside(const std::string& path) {
  const std::string& dir = settings().dir;
  return !dir.empty() && path.compare(0, dir.size(), dir) == 0 &&
         (path.size() == dir.size() || path[dir.size()] == '/');
}

std::string path_of(int fd) {
  const std::string link = "/proc/self/fd/" + std::to_string(fd);
  std::string path(4096, '\0');
  const ssize_t size = readlink(link.c_str(), path.data(), path.size());
  path.resize(size > 0 ? static_cast<size_t>(size) : 0);
  return path;
}

std::string path_at(int directory, const char* name) {
  if (name[0] == '/') return name;
  if (directory != AT_FDCWD) return path_of(directory) + "/" + name;
  char here[4096];
  return std::string(getcwd(here, sizeof(here)) == nullptr ? "" : here) + "/" + name;
}

// --- power loss ------------------------------------------------------------------------------------------------------

bool remembers(const std::string& path) { return settings().log >= 0 && is_inside(path); }

int remember(int fd, int (*sync)(int)) {
  const std::string path = path_of(fd);
  if (!remembers(path)) return sync(fd);
  // What one thread has seen must not be noted after what another one has seen later.
  static std::mutex mu;
  const std::lock_guard lock(mu);
  struct stat status {};
  if (fstat(fd, &status) != 0) return -1;
  const std::string& deaf = settings().deaf;
  const std::string place = (S_ISDIR(status.st_mode) ? "D" : "F") + path;
  if (!deaf.empty() && fnmatch(deaf.c_str(), place.c_str(), 0) == 0) return 0;
  std::string line;
  if (S_ISDIR(status.st_mode)) {
    line = "D " + std::to_string(status.st_ino);
    DIR* const directory = opendir(path.c_str());
    if (directory == nullptr) return -1;
    while (const dirent* const entry = readdir(directory)) {
      if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0) continue;
      line += std::string(" /") + entry->d_name + " " + std::to_string(entry->d_ino);
    }
    closedir(directory);
  } else {
    line = "F " + std::to_string(status.st_ino) + " " + std::to_string(status.st_size);
  }
  line += "\n";
  return write(settings().log, line.data(), line.size()) == static_cast<ssize_t>(line.size()) ? 0 : -1;
}

/// A second name for what is at `path`, if it is a file.
void bury(const std::string& path) {
  struct stat status {};
  if (lstat(path.c_str(), &status) != 0 || S_ISDIR(status.st_mode)) return;
  const std::string grave = settings().graves + "/" + std::to_string(status.st_ino);
  static_cast<void>(link(path.c_str(), grave.c_str()));
}

int bury_directory(const std::string& path) {
  DIR* const directory = opendir(path.c_str());
  if (directory == nullptr) return -1;
  int entries = 0;
  while (readdir(directory) != nullptr) ++entries;
  closedir(directory);
  if (entries > 2) {
    errno = ENOTEMPTY;
    return -1;
  }
  struct stat status {};
  if (stat(path.c_str(), &status) != 0) return -1;
  const std::string grave = settings().graves + "/" + std::to_string(status.st_ino);
  static auto* const real = next<int(const char*, const char*)>("rename");
  return real(path.c_str(), grave.c_str());
}

// --- full disk -------------------------------------------------------------------------------------------------------

/// 0, or the errno of what would take space in the file or directory.
template <class Path>
int refusal(const Path& path) {
  if (settings().full.empty() || access(settings().full.c_str(), F_OK) != 0 || !is_inside(path())) return 0;
  char text[4] = {};
  const int fd = open(settings().full.c_str(), O_RDONLY | O_CLOEXEC);
  const ssize_t got = fd >= 0 ? read(fd, text, 3) : 0;
  if (fd >= 0) close(fd);
  return got == 3 && strcmp(text, "EIO") == 0 ? EIO : ENOSPC;
}

int refusal_of(int fd) {
  return refusal([fd] { return path_of(fd); });
}

bool refuse(int error) {
  if (error != 0) errno = error;
  return error != 0;
}

}  // namespace

extern "C" {

int fsync(int fd) {
  static auto* const real = next<int(int)>("fsync");
  if (refuse(refusal_of(fd))) return -1;
  return remember(fd, real);
}

int fdatasync(int fd) {
  static auto* const real = next<int(int)>("fdatasync");
  if (refuse(refusal_of(fd))) return -1;
  return remember(fd, real);
}

int rename(const char* from, const char* to) noexcept {
  static auto* const real = next<int(const char*, const char*)>("rename");
  const std::string path = path_at(AT_FDCWD, to);
  if (remembers(path)) bury(path);
  return real(from, to);
}

int unlinkat(int directory, const char* name, int flags) noexcept {
  static auto* const real = next<int(int, const char*, int)>("unlinkat");
  const std::string path = path_at(directory, name);
  if (!remembers(path)) return real(directory, name, flags);
  if ((flags & AT_REMOVEDIR) != 0) return bury_directory(path);
  bury(path);
  return real(directory, name, flags);
}

int unlink(const char* name) noexcept { return unlinkat(AT_FDCWD, name, 0); }

int rmdir(const char* name) noexcept { return unlinkat(AT_FDCWD, name, AT_REMOVEDIR); }

int remove(const char* name) noexcept {
  struct stat status {};
  if (lstat(name, &status) != 0) return -1;
  return S_ISDIR(status.st_mode) ? rmdir(name) : unlink(name);
}

ssize_t write(int fd, const void* bytes, size_t size) {
  static auto* const real = next<ssize_t(int, const void*, size_t)>("write");
  const int error = refusal_of(fd);
  if (error == 0) return real(fd, bytes, size);
  // As a disk does that has a little room left.
  static std::atomic<unsigned> refused{0};
  if (error == ENOSPC && size > 1 && refused++ % 4 == 0) return real(fd, bytes, size / 2);
  errno = error;
  return -1;
}

ssize_t pwrite64(int fd, const void* bytes, size_t size, off64_t at) {
  static auto* const real = next<ssize_t(int, const void*, size_t, off64_t)>("pwrite64");
  return refuse(refusal_of(fd)) ? -1 : real(fd, bytes, size, at);
}

ssize_t pwrite(int fd, const void* bytes, size_t size, off_t at) { return pwrite64(fd, bytes, size, at); }

ssize_t writev(int fd, const iovec* parts, int count) {
  static auto* const real = next<ssize_t(int, const iovec*, int)>("writev");
  return refuse(refusal_of(fd)) ? -1 : real(fd, parts, count);
}

int fallocate64(int fd, int mode, off64_t at, off64_t size) {
  static auto* const real = next<int(int, int, off64_t, off64_t)>("fallocate64");
  return refuse(refusal_of(fd)) ? -1 : real(fd, mode, at, size);
}

int fallocate(int fd, int mode, off_t at, off_t size) { return fallocate64(fd, mode, at, size); }

int mkdir(const char* name, mode_t mode) noexcept {
  static auto* const real = next<int(const char*, mode_t)>("mkdir");
  return refuse(refusal([name] { return path_at(AT_FDCWD, name); })) ? -1 : real(name, mode);
}

// The C library writes a stream's buffer without asking anybody: streams are refused where they are filled.
size_t fwrite(const void* bytes, size_t size, size_t count, FILE* file) {
  static auto* const real = next<size_t(const void*, size_t, size_t, FILE*)>("fwrite");
  return refuse(refusal_of(fileno(file))) ? 0 : real(bytes, size, count, file);
}

FILE* fopen64(const char* name, const char* mode) {
  static auto* const real = next<FILE*(const char*, const char*)>("fopen64");
  if (mode[0] != 'r' && refuse(refusal([name] { return path_at(AT_FDCWD, name); }))) return nullptr;
  return real(name, mode);
}

FILE* fopen(const char* name, const char* mode) { return fopen64(name, mode); }

}  // extern "C"
