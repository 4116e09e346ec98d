// What is remembered of a message to see that Kafka still has the same one. Kafka's protocol, as librdkafka 2.0 speaks
// it, has no id that tells a topic from another of the same name: only the messages do. Private to indexer/.
#pragma once

#include <cstddef>
#include <functional>
#include <optional>
#include <string_view>

#include "base/ids.h"
#include "base/message.h"
#include "base/redacted.h"

namespace kseek::indexer {

struct Fingerprint {
  Offset offset;
  Timestamp create_time;
  /// Of key and value; of this process, not to be stored. nullopt: of a redacted message, which is another one in
  /// Kafka.
  std::optional<size_t> hash;

  static Fingerprint of(Offset offset, Timestamp create_time, std::optional<std::string_view> key,
                        std::optional<std::string_view> value) {
    const auto hash_of = [](const std::optional<std::string_view>& text) {
      return text ? std::hash<std::string_view>{}(*text) : ~size_t{0};
    };
    return {offset, create_time, hash_of(key) * 31 + hash_of(value)};
  }
  static Fingerprint of(const MessageView& message) {
    if (is_redacted(message)) return {message.offset, message.create_time, std::nullopt};
    return of(message.offset, message.create_time, message.key, message.value);
  }
  /// As far as is known.
  bool operator==(const Fingerprint& other) const {
    return offset == other.offset && create_time == other.create_time && (!hash || !other.hash || hash == other.hash);
  }
};

}  // namespace kseek::indexer
