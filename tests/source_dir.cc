#include "tests/source_dir.h"

namespace kseek {

const char* source_dir() { return KSEEK_SOURCE_DIR; }
const char* binary_dir() { return KSEEK_BINARY_DIR; }

}  // namespace kseek
