// The best hits so far: at most a page of them, in the answer's order. One thread.
#pragma once

#include <algorithm>
#include <iterator>
#include <utility>
#include <vector>

#include "query/sort_key.h"
#include "store/topic_store.h"

namespace kseek::query {

struct RankedHit {
  SortKey key;
  store::FoundMessage found;
};

class TopHits {
 public:
  /// REQUIRES: capacity > 0.
  TopHits(Order order, size_t capacity) : order_(order), capacity_(capacity) {}

  [[nodiscard]] size_t capacity() const { return capacity_; }
  [[nodiscard]] size_t size() const { return hits_.size(); }
  [[nodiscard]] bool full() const { return hits_.size() == capacity_; }
  /// True if a message of this key has no place; remembers that there was one.
  [[nodiscard]] bool rejects(const SortKey& key) {
    const bool beaten = full() && precedes(hits_.back().key, key, order_);
    overflowed_ = overflowed_ || beaten;
    return beaten;
  }
  /// No effect when it is there already.
  void add(RankedHit hit) {
    if (rejects(hit.key)) return;
    auto at = std::upper_bound(hits_.begin(), hits_.end(), hit.key, [this](const SortKey& key, const auto& other) {
      return precedes(key, other.key, order_);
    });
    if (at != hits_.begin() && std::prev(at)->key == hit.key) return;
    at = hits_.insert(at, std::move(hit));
    if (hits_.size() <= capacity_) return;
    hits_.pop_back();
    overflowed_ = true;
  }

  /// Says that messages behind the last hit of a full page were left out elsewhere.
  void note_left_out() { overflowed_ = true; }

  /// True if a message (that may have matched) was left out for want of place: only what stands at or before the last
  /// hit is known then.
  [[nodiscard]] bool overflowed() const { return overflowed_; }
  /// REQUIRES: a hit.
  [[nodiscard]] const SortKey& last() const { return hits_.back().key; }
  [[nodiscard]] std::vector<RankedHit>& hits() { return hits_; }

 private:
  const Order order_;
  const size_t capacity_;
  std::vector<RankedHit> hits_;
  bool overflowed_ = false;
};

}  // namespace kseek::query
