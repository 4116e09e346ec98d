#include "store/segment_files.h"

#include <fcntl.h>
#include <unistd.h>
#include <xapian.h>
#include <xxhash.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <exception>
#include <memory>
#include <mutex>
#include <set>
#include <system_error>
#include <vector>

#include <fmt/format.h>

#include "base/fault_point.h"
#include "base/open_files.h"

namespace kseek::store {
namespace {

namespace fs = std::filesystem;

constexpr const char* kRebuildHint = "rebuild the index with `kseek reindex TOPIC`";

Error unavailable(const std::string& what, const fs::path& path, int error) {
  return {ErrorCode::kUnavailable,
          fmt::format("can't {} {}: {}", what, path.string(), std::generic_category().message(error)),
          error == EMFILE ? kOpenFilesHint : "check space and permissions of the data directory"};
}

/// A file descriptor that closes itself.
class Descriptor {
 public:
  explicit Descriptor(int fd) : fd_(fd) {}
  ~Descriptor() {
    if (fd_ >= 0) ::close(fd_);
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  [[nodiscard]] int get() const { return fd_; }

 private:
  const int fd_;
};

Result<std::vector<fs::path>> files_by_name(const fs::path& directory) {
  std::vector<fs::path> files;
  std::error_code error;
  for (fs::directory_iterator each(directory, error), end; !error && each != end; each.increment(error)) {
    files.push_back(each->path());
  }
  if (error == std::errc::no_such_file_or_directory) {
    return Error{ErrorCode::kCorrupt, fmt::format("index segment {} is gone", directory.string()), kRebuildHint};
  }
  if (error) return unavailable("list", directory, error.value());
  std::sort(files.begin(), files.end());
  return files;
}

Result<FilesDigest> sync_and_rename(const fs::path& building, const fs::path& path) {
  KSEEK_ASSIGN(const std::vector<fs::path> files, files_by_name(building));
  for (const fs::path& file : files) KSEEK_TRY(sync_path(file));
  KSEEK_TRY(sync_path(building));
  KSEEK_TRY(fault_point("segment.synced"));
  KSEEK_ASSIGN(const FilesDigest digest, digest_files(building));
  std::error_code error;
  fs::rename(building, path, error);
  if (error) return unavailable("rename to", path, error.value());
  crash_point("segment.renamed");
  if (auto synced = sync_path(path.parent_path()); !synced) {
    fs::remove_all(path, error);
    return std::move(synced).error();
  }
  return digest;
}

}  // namespace

std::string database_path(const fs::path& path) {
  std::error_code error;
  const fs::path single = path / kSingleFileName;
  return fs::exists(single, error) ? single.string() : path.string();
}

namespace {

std::mutex suspects_mu;
std::set<fs::path> suspects;  // guarded by suspects_mu

}  // namespace

void suspect_segment(const fs::path& path) {
  const std::lock_guard lock(suspects_mu);
  suspects.insert(path);
}

bool take_suspicion(const fs::path& path) {
  const std::lock_guard lock(suspects_mu);
  return suspects.erase(path) > 0;
}

uint64_t files_bytes(const fs::path& directory) {
  const auto files = files_by_name(directory);
  if (!files) return 0;
  uint64_t bytes = 0;
  for (const fs::path& file : *files) {
    std::error_code error;
    const auto size = fs::file_size(file, error);
    if (!error) bytes += size;
  }
  return bytes;
}

Result<void> sync_path(const fs::path& path) {
  const Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (file.get() < 0) return unavailable("open", path, errno);
  if (::fsync(file.get()) != 0) return unavailable("sync", path, errno);
  return {};
}

Result<FilesDigest> digest_files(const fs::path& directory) {
  KSEEK_ASSIGN(const std::vector<fs::path> files, files_by_name(directory));
  const std::unique_ptr<XXH3_state_t, XXH_errorcode (*)(XXH3_state_t*)> state(XXH3_createState(), XXH3_freeState);
  XXH3_64bits_reset(state.get());
  FilesDigest digest;
  std::vector<char> buffer(256 * 1024);
  for (const fs::path& path : files) {
    const Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
    if (file.get() < 0) return unavailable("open", path, errno);
    for (;;) {
      const ssize_t bytes = ::read(file.get(), buffer.data(), buffer.size());
      if (bytes < 0 && errno == EINTR) continue;
      if (bytes < 0 && errno == EIO) {
        return Error{ErrorCode::kCorrupt, fmt::format("the disk can't read {}", path.string()), kRebuildHint};
      }
      if (bytes < 0) return unavailable("read", path, errno);
      if (bytes == 0) break;
      XXH3_64bits_update(state.get(), buffer.data(), static_cast<size_t>(bytes));
      digest.bytes += static_cast<uint64_t>(bytes);
    }
  }
  digest.checksum = XXH3_64bits_digest(state.get());
  return digest;
}

Result<FilesDigest> publish_directory(const fs::path& path,
                                      const std::function<Result<void>(const fs::path& building)>& build) {
  std::error_code error;
  if (fs::exists(path, error)) {
    return Error{ErrorCode::kConflict, fmt::format("index segment {} exists already", path.string()), ""};
  }
  fs::path building = path;
  building += ".building";
  fs::remove_all(building, error);  // of a crash
  if (!fs::create_directory(building, error)) return unavailable("create", building, error.value());
  auto built = build(building);
  if (built) built = fault_point("segment.built");
  Result<FilesDigest> published = built ? sync_and_rename(building, path) : Result<FilesDigest>(built.error());
  if (!published) fs::remove_all(building, error);
  return published;
}

Result<void> translate_exceptions(const fs::path& path, const std::function<Result<void>()>& work) {
  const auto error = [&path](ErrorCode code, const std::string& what, const char* hint) {
    return Error{code, fmt::format("index segment {}: {}", path.string(), what), hint};
  };
  try {
    return work();
  } catch (const Xapian::DatabaseNotFoundError& e) {
    return error(ErrorCode::kCorrupt, e.get_description(), kRebuildHint);
  } catch (const Xapian::DatabaseVersionError& e) {
    return error(ErrorCode::kCorrupt, e.get_description(), kRebuildHint);
  } catch (const Xapian::DatabaseOpeningError& e) {
    const bool damaged = e.get_error_string() == nullptr;  // no errno: the files were read, and make no sense
    return error(damaged ? ErrorCode::kCorrupt : ErrorCode::kUnavailable, e.get_description(),
                 damaged ? kRebuildHint : "check files and permissions of the data directory");
  } catch (const Xapian::DatabaseCorruptError& e) {
    return error(ErrorCode::kCorrupt, e.get_description(), kRebuildHint);
  } catch (const Xapian::DatabaseError& e) {
    return error(ErrorCode::kUnavailable, e.get_description(), "check space and permissions of the data directory");
  } catch (const Xapian::Error& e) {
    return error(ErrorCode::kCorrupt, e.get_description(), kRebuildHint);
  } catch (const std::bad_alloc&) {
    return error(ErrorCode::kUnavailable, "out of memory", "");
  } catch (const std::exception& e) {
    return error(ErrorCode::kInternal, e.what(), "");
  }
}

}  // namespace kseek::store
