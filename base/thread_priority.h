// Which threads go first when all cores are busy. Any thread.
#pragma once

namespace kseek {

/// For threads whose work can wait, unlike that of those whom a person waits for: from now on the calling thread, and
/// the threads that it starts, get a third of the others' share (nice 5 more), and still all that nobody else wants. No
/// effect where threads have no priority of their own (elsewhere than on Linux).
void let_others_go_first();

}  // namespace kseek
