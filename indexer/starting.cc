#include "indexer/starting.h"

namespace kseek::indexer {

std::vector<std::string> starting_reasons(const Indexer& indexer, const std::vector<std::string>& topics) {
  std::vector<std::string> reasons;
  for (const std::string& topic : topics) {
    const auto status = indexer.status(topic);
    if (!status || status->state != TopicState::kStarting) continue;
    reasons.push_back(topic + " is starting" + (status->reason.empty() ? "" : ": " + status->reason));
  }
  return reasons;
}

}  // namespace kseek::indexer
