// The disk under a program that runs with disk_shim.cc: what of it survives power loss, and making it full. One thread.
#pragma once

#include <filesystem>
#include <random>
#include <string>
#include <vector>

namespace kseek::testing {

class ShimmedDisk {
 public:
  /// For a program whose files are below `data`; keeps its own below `scratch`, on the same file system.
  ShimmedDisk(std::filesystem::path data, const std::filesystem::path& scratch);

  /// What the program's environment must have, as NAME=VALUE.
  [[nodiscard]] std::vector<std::string> environment() const;

  /// All that is on the disk now survives: to be called before the program starts.
  void remember_all() const;
  /// What a power failure leaves: what was synced, and (unless `strict`) some of the rest. REQUIRES: the program has
  /// ended.
  void lose_power(bool strict, std::mt19937_64& random) const;

  /// From now on what takes space fails with ENOSPC, or EIO.
  void make_full(const std::string& error = "ENOSPC") const;
  void make_room() const;

 private:
  const std::filesystem::path data_, log_, graves_, full_, restored_;
};

}  // namespace kseek::testing
