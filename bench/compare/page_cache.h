// The page cache, as far as a benchmark needs it.
#pragma once

#include <filesystem>

namespace kseek::bench {

/// Writes back and drops from the page cache what it holds of the files below `dir` (posix_fadvise). Pages that a
/// process has mapped stay: close the index first.
void drop_page_cache(const std::filesystem::path& dir);

}  // namespace kseek::bench
