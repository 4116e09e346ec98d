// What may be said of librdkafka in a configuration. Any thread.
#pragma once

#include <string>

#include "base/result.h"

namespace kseek::indexer {

/// Whether a property can have this value. kNotFound: librdkafka has no property of that name; kInvalid: it can't have
/// the value, or kseek sets it itself. Messages name the property and never its value.
[[nodiscard]] Result<void> check_kafka_property(const std::string& name, const std::string& value);

}  // namespace kseek::indexer
