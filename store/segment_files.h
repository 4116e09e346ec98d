// The files of a segment's directory: built beside their final name, synced, hashed, renamed. For segment_*.cc only.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>

#include "base/result.h"

namespace kseek::store {

/// Older merged segments are this one file in their directory, others a directory of Xapian's glass backend.
inline constexpr const char* kSingleFileName = "segment.glass";

/// What Xapian is asked to open for a segment at `path`.
[[nodiscard]] std::string database_path(const std::filesystem::path& path);

struct FilesDigest {
  uint64_t bytes = 0;     ///< sum of the files' sizes
  uint64_t checksum = 0;  ///< XXH3-64 of their contents, in the order of their names
};
/// kUnavailable when a file can't be read, kCorrupt when the directory is not there.
[[nodiscard]] Result<FilesDigest> digest_files(const std::filesystem::path& directory);

/// The sum of the sizes of the directory's files; 0 if it is not there, or can't be read.
[[nodiscard]] uint64_t files_bytes(const std::filesystem::path& directory);

/// Somebody could not read the segment at `path`: it is to be verified. Any thread.
void suspect_segment(const std::filesystem::path& path);
/// True if it is suspected; then it is no longer.
[[nodiscard]] bool take_suspicion(const std::filesystem::path& path);

/// What the file has, or which entries the directory has, survives power loss when it returns. kUnavailable.
[[nodiscard]] Result<void> sync_path(const std::filesystem::path& path);

/// Runs `build` on a new directory beside `path`, syncs the files and the directory, renames it to `path` and syncs the
/// parent. On failure nothing is left at either name. kConflict if `path` exists.
[[nodiscard]] Result<FilesDigest> publish_directory(
    const std::filesystem::path& path, const std::function<Result<void>(const std::filesystem::path& building)>& build);

/// Runs `work` and turns what Xapian or the library throws into an Error that names `path`.
[[nodiscard]] Result<void> translate_exceptions(const std::filesystem::path& path,
                                                const std::function<Result<void>()>& work);

}  // namespace kseek::store
