// One search at work: rounds over the candidates until the page is full, nothing is left, or time or bytes ran out.
// cursor.h says what a round is and why. One thread, which the helpers of read_ahead.h work for.
#pragma once

#include <chrono>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "query/block_scanner.h"
#include "query/candidates.h"
#include "query/cursor.h"
#include "query/read_ahead.h"
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
  Result<Stop> open_blocks(CandidateQueue& queue, ReadAhead& ahead, TopHits& top);
  [[nodiscard]] std::optional<Stop> must_stop(const store::BlockMeta* next) const;
  /// Has blocks behind the next one opened by helpers, and segments asked meanwhile.
  void look_ahead(CandidateQueue& queue, ReadAhead& ahead, const TopHits& top);
  /// Whether one more is worth it.
  [[nodiscard]] bool looks_further(const ReadAhead& ahead, const TopHits& top) const;
  void ask_index(CandidateQueue& queue);
  /// How many segments are asked at once, where asking takes long: the more, the more had to be asked already.
  [[nodiscard]] size_t segments_at_once() const;
  /// Nothing from there on has a place in the page.
  [[nodiscard]] bool ends_before(const TopHits& top, const SortKey& best) const {
    return top.full() && precedes(top.last(), best, request_.order);
  }
  /// What a block of the partition has to find. REQUIRES: the partition counts.
  [[nodiscard]] ScanLimits limits_for(uint32_t topic, PartitionId partition, const TopHits& top) const;
  /// Opens and verifies a block. Any thread, several at once.
  ScannedBlock scan_block(const Candidate& candidate, const ScanLimits& limits);
  void take_found(ScannedBlock scanned, TopHits& top);
  void add_hits(BlockScanner::Found found, TopHits& top);
  void cut_round(Stop why, const SortKey& next_bound, TopHits& top);
  /// Loads the hits' texts, several at once, and adds them to the answer.
  void give(std::span<RankedHit> hits);
  void give(RankedHit hit, const Result<void>& loaded);
  [[nodiscard]] std::unique_ptr<BlockScanner> borrow_scanner();
  void give_back(std::unique_ptr<BlockScanner> scanner);
  [[nodiscard]] bool cancelled() const;
  void add_reason(std::string reason);
  void finish();

  const SearchRequest& request_;
  std::vector<TopicScope> topics_;
  Cursor cursor_;
  const Clock::time_point began_;
  std::optional<IndexFilter> filter_;
  std::optional<Prefilter> prefilter_;
  store::Columns columns_;  // that the condition needs
  std::mutex scanners_mu_;
  std::vector<std::unique_ptr<BlockScanner>> scanners_;  // guarded by scanners_mu_: those that nobody uses now
  Window window_;
  SearchAnswer answer_;
  Explain explain_;
  uint64_t blocks_tried_ = 0;   // sealed blocks taken by this call
  uint64_t indexes_asked_ = 0;  // by this call
  uint64_t bytes_ = 0;          // raw bytes looked at by this call
};

}  // namespace kseek::query
