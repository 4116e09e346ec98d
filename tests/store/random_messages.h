// Random messages and directories for the tests of store/. A test that uses them prints its seed when it fails.
#pragma once

#include <unistd.h>

#include <cstdint>
#include <filesystem>
#include <limits>
#include <optional>
#include <random>
#include <string>
#include <vector>

#include <fmt/format.h>

#include "base/message.h"

namespace kseek::store {

/// A message that owns its bytes.
struct OwnedMessage {
  MessageView view;  // without key, value and headers: those are in the strings
  std::optional<std::string> key;
  std::optional<std::string> value;
  std::string headers;

  [[nodiscard]] MessageView get() const;  ///< dies with this
};

class RandomMessages {
 public:
  explicit RandomMessages(uint64_t seed) : random_(seed) {}

  uint64_t below(uint64_t n) { return random_() % n; }
  bool one_in(uint64_t n) { return below(n) == 0; }

  /// Words of a few letters, some separators, now and then any bytes, a long token, or JSON with escapes.
  std::string text() {
    std::string out;
    switch (below(8)) {
      case 0: return out;
      case 1:
        for (size_t left = below(40); left > 0; --left) out.push_back(static_cast<char>(below(256)));
        return out;
      case 2: return fmt::format(R"({{"id":{},"name":"a\n\u4f60{}"}})", below(1000), below(10));
      case 3: return std::string(60 + below(10), static_cast<char>('a' + below(3))) + " tail";
      default:
        for (size_t left = below(12); left > 0; --left) {
          for (size_t letters = 1 + below(4); letters > 0; --letters) out.push_back(static_cast<char>('a' + below(4)));
          out += one_in(9) ? "你好 É" : one_in(3) ? "-" : " ";
        }
        return out;
    }
  }
  std::optional<std::string> maybe_text() { return one_in(6) ? std::nullopt : std::optional(text()); }

  Timestamp time() {
    switch (below(8)) {
      case 0: return {-1};
      case 1: return one_in(2) ? kMinTimestamp : kMaxTimestamp;
      case 2: return {static_cast<int64_t>(random_())};
      default: return {static_cast<int64_t>(1'763'600'000'000 + below(100'000))};
    }
  }

  /// A message of `partition` at or after `offset`; `offset` moves behind it.
  OwnedMessage message(PartitionId partition, int64_t& offset) {
    OwnedMessage made;
    made.view.partition = partition;
    offset += one_in(5) ? static_cast<int64_t>(below(1000)) : 0;
    made.view.offset = {offset++};
    made.view.create_time = time();
    made.view.ingest_time = time();
    made.view.timestamp_type = static_cast<TimestampType>(below(3));
    made.key = maybe_text();
    made.value = maybe_text();
    for (size_t left = one_in(3) ? below(5) : 0; left > 0; --left) {
      const std::optional<std::string> value = maybe_text();
      append_header(made.headers, text(), value ? std::optional<std::string_view>(*value) : std::nullopt);
    }
    return made;
  }

 private:
  std::mt19937_64 random_;
};

/// A directory of its own for one test, removed with everything in it.
class ScratchDirectory {
 public:
  ScratchDirectory() {
    std::string name = (std::filesystem::temp_directory_path() / "kseek_store_XXXXXX").string();
    if (::mkdtemp(name.data()) == nullptr) throw std::runtime_error("no directory for temporary files");
    path_ = name;
  }
  ~ScratchDirectory() {
    std::error_code error;
    std::filesystem::remove_all(path_, error);
  }
  ScratchDirectory(const ScratchDirectory&) = delete;
  ScratchDirectory& operator=(const ScratchDirectory&) = delete;
  [[nodiscard]] const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

}  // namespace kseek::store
