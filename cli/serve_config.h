// The settings of `kseek serve`, and kseek.toml.
#pragma once

#include <string>

#include "base/result.h"
#include "indexer/indexer.h"
#include "server/http_server.h"
#include "store/store.h"

namespace kseek::cli {

struct ServeConfig {
  std::string data_dir;
  server::ServerOptions server;
  store::StoreOptions store;
  indexer::IndexerOptions indexer;  ///< brokers too
};

/// Reads kseek.toml over what `config` has. Tables and their keys:
///   [server]  listen, max_connections, search_threads, search_deadline, idle_timeout
///   [store]   data_dir, block_max_messages, block_max_bytes, blocks_per_segment, merge_width, max_level,
///             block_cache_bytes, write_buffer_bytes
///   [indexer] brokers, memory_limit_bytes, seal_after, watermark_interval, metadata_interval, compaction_interval,
///             workers, max_topics, dead_letter_topic
///   [kafka]   any librdkafka property
/// Spans are texts ("300s", "5m"). kInvalid names the file, the line, the key and what was expected; kNotFound.
[[nodiscard]] Result<void> read_config(const std::string& path, ServeConfig& config);

}  // namespace kseek::cli
