// The JSON of jobs and of dead letters. Each returns one JSON object as text, in valid UTF-8. Any thread, no state.
#pragma once

#include <string>
#include <vector>

#include "indexer/jobs.h"
#include "store/topic_store.h"

namespace kseek::server {

[[nodiscard]] std::string job_json(const indexer::JobStatus& job);
/// {"jobs":[…]}
[[nodiscard]] std::string jobs_json(const std::vector<indexer::JobStatus>& jobs);

/// {"topic","dead_letters":[…],"next"}: `next` is what `before` is to be for those after them; null: there are no more.
[[nodiscard]] std::string dead_letters_json(const std::string& topic, const std::vector<store::DeadLetter>& letters,
                                            bool more);

/// Reads {"source","from","rate_limit"}; an empty body is {}. kInvalid names the member and what was expected.
[[nodiscard]] Result<indexer::ReindexRequest> parse_reindex_body(const std::string& topic, std::string_view body);

}  // namespace kseek::server
