// How many files the process may have open, and who of it gets how many. Any thread.
#pragma once

#include <cstddef>

namespace kseek {

/// The limit as it stands now (`ulimit -n`): what keeps files open takes its share of it.
[[nodiscard]] size_t open_file_limit();

/// Raises the soft limit to the hard one, for the whole process; the limit that now holds. Before shares are taken.
size_t raise_open_file_limit();

/// Below this limit kseek says at its start that it is low.
inline constexpr size_t kEnoughOpenFiles = 1'024;

/// What is left of the limit is for what is open for a moment (searches, merges), for Kafka's brokers and the rest.
struct FileShares {
  size_t database = 0;     ///< RocksDB's tables
  size_t segments = 0;     ///< of segments' readers that wait for the next search
  size_t connections = 0;  ///< of HTTP clients
};
[[nodiscard]] FileShares file_shares();

/// What to do about "too many open files".
inline constexpr const char* kOpenFilesHint = "raise the limit of open files (ulimit -n, or LimitNOFILE= of systemd)";

}  // namespace kseek
