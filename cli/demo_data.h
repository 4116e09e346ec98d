// The demo's messages: three topics of different kinds. Message i of a topic is always the same for one start time, so
// what a search must find is known without asking kseek.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "base/ids.h"

namespace kseek::cli {

struct DemoMessage {
  std::string topic;
  PartitionId partition;
  Timestamp time;
  std::string key;
  std::string value;
  std::vector<std::pair<std::string, std::string>> headers;
};

inline constexpr std::array<const char*, 3> kDemoTopics{"orders", "service-logs", "chat"};
inline constexpr int kDemoPartitions = 6;
inline constexpr uint64_t kDemoHistory = 30'000;  ///< messages a topic, over the last three days

/// Message `i` of a topic of kDemoTopics. Times rise with i: kDemoHistory of them end at `history_end`, the live ones
/// (i from kDemoHistory on) carry `history_end`; the sender puts their own time.
[[nodiscard]] DemoMessage demo_message(size_t topic, uint64_t i, Timestamp history_end);

}  // namespace kseek::cli
