#include "server/dead_letter_error.h"

#include <fmt/format.h>

namespace kseek::server {

std::optional<Error> dead_letter_error(const store::TopicStore& topic, PartitionId partition, Offset offset) {
  const auto letter = topic.dead_letter(partition, offset);
  if (!letter) return std::nullopt;
  const std::string name = topic.config().name;
  return Error{
      ErrorCode::kNotFound,
      fmt::format("partition {}, offset {} of topic \"{}\" is a dead letter: {}", partition.value, offset.value, name,
                  letter->reason),
      fmt::format("kseek dead-letters {} lists what could not be indexed; Kafka may still have the message", name)};
}

}  // namespace kseek::server
