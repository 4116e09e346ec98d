#include "bench/compare/page_cache.h"

#include <fcntl.h>
#include <unistd.h>

namespace kseek::bench {

void drop_page_cache(const std::filesystem::path& dir) {
  std::error_code error;
  for (const auto& file : std::filesystem::recursive_directory_iterator(dir, error)) {
    const int fd = open(file.path().c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0) continue;
    fdatasync(fd);  // dirty pages can't be dropped
    posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED);
    close(fd);
  }
}

}  // namespace kseek::bench
