// The mark of a message of which kseek stored less than Kafka has (docs/redaction.md).
#pragma once

#include <string_view>

#include "base/message.h"

namespace kseek {

/// The header that is added to such a message; its value says which parts: "value", "key,headers".
inline constexpr std::string_view kRedactedHeader = "kseek.redacted";

[[nodiscard]] inline bool is_redacted(const MessageView& message) {
  for (const Header& header : message.headers) {
    if (header.name == kRedactedHeader) return true;
  }
  return false;
}

}  // namespace kseek
