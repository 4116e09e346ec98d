#include "tests/crash/disk.h"

#include <sys/stat.h>

#include <cerrno>
#include <fstream>
#include <map>
#include <sstream>
#include <stdexcept>

namespace kseek::testing {
namespace {

namespace fs = std::filesystem;

using Inode = uint64_t;
using Entries = std::map<std::string, Inode>;

Inode inode_of(const fs::path& path) {
  struct stat status {};
  if (stat(path.c_str(), &status) != 0) throw std::system_error(errno, std::generic_category(), path.string());
  return status.st_ino;
}

Entries entries_of(const fs::path& directory) {
  Entries entries;
  for (const auto& entry : fs::directory_iterator(directory)) {
    entries.emplace(entry.path().filename().string(), inode_of(entry.path()));
  }
  return entries;
}

/// A disk after power loss is put together from what the shim remembered and from where everything is now.
class Restorer {
 public:
  Restorer(const fs::path& data, const fs::path& graves, const fs::path& log, bool strict, std::mt19937_64& random)
      : strict_(strict), random_(random) {
    read_log(log);
    place_of_.emplace(inode_of(data), data);
    for (const auto& entry : fs::directory_iterator(graves)) {
      place_of_[std::stoull(entry.path().filename().string())] = entry.path();
    }
    for (const auto& entry : fs::recursive_directory_iterator(data)) {
      place_of_[inode_of(entry.path())] = entry.path();
    }
  }

  void restore_directory(Inode inode, const fs::path& to) {
    fs::create_directory(to);
    Entries chosen = synced_entries_[inode];
    if (!strict_) change_some(chosen, entries_of(place_of_.at(inode)));
    for (const auto& [name, entry] : chosen) {
      if (fs::is_directory(place_of_.at(entry))) {
        restore_directory(entry, to / name);
      } else {
        restore_file(entry, to / name);
      }
    }
  }

 private:
  void read_log(const fs::path& log) {
    std::ifstream lines(log);
    for (std::string line; std::getline(lines, line);) {
      std::istringstream words(line);
      std::string kind;
      Inode inode = 0;
      words >> kind >> inode;
      if (kind == "F") {
        words >> synced_bytes_[inode];
        continue;
      }
      Entries& entries = synced_entries_[inode];
      entries.clear();
      Inode entry = 0;
      for (std::string name; words >> name >> entry;) entries.emplace(name.substr(1), entry);
    }
  }

  bool coin() { return (random_() & 1) == 0; }

  /// Each change since the directory was synced may have reached the disk.
  void change_some(Entries& entries, const Entries& now) {
    for (const auto& [name, inode] : now) {
      const auto old = entries.find(name);
      const bool changed = old == entries.end() || old->second != inode;
      if (changed && coin()) entries[name] = inode;
    }
    std::erase_if(entries, [&](const auto& entry) { return !now.contains(entry.first) && coin(); });
  }

  void restore_file(Inode inode, const fs::path& to) {
    const fs::path& from = place_of_.at(inode);
    fs::copy_file(from, to);
    const uint64_t now = fs::file_size(from);
    uint64_t bytes = std::min(now, synced_bytes_[inode]);
    if (!strict_ && coin()) bytes += random_() % (now - bytes + 1);
    fs::resize_file(to, bytes);
  }

  const bool strict_;
  std::mt19937_64& random_;
  std::map<Inode, uint64_t> synced_bytes_;
  std::map<Inode, Entries> synced_entries_;
  std::map<Inode, fs::path> place_of_;
};

}  // namespace

ShimmedDisk::ShimmedDisk(fs::path data, const fs::path& scratch)
    : data_(std::move(data)),
      log_(scratch / "shim.log"),
      graves_(scratch / "shim.graves"),
      full_(scratch / "shim.full"),
      restored_(scratch / "shim.restored") {}

std::vector<std::string> ShimmedDisk::environment() const {
  return {std::string("LD_PRELOAD=") + KSEEK_DISK_SHIM, "KSEEK_SHIM_DIR=" + data_.string(),
          "KSEEK_SHIM_LOG=" + log_.string(), "KSEEK_SHIM_GRAVES=" + graves_.string(),
          "KSEEK_SHIM_FULL=" + full_.string()};
}

void ShimmedDisk::remember_all() const {
  fs::remove_all(graves_);
  fs::create_directories(graves_);
  fs::create_directories(data_);
  std::ofstream log(log_, std::ios::trunc);
  const auto remember = [&log](const fs::path& path) {
    if (!fs::is_directory(path)) {
      log << "F " << inode_of(path) << ' ' << fs::file_size(path) << '\n';
      return;
    }
    log << "D " << inode_of(path);
    for (const auto& [name, inode] : entries_of(path)) log << " /" << name << ' ' << inode;
    log << '\n';
  };
  remember(data_);
  for (const auto& entry : fs::recursive_directory_iterator(data_)) remember(entry.path());
}

void ShimmedDisk::lose_power(bool strict, std::mt19937_64& random) const {
  Restorer(data_, graves_, log_, strict, random).restore_directory(inode_of(data_), restored_);
  fs::remove_all(data_);
  fs::rename(restored_, data_);
}

void ShimmedDisk::make_full(const std::string& error) const {
  const std::string unfinished =
      full_.string() + ".unfinished";  // who looks meanwhile must not see a file without the error
  std::ofstream(unfinished) << error;
  fs::rename(unfinished, full_);
}

void ShimmedDisk::make_room() const { fs::remove(full_); }

}  // namespace kseek::testing
