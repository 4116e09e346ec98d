#include "tests/server/temp_dir.h"

#include <cstdlib>
#include <stdexcept>
#include <system_error>

namespace kseek::testing {

TempDir::TempDir() {
  std::string pattern = (std::filesystem::temp_directory_path() / "kseek-test-XXXXXX").string();
  if (mkdtemp(pattern.data()) == nullptr) throw std::runtime_error("can't make " + pattern);
  path_ = pattern;
}

TempDir::~TempDir() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

}  // namespace kseek::testing
