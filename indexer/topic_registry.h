// The opened topics by name. Private to indexer/. Any thread.
#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "indexer/topic_entry.h"

namespace kseek::indexer {

class TopicRegistry {
 public:
  void add(std::shared_ptr<TopicEntry> entry) {
    const std::lock_guard lock(mu_);
    entries_[entry->name()] = std::move(entry);
  }
  void remove(std::string_view name) {
    const std::lock_guard lock(mu_);
    if (const auto it = entries_.find(name); it != entries_.end()) entries_.erase(it);
  }
  /// nullptr: there is none.
  [[nodiscard]] std::shared_ptr<TopicEntry> find(std::string_view name) const {
    const std::lock_guard lock(mu_);
    const auto it = entries_.find(name);
    return it == entries_.end() ? nullptr : it->second;
  }
  [[nodiscard]] std::vector<std::shared_ptr<TopicEntry>> all() const {  ///< by name
    const std::lock_guard lock(mu_);
    std::vector<std::shared_ptr<TopicEntry>> found;
    found.reserve(entries_.size());
    for (const auto& [name, entry] : entries_) found.push_back(entry);
    return found;
  }

 private:
  mutable std::mutex mu_;
  std::map<std::string, std::shared_ptr<TopicEntry>, std::less<>> entries_;  // guarded by mu_
};

}  // namespace kseek::indexer
