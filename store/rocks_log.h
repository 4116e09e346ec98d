// RocksDB's log of itself (<data>/db/LOG), written in a way that a full disk does not end the process: Debian's RocksDB
// has its assertions on, and one of them fails when its own log file could not be written and is written to again.
// Internal to store/. Any thread.
#pragma once

#include <rocksdb/env.h>

#include <atomic>
#include <cstdarg>
#include <string>

namespace kseek::store {

class RocksLog final : public rocksdb::Logger {
 public:
  /// Appends to the file, warnings and worse; one over kMostBytes becomes `path`.old first. What can't be written is
  /// left out.
  explicit RocksLog(const std::string& path);
  ~RocksLog() override;
  using rocksdb::Logger::Logv;
  void Logv(const char* format, va_list arguments) override;

  static constexpr uint64_t kMostBytes = 4 << 20;

 private:
  const int fd_;  // -1: nothing is written
  std::atomic<uint64_t> bytes_{0};
};

}  // namespace kseek::store
