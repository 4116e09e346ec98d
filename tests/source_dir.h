// Where the repository and the build are, for tests that read or run what is there. In a source file of its own, so
// that no other object depends on the place: builds of clones elsewhere share compiled tests (ccache).
#pragma once

namespace kseek {

[[nodiscard]] const char* source_dir();  ///< the repository's root
[[nodiscard]] const char* binary_dir();  ///< the build's root

}  // namespace kseek
