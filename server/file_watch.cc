#include "server/file_watch.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <spdlog/spdlog.h>
#include <sys/stat.h>

#include <algorithm>
#include <chrono>

namespace kseek::server {
namespace {

constexpr std::chrono::seconds kEvery{1};

/// Differs when the file was replaced, written to, or is gone.
std::string state_of(const std::string& path) {
  struct stat file {};
  if (stat(path.c_str(), &file) != 0) return "none";
  return fmt::format("{}.{} {} {} {}.{:09}", file.st_dev, file.st_ino, file.st_size, file.st_mode, file.st_mtim.tv_sec,
                     file.st_mtim.tv_nsec);
}

std::vector<std::string> states_of(const std::vector<std::string>& files) {
  std::vector<std::string> states(files.size());
  std::transform(files.begin(), files.end(), states.begin(), state_of);
  return states;
}

std::vector<std::string> named(std::vector<std::string> files) {
  std::erase(files, std::string());
  return files;
}

}  // namespace

FileWatch::FileWatch(std::vector<std::string> files, std::function<Result<void>()> changed,
                     std::function<void()> looked)
    : files_(named(std::move(files))),
      changed_(std::move(changed)),
      looked_(std::move(looked)),
      states_(states_of(files_)) {
  if (!files_.empty()) thread_ = std::thread([this] { watch(); });
}

FileWatch::~FileWatch() {
  {
    const std::lock_guard lock(mu_);
    stopping_ = true;
  }
  wake_.notify_one();
  if (thread_.joinable()) thread_.join();
}

void FileWatch::watch() {
  std::unique_lock lock(mu_);
  do {
    lock.unlock();
    look();
    lock.lock();
  } while (!wake_.wait_for(lock, kEvery, [this] { return stopping_; }));
}

void FileWatch::look() {
  auto states = states_of(files_);
  if (states != states_) {
    states_ = std::move(states);
    const auto read = changed_();
    if (const auto log = spdlog::get("kseek"); log != nullptr && read) {
      log->info("read again: {}", fmt::join(files_, ", "));
    } else if (log != nullptr) {
      log->error("{}: what was read before goes on to hold", describe(read.error()));
    }
  }
  looked_();
}

}  // namespace kseek::server
