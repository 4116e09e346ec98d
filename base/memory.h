// What the allocator keeps.
#pragma once

#include <cstddef>

namespace kseek {

/// Gives memory that was freed, but that the allocator holds in its arenas, back to the system when it is more than
/// `kept` bytes. Threads that come and go and blocks of all sizes leave some hundred megabytes there otherwise. Takes
/// milliseconds; any thread. Without effect where the allocator is not glibc's.
void give_back_memory(size_t kept);

}  // namespace kseek
