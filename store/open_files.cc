#include "store/open_files.h"

#include <sys/resource.h>

namespace kseek::store {

size_t open_file_limit() {
  rlimit limit{};
  constexpr size_t kUsual = 1'024;
  return getrlimit(RLIMIT_NOFILE, &limit) == 0 ? static_cast<size_t>(limit.rlim_cur) : kUsual;
}

}  // namespace kseek::store
