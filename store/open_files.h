// How many files the process may have open. Internal to store/.
#pragma once

#include <cstddef>

namespace kseek::store {

/// The limit as it stands now (`ulimit -n`): what keeps files open takes its share of it.
[[nodiscard]] size_t open_file_limit();
/// What to do about "too many open files".
inline constexpr const char* kOpenFilesHint = "raise the limit of open files (ulimit -n, or LimitNOFILE= of systemd)";

}  // namespace kseek::store
