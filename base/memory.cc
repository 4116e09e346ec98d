#include "base/memory.h"

#include <cstdlib>

#ifdef __GLIBC__
#include <malloc.h>
#endif

namespace kseek {

void give_back_memory([[maybe_unused]] size_t kept) {
#ifdef __GLIBC__
  if (mallinfo2().fordblks > kept) malloc_trim(0);
#endif
}

}  // namespace kseek
