#include "server/dead_letter_error.h"

#include <fmt/format.h>

namespace kseek::server {

std::optional<Error> dead_letter_error(const store::TopicStore& topic, PartitionId partition, Offset offset) {
  constexpr size_t kLookedAt = 10'000;
  for (const store::DeadLetter& letter : topic.dead_letters(kLookedAt)) {
    if (letter.partition != partition || letter.offset != offset) continue;
    const std::string name = topic.config().name;
    return Error{
        ErrorCode::kNotFound,
        fmt::format("partition {}, offset {} of topic \"{}\" is a dead letter: {}", partition.value, offset.value, name,
                    letter.reason),
        fmt::format("kseek dead-letters {} lists what could not be indexed; Kafka may still have the message", name)};
  }
  return std::nullopt;
}

}  // namespace kseek::server
