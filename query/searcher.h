// One search at work: rounds over the candidates until the page is full, nothing is left, or time or bytes ran out.
// cursor.h says what a round is and why. One thread.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include "query/candidates.h"
#include "query/cursor.h"
#include "query/matcher.h"
#include "query/request.h"
#include "query/scope.h"
#include "query/top_hits.h"

namespace kseek::query {

class Searcher {
 public:
  using Clock = std::chrono::steady_clock;

  /// Goes on from `cursor` (a fresh one has just the snapshot, times and fingerprint). Borrows the request.
  Searcher(const SearchRequest& request, std::vector<TopicScope> topics, Cursor cursor, Clock::time_point began);

  /// kTimeout: cancelled.
  [[nodiscard]] Result<SearchAnswer> run();

 private:
  enum class Stop { kCertain, kTime, kBytes };
  class Timer;

  /// Sees to the next hits after cursor_.after; true if another round may find more for this page.
  Result<bool> run_round();
  void restrict_scopes();
  Result<void> scan_memory(TopHits& top);
  void find_again(const std::vector<MessagePosition>& tentative, TopHits& top);
  Result<Stop> open_blocks(CandidateQueue& queue, TopHits& top);
  [[nodiscard]] std::optional<Stop> must_stop(const store::BlockMeta* next) const;
  void open_block(const Candidate& candidate, TopHits& top);
  void scan(uint32_t topic, const std::shared_ptr<const store::MessageBlock>& block, size_t messages, TopHits& top);
  void consider(uint32_t topic, const PartitionScope& partition,
                const std::shared_ptr<const store::MessageBlock>& block, const store::StoredMessage& message,
                TopHits& top);
  void cut_round(Stop why, const SortKey& next_bound, TopHits& top);
  void give(RankedHit hit);
  [[nodiscard]] bool cancelled() const;
  void add_reason(std::string reason);
  void finish();

  const SearchRequest& request_;
  std::vector<TopicScope> topics_;
  Cursor cursor_;
  const Clock::time_point began_;
  std::optional<IndexFilter> filter_;
  Matcher matcher_;
  Window window_;
  SearchAnswer answer_;
  Explain explain_;
  uint64_t blocks_tried_ = 0;   // sealed blocks opened by this call
  uint64_t indexes_asked_ = 0;  // by this call
  uint64_t bytes_ = 0;          // raw bytes looked at by this call
};

}  // namespace kseek::query
