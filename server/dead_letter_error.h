// Why there is no message at an offset, where that is known. Any thread, no state.
#pragma once

#include <optional>

#include "store/topic_store.h"

namespace kseek::server {

/// kNotFound: what stands there is a dead letter; says why, and where to see it. nullopt: it is none of the newest
/// 10,000.
[[nodiscard]] std::optional<Error> dead_letter_error(const store::TopicStore& topic, PartitionId partition,
                                                     Offset offset);

}  // namespace kseek::server
