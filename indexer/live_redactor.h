// The rules of redaction that hold now: they can change while messages are taken in. Counts what they change.
//
// Any thread. Whoever shares it sees a change with the next messages that are redacted.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <string_view>

#include "indexer/redaction.h"

namespace kseek::indexer {

class LiveRedactor {
 public:
  /// nullptr: nothing is taken out.
  explicit LiveRedactor(std::shared_ptr<const Redactor> rules = nullptr) : rules_(std::move(rules)) {}

  void set(std::shared_ptr<const Redactor> rules);
  [[nodiscard]] std::shared_ptr<const Redactor> rules() const;

  /// As Redactor::redact(); what it changes is counted.
  void redact(std::string_view topic, std::span<MessageView> messages, Redactor::Bytes& bytes, Unreadable unreadable);
  /// Messages of the topic that were changed since this began.
  [[nodiscard]] uint64_t redacted(std::string_view topic) const;

 private:
  mutable std::mutex mu_;
  std::shared_ptr<const Redactor> rules_;                 // guarded by mu_
  std::map<std::string, uint64_t, std::less<>> counted_;  // guarded by mu_: by topic
};

}  // namespace kseek::indexer
