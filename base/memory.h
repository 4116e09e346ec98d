// What the allocator keeps.
#pragma once

namespace kseek {

/// Gives memory that was freed, but that the allocator holds in its arenas, back to the system. Threads that come and
/// go and blocks of all sizes leave some hundred megabytes there in an hour otherwise. Takes milliseconds; any thread.
/// Without effect where the allocator is not glibc's.
void give_back_memory();

}  // namespace kseek
