// The opened topics by name. Private to indexer/. Any thread.
#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>
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
  /// The topic's entry with its work mutex held.
  struct Held {
    std::shared_ptr<TopicEntry> entry;
    std::unique_lock<std::mutex> work;
  };
  /// Waits for whoever works on the topic; when another entry took its place meanwhile, for that one. nullptr: there is
  /// none, or it is closed.
  [[nodiscard]] Held hold(std::string_view name) const {
    for (auto entry = find(name); entry;) {
      std::unique_lock work(entry->work_mutex());
      if (entry->phase() != TopicEntry::Phase::kClosed) return {std::move(entry), std::move(work)};
      work.unlock();
      const auto closed = std::exchange(entry, find(name));
      if (entry == closed) break;
    }
    return {};
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
