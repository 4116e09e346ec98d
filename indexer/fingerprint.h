// What is remembered of a message to see that Kafka still has the same one. Kafka's protocol, as librdkafka 2.0 speaks
// it, has no id that tells a topic from another of the same name: only the messages do. Private to indexer/.
#pragma once

#include <cstddef>
#include <functional>
#include <optional>
#include <string_view>

#include "base/ids.h"
#include "base/message.h"

namespace kseek::indexer {

struct Fingerprint {
  Offset offset;
  Timestamp create_time;
  size_t hash = 0;  ///< of key and value; of this process, not to be stored

  static Fingerprint of(Offset offset, Timestamp create_time, std::optional<std::string_view> key,
                        std::optional<std::string_view> value) {
    const auto hash_of = [](const std::optional<std::string_view>& text) {
      return text ? std::hash<std::string_view>{}(*text) : ~size_t{0};
    };
    return {offset, create_time, hash_of(key) * 31 + hash_of(value)};
  }
  static Fingerprint of(const MessageView& message) {
    return of(message.offset, message.create_time, message.key, message.value);
  }
  bool operator==(const Fingerprint&) const = default;
};

}  // namespace kseek::indexer
