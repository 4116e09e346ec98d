#include <fcntl.h>
#include <fmt/format.h>
#include <linux/magic.h>
#include <pwd.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>

#include "base/bytes.h"
#include "cli/doctor.h"
#include "store/lock_file.h"
#include "store/store.h"

namespace kseek::cli {
namespace {

namespace fs = std::filesystem;

constexpr uint64_t kLittle = 1_GiB;   // less free space than this fails: the log alone may take 256 MiB
constexpr uint64_t kRather = 10_GiB;  // less is worth a warning
constexpr long kFuseMagic = 0x65735546;
constexpr long kCifsMagic = static_cast<long>(0xff534d42);
constexpr long kSmb2Magic = static_cast<long>(0xfe534d42);
constexpr long kXfsMagic = 0x58465342;

/// The directory, or where it would be made: its nearest parent that is there.
fs::path nearest_existing(const fs::path& dir) {
  std::error_code ignored;
  fs::path path = fs::absolute(dir, ignored).lexically_normal();
  while (!fs::exists(path, ignored) && path.has_parent_path() && path != path.parent_path()) path = path.parent_path();
  return path;
}

/// What helps where nothing can be written in `there`, the directory or where it would be made.
std::string advice_on_writing(const fs::path& dir, const fs::path& there) {
  struct stat info {};
  std::error_code ignored;
  const bool is_others =
      fs::equivalent(dir, there, ignored) && stat(there.c_str(), &info) == 0 && info.st_uid != geteuid();
  const passwd* owner = is_others ? getpwuid(info.st_uid) : nullptr;
  if (owner == nullptr) {
    return fmt::format("make {} and give it to the user that kseek runs as (this is user {})", dir.string(), geteuid());
  }
  return fmt::format("it belongs to {0}: try as that user (sudo -u {0} kseek doctor …), or name another",
                     owner->pw_name);
}

void look_at_writing(const fs::path& dir, const fs::path& there, Findings& findings) {
  const std::string path = (there / fmt::format(".kseek-doctor-{}", getpid())).string();
  const int fd = open(path.c_str(), O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, 0600);
  const bool written = fd >= 0 && write(fd, "kseek\n", 6) == 6 && fsync(fd) == 0;
  const int error = errno;
  if (fd >= 0) {
    close(fd);
    unlink(path.c_str());
  }
  if (!written) {
    findings.push_back({Health::kFail, "data directory",
                        fmt::format("can't write in {}: {}", there.string(), std::strerror(error)),
                        advice_on_writing(dir, there)});
    return;
  }
  findings.push_back({Health::kOk, "data directory",
                      there == fs::absolute(dir).lexically_normal()
                          ? fmt::format("{} can be written", dir.string())
                          : fmt::format("{} will be made in {}", dir.string(), there.string()),
                      ""});
}

void look_at_file_system(const fs::path& there, Findings& findings) {
  struct statfs info {};
  if (statfs(there.c_str(), &info) != 0) return;
  const auto warn = [&findings](std::string text, std::string advice) {
    findings.push_back({Health::kWarn, "file system", std::move(text), std::move(advice)});
  };
  const auto is = [&info](long magic) { return static_cast<long>(info.f_type) == magic; };
  if (is(TMPFS_MAGIC)) return warn("tmpfs: in memory, and gone when the machine restarts", "use a directory on a disk");
  if (is(OVERLAYFS_SUPER_MAGIC))
    return warn("overlayfs: a container's own layer, gone with the container", "mount a volume there");
  if (is(NFS_SUPER_MAGIC) || is(kCifsMagic) || is(kSmb2Magic) || is(kFuseMagic))
    return warn("a network or FUSE file system: slow, and its locks and syncs may not hold", "use a local disk");
  const char* name = is(EXT4_SUPER_MAGIC) ? "ext4" : is(kXfsMagic) ? "xfs" : is(BTRFS_SUPER_MAGIC) ? "btrfs" : nullptr;
  findings.push_back({Health::kOk, "file system",
                      name != nullptr ? name : fmt::format("type {:#x}", static_cast<unsigned long>(info.f_type)), ""});
}

void look_at_space(const fs::path& there, Findings& findings) {
  struct statvfs info {};
  if (statvfs(there.c_str(), &info) != 0) return;
  const uint64_t free = uint64_t{info.f_bavail} * info.f_frsize;
  const uint64_t all = uint64_t{info.f_blocks} * info.f_frsize;
  const double percent = all == 0 ? 0 : 100 * static_cast<double>(free) / static_cast<double>(all);
  const std::string text = fmt::format("{:.1f} GB free ({:.0f} %)", static_cast<double>(free) / 1e9, percent);
  const std::string advice = "what a topic takes is 0.4 to 0.9 of its messages' bytes: docs/operating.md, Sizing";
  const bool few_files = info.f_files > 0 && info.f_favail < 10'000;
  const Health health = free < kLittle ? Health::kFail : free < kRather || percent < 5 ? Health::kWarn : Health::kOk;
  findings.push_back({health, "free space", text, health == Health::kOk ? "" : advice});
  if (few_files) {
    findings.push_back({Health::kWarn, "free space", fmt::format("{} inodes free", uint64_t{info.f_favail}),
                        "a file system with more of them, or fewer files beside"});
  }
}

void look_at_owner(const fs::path& dir, Findings& findings) {
  const auto owner = store::LockFile::owner(dir);
  if (!owner) return findings.push_back({Health::kOk, "lock", "nobody holds it", ""});
  findings.push_back({Health::kWarn, "lock", fmt::format("process {} owns {} now", *owner, dir.string()),
                      "that is fine when it is the kseek you know; a second one can't be started on it"});
}

void look_at_content(const fs::path& dir, Findings& findings, std::vector<std::string>& topics) {
  const auto opened = store::Store::open(dir, store::OpenMode::kReadOnly, {});
  if (!opened) {
    findings.push_back({Health::kFail, "content", opened.error().message, opened.error().hint});
    return;
  }
  const auto all = (*opened)->topics();
  for (const auto& topic : all) {
    const store::TopicConfig& config = topic->config();
    if (config.source == store::Source::kImport) continue;
    if (std::find(topics.begin(), topics.end(), config.name) == topics.end()) topics.push_back(config.name);
  }
  findings.push_back(
      {Health::kOk, "content", fmt::format("{} {}", all.size(), all.size() == 1 ? "topic" : "topics"), ""});
}

}  // namespace

void look_at_directory(const ServeConfig& config, Findings& findings, std::vector<std::string>& topics) {
  const fs::path dir = config.data_dir;
  const fs::path there = nearest_existing(dir);
  std::error_code ignored;
  if (fs::exists(dir, ignored) && !fs::is_directory(dir, ignored)) {
    findings.push_back({Health::kFail, "data directory", dir.string() + " is no directory", "name another"});
    return;
  }
  look_at_writing(dir, there, findings);
  look_at_file_system(there, findings);
  look_at_space(there, findings);
  if (!fs::exists(dir / "db", ignored)) return;
  look_at_owner(dir, findings);
  look_at_content(dir, findings, topics);
}

}  // namespace kseek::cli
