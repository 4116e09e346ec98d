// The job that builds a topic's index anew from its stored messages, on all cores. Private to indexer/.
#pragma once

#include "base/result.h"
#include "indexer/job_control.h"
#include "store/topic_store.h"

namespace kseek::indexer {

/// True: the new index serves. False: it was wished to end before (what is built is left for another call).
/// A full disk is waited out, said in the note. Errors: the index can't be built; nothing of it is left.
[[nodiscard]] Result<bool> reindex_from_store(store::TopicStore& topic, unsigned threads, uint64_t rate_limit,
                                              JobControl& control);

}  // namespace kseek::indexer
