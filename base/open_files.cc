#include "base/open_files.h"

#include <sys/resource.h>

#include <algorithm>

namespace kseek {

size_t open_file_limit() {
  rlimit limit{};
  return getrlimit(RLIMIT_NOFILE, &limit) == 0 ? static_cast<size_t>(limit.rlim_cur) : kEnoughOpenFiles;
}

size_t raise_open_file_limit() {
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return kEnoughOpenFiles;
  if (limit.rlim_cur < limit.rlim_max) {
    rlimit raised = limit;
    raised.rlim_cur = limit.rlim_max;
    if (setrlimit(RLIMIT_NOFILE, &raised) == 0) limit = raised;
  }
  return static_cast<size_t>(limit.rlim_cur);
}

FileShares file_shares() {
  constexpr size_t kMostTables = 512;
  constexpr size_t kMostSegments = 16'384;
  const size_t limit = open_file_limit();
  return {std::min(kMostTables, limit / 4), std::min(kMostSegments, limit / 4), limit / 8 * 3};
}

}  // namespace kseek
