// What an answer from the store must add when the store is being filled. Any thread.
#pragma once

#include <string>
#include <vector>

#include "indexer/indexer.h"

namespace kseek::indexer {

/// Why an answer about these topics can't be complete: those that are not tailed yet, so that some of their partitions
/// may not be known, each with its reason. Names that are not opened are left out.
[[nodiscard]] std::vector<std::string> starting_reasons(const Indexer& indexer, const std::vector<std::string>& topics);

}  // namespace kseek::indexer
