// Bulk-loads `kcat -J` dumps (one JSON object a line) into a topic's store; no broker needed.
#pragma once

#include <cstdint>
#include <functional>
#include <iosfwd>
#include <memory>
#include <string>

#include "base/result.h"
#include "store/store.h"

namespace kseek::indexer {

class Redactor;

struct ImportStats {
  uint64_t messages = 0;
  uint64_t duplicates = 0;  ///< there already, as a message or as a dead letter: skipped
  uint64_t expired = 0;     ///< older than the topic keeps messages, and no more there: skipped
  uint64_t dead_letters = 0;
  uint64_t numbered = 0;     ///< lines without offset, which were given one: a second import would take them again
  uint64_t raw_bytes = 0;    ///< of keys, values and headers
  uint64_t input_bytes = 0;  ///< read so far
};

struct ImportOptions {
  unsigned workers = 0;  ///< background threads; 0: one a core
  uint64_t memory_limit_bytes = 512'000'000;
  std::shared_ptr<const Redactor> redactor = {};  ///< what is taken out of messages before they are stored
};

/// Reads `input` to its end; everything is sealed, indexed and synced when it returns. The dump's partition, offset and
/// time are kept; a line without offset goes to partition 0 (or its own) at the next one. `progress` is called now and
/// then from the calling thread, and last when the import has ended, also with an error. kInvalid names `name`, the
/// line and what was expected; kConflict the line of a message that is not there and comes before what is loaded
/// already: lines before it stay loaded. kConflict, and nothing read: the topic is read from Kafka.
[[nodiscard]] Result<ImportStats> import_dump(store::TopicStore& topic, std::istream& input, const std::string& name,
                                              const ImportOptions& options,
                                              const std::function<void(const ImportStats&)>& progress);

}  // namespace kseek::indexer
