// What a consumer group has committed, as a broker tells it.
#pragma once

#include <cstdint>
#include <map>
#include <string>

namespace kseek::testing {

/// By partition, of those [0, partitions) that have one. Fails the test when no broker answers within 10 s.
[[nodiscard]] std::map<int, int64_t> committed_offsets(const std::string& brokers, const std::string& group,
                                                       const std::string& topic, int partitions);

}  // namespace kseek::testing
