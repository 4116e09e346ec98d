#include "tests/server/event_reader.h"

namespace kseek::testing {

EventReader::EventReader(const std::string& url, const std::string& target, const std::string& headers)
    : connection_(url) {
  if (!connection_.send(request_text("GET", target, "", headers))) return;
  if (auto head = connection_.read_answer()) head_ = *std::move(head);
}

bool EventReader::read_chunk() {
  const auto size = connection_.read_until("\r\n");
  if (!size) return false;
  const size_t bytes = std::stoul(*size, nullptr, 16);
  const auto chunk = connection_.read_bytes(bytes + 2);
  if (!chunk || bytes == 0) {
    ended_ = chunk.has_value();
    return false;
  }
  text_.append(*chunk, 0, bytes);
  return true;
}

std::optional<Event> EventReader::next() {
  for (;;) {
    const size_t end = text_.find("\n\n");
    if (end == std::string::npos) {
      if (!read_chunk()) return std::nullopt;
      continue;
    }
    const std::string lines = text_.substr(0, end);
    text_.erase(0, end + 2);
    const size_t data = lines.find("\ndata: ");
    if (!lines.starts_with("event: ") || data == std::string::npos) continue;  // a comment
    return Event{lines.substr(7, data - 7), nlohmann::json::parse(lines.substr(data + 7))};
  }
}

}  // namespace kseek::testing
