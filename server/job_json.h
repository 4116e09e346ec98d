// The JSON of jobs and of dead letters. Each returns one JSON object as text, in valid UTF-8. Any thread, no state.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "indexer/jobs.h"
#include "store/topic_store.h"

namespace kseek::server {

[[nodiscard]] std::string job_json(const indexer::JobStatus& job);
/// {"jobs":[…]}
[[nodiscard]] std::string jobs_json(const std::vector<indexer::JobStatus>& jobs);

/// {"topic","dead_letters":[…],"next"}: the newest `limit` of those behind `before`, which is what "next" of an earlier
/// page said (empty: from the newest on); "next" is null when there are no more. kInvalid: `before` is none of these.
[[nodiscard]] Result<std::string> dead_letters_page(const store::TopicStore& topic, const std::string& name,
                                                    size_t limit, std::string_view before);

/// Reads {"source","from","rate_limit"}; an empty body is {}. kInvalid names the member and what was expected.
[[nodiscard]] Result<indexer::ReindexRequest> parse_reindex_body(const std::string& topic, std::string_view body);

}  // namespace kseek::server
