// The candidates of a round, opened and verified in their order: the first one by the search's own thread, the next
// ones ahead of it by the ScanPool's helpers, more of them the longer the search goes on. What comes out, and in which
// order, does not depend on who did it.
//
// One thread (the search's); the work itself runs on any, several at once. Ending it waits for work that was begun.
#pragma once

#include <atomic>
#include <deque>
#include <functional>
#include <memory>
#include <optional>

#include "query/block_scanner.h"
#include "query/candidates.h"

namespace kseek::query {

/// What came of a block.
struct ScannedBlock {
  Candidate candidate;
  Result<BlockScanner::Found> found = BlockScanner::Found();
  bool expired = false;  ///< it was no longer there
  uint64_t bytes_read = 0;
  double read_ms = 0, verify_ms = 0;
};

class ReadAhead {
 public:
  using Work = std::function<ScannedBlock(const Candidate&, const ScanLimits&)>;
  /// What a block opened now has to find; nullopt: what the search has found makes it useless.
  using Limits = std::function<std::optional<ScanLimits>(const Candidate&, const SortKey& best)>;

  /// Borrows them all. `work` may be called by many threads at once.
  ReadAhead(CandidateQueue& queue, Work work, Limits limits);
  ~ReadAhead();
  ReadAhead(const ReadAhead&) = delete;
  ReadAhead& operator=(const ReadAhead&) = delete;

  /// As CandidateQueue's, of what was not taken yet.
  [[nodiscard]] std::optional<SortKey> best() const;
  [[nodiscard]] const store::BlockMeta* next_block() const;
  /// Blocks that are under way, or would be if a helper were free.
  [[nodiscard]] size_t blocks() const { return tasks_.size(); }
  /// How many messages of them match, were matches spread at random over the slices that may have one.
  [[nodiscard]] double hits_expected() const;
  /// Puts the queue's next block under way; the first one waits for take(). False: none comes up before the next
  /// segment, it is of no use, or it isn't the first and there would be more than `raw_bytes` under way.
  bool add(uint64_t raw_bytes);
  /// Lets a helper have the first one too: the search's own thread has something else to do.
  void share_first();
  /// The next block, opened and verified. REQUIRES: next_block().
  [[nodiscard]] ScannedBlock take();

  /// Blocks that were opened in vain, once nothing more is taken, and what was read of them. Waits for those that were
  /// begun.
  struct Unneeded {
    uint64_t blocks = 0;
    uint64_t bytes_read = 0;
  };
  Unneeded close();

 private:
  struct Task {
    enum class State : uint8_t { kWaiting, kClaimed, kDone, kCancelled };
    std::atomic<State> state{State::kWaiting};
    Candidate candidate;
    SortKey best;
    ScanLimits limits;
    bool shared = false;  // the helpers know of it
    ScannedBlock result;  // written by who claimed it, before kDone

    /// True: it is the caller's to run.
    bool claim(State as = State::kClaimed);
    void run(const Work& work);
    void wait() const;
  };

  void share(const std::shared_ptr<Task>& task);

  CandidateQueue& queue_;
  const Work work_;
  const Limits limits_;
  std::deque<std::shared_ptr<Task>> tasks_;  // in the order of the candidates
};

}  // namespace kseek::query
