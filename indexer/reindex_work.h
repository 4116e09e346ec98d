// What the job runner does for a reindex, over the indexer's parts. Private to indexer/.
#pragma once

#include "indexer/indexer.h"
#include "indexer/job_runner.h"
#include "indexer/switch_over.h"

namespace kseek::indexer {

/// `options` is borrowed, and what the board names.
[[nodiscard]] JobRunner::Work reindex_work(const Switchboard& board, const IndexerOptions& options);

}  // namespace kseek::indexer
