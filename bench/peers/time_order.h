// Messages of a file by (timestamp, partition, offset), for peers whose document numbers are their order: the newest
// ten are then the last ten numbers, which their indexes give for nothing. Messages of Kafka come nearly in this order;
// a window of a few thousand makes it exact for this file (the program ends where it doesn't).
#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>
#include <queue>
#include <string>
#include <tuple>
#include <vector>

#include "bench/compare/message_file.h"
#include "bench/measure.h"

namespace kseek::bench {

struct OwnedMessage {
  int64_t time_ms = 0;
  int32_t partition = 0;
  int64_t offset = 0;
  std::optional<std::string> key;
  std::optional<std::string> value;
  [[nodiscard]] auto order() const { return std::tuple(time_ms, partition, offset); }
};

class TimeOrderedReader {
 public:
  explicit TimeOrderedReader(const std::filesystem::path& path) : reader_(path) {}

  [[nodiscard]] std::optional<OwnedMessage> next() {
    while (!at_end_ && window_.size() < kWindow) read();
    if (window_.empty()) return std::nullopt;
    std::pop_heap(window_.begin(), window_.end(), later);
    OwnedMessage message = std::move(window_.back());
    window_.pop_back();
    if (message.order() < last_) fail("the messages are too far out of order");
    last_ = message.order();
    return message;
  }

 private:
  static constexpr size_t kWindow = 4'096;
  static bool later(const OwnedMessage& a, const OwnedMessage& b) { return a.order() > b.order(); }

  void read() {
    const auto message = reader_.next();
    at_end_ = !message;
    if (at_end_) return;
    OwnedMessage& own = window_.emplace_back();
    own.time_ms = message->create_time.ms;
    own.partition = message->partition.value;
    own.offset = message->offset.value;
    if (message->key) own.key = *message->key;
    if (message->value) own.value = *message->value;
    std::push_heap(window_.begin(), window_.end(), later);
  }

  MessageFileReader reader_;
  std::vector<OwnedMessage> window_;  // a heap, the oldest first
  bool at_end_ = false;
  std::tuple<int64_t, int32_t, int64_t> last_{INT64_MIN, 0, 0};
};

}  // namespace kseek::bench
