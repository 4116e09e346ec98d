#include "indexer/live_redactor.h"

#include <utility>

namespace kseek::indexer {

void LiveRedactor::set(std::shared_ptr<const Redactor> rules) {
  const std::lock_guard lock(mu_);
  rules_ = std::move(rules);
}

std::shared_ptr<const Redactor> LiveRedactor::rules() const {
  const std::lock_guard lock(mu_);
  return rules_;
}

void LiveRedactor::redact(std::string_view topic, std::span<MessageView> messages, Redactor::Bytes& bytes,
                          Unreadable unreadable) {
  const auto rules = this->rules();
  if (rules == nullptr) return;
  const size_t changed = rules->redact(topic, messages, bytes, unreadable);
  if (changed == 0) return;
  const std::lock_guard lock(mu_);
  const auto known = counted_.find(topic);
  if (known == counted_.end()) {
    counted_.emplace(topic, changed);
  } else {
    known->second += changed;
  }
}

uint64_t LiveRedactor::redacted(std::string_view topic) const {
  const std::lock_guard lock(mu_);
  const auto known = counted_.find(topic);
  return known == counted_.end() ? 0 : known->second;
}

}  // namespace kseek::indexer
