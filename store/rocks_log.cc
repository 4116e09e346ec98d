#include "store/rocks_log.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <array>
#include <cstdio>
#include <filesystem>

#include "base/time.h"

namespace kseek::store {
namespace {

int open_log(const std::string& path) {
  std::error_code error;
  const auto bytes = std::filesystem::file_size(path, error);
  if (!error && bytes > RocksLog::kMostBytes) std::filesystem::rename(path, path + ".old", error);
  return ::open(path.c_str(), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0644);
}

}  // namespace

RocksLog::RocksLog(const std::string& path) : rocksdb::Logger(rocksdb::InfoLogLevel::WARN_LEVEL), fd_(open_log(path)) {}

RocksLog::~RocksLog() {
  if (fd_ >= 0) ::close(fd_);
}

void RocksLog::Logv(const char* format, va_list arguments) {
  if (fd_ < 0 || bytes_ > kMostBytes) return;
  std::array<char, 4096> text{};
  const int size = std::vsnprintf(text.data(), text.size(), format, arguments);
  if (size < 0) return;
  std::string line = fmt::format("{} {}\n", format_time(now()), text.data());
  if (const ssize_t written = ::write(fd_, line.data(), line.size()); written > 0) {
    bytes_ += static_cast<uint64_t>(written);
  }
}

}  // namespace kseek::store
