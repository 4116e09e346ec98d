// A search told as it goes on: events "hits" as they become certain, "progress" after each round, "summary" at the end
// (the answer less its hits), or "error". A round is a search with a short deadline; the next one follows its cursor,
// so together they find what one long search would.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include "query/request.h"
#include "server/metrics.h"
#include "server/stream_hub.h"
#include "store/store.h"

namespace kseek::server {

class SearchStream final : public StreamWork {
 public:
  /// `starting`: further reasons why the answer can't be complete. A summary comes after `deadline` at the latest (and
  /// then has a cursor).
  SearchStream(const store::Store& store, Metrics& metrics, query::SearchRequest request,
               std::vector<std::string> starting, std::chrono::milliseconds deadline);

  Next step(EventStream& stream) override;
  bool ready() override { return true; }

  /// Where the answer ended, once step() gave kEnd; empty after an error.
  [[nodiscard]] const std::vector<query::PartitionCoverage>& coverage() const { return total_.coverage; }
  [[nodiscard]] bool failed() const { return failed_; }

 private:
  using Clock = std::chrono::steady_clock;
  void add(query::SearchAnswer&& round);
  void tell_progress(EventStream& stream) const;

  const store::Store& store_;
  Metrics& metrics_;
  query::SearchRequest request_;
  const std::vector<std::string> starting_;
  const std::chrono::milliseconds deadline_;
  const Clock::time_point began_ = Clock::now();
  const size_t limit_;
  const bool explain_;
  size_t given_ = 0;
  size_t rounds_ = 0;
  bool failed_ = false;
  query::SearchAnswer total_;             // less the hits
  std::optional<std::string> cut_short_;  // why the last round ended before it had the answer
};

}  // namespace kseek::server
