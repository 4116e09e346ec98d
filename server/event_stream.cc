#include "server/event_stream.h"

#include <algorithm>
#include <utility>

namespace kseek::server {

void EventStream::add(std::string_view text) {
  buffer_.append(text);
  last_sent_ = Clock::now();
  if (std::exchange(suspended_, false) && resume_) resume_();
}

void EventStream::send(std::string_view event, std::string_view json) {
  if (client_gone()) return;
  std::string text;
  text.reserve(event.size() + json.size() + 16);
  text.append("event: ").append(event).append("\ndata: ").append(json).append("\n\n");
  const std::lock_guard lock(mu_);
  if (!closed_) add(text);
}

void EventStream::keep_alive(std::chrono::milliseconds quiet) {
  const std::lock_guard lock(mu_);
  if (!closed_ && Clock::now() - last_sent_ >= quiet) add(":\n\n");
}

void EventStream::close() {
  const std::lock_guard lock(mu_);
  if (std::exchange(closed_, true)) return;
  add("");
}

size_t EventStream::waiting_bytes() const {
  const std::lock_guard lock(mu_);
  return buffer_.size() - taken_;
}

void EventStream::attach(std::function<void()> resume) {
  const std::lock_guard lock(mu_);
  resume_ = std::move(resume);
}

void EventStream::detach() {
  const std::lock_guard lock(mu_);
  resume_ = nullptr;
  closed_ = true;
  buffer_.clear();
  taken_ = 0;
}

std::optional<size_t> EventStream::read(char* out, size_t max, const std::function<void()>& suspend) {
  const std::lock_guard lock(mu_);
  const size_t count = std::min(max, buffer_.size() - taken_);
  if (count > 0) {
    buffer_.copy(out, count, taken_);
    taken_ += count;
    if (taken_ == buffer_.size()) {
      buffer_.clear();
      taken_ = 0;
    }
    return count;
  }
  if (closed_) return std::nullopt;
  suspended_ = true;
  suspend();
  return 0;
}

}  // namespace kseek::server
