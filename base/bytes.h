// Sizes with their unit: 4_MiB.
#pragma once

#include <cstdint>

namespace kseek {

inline namespace literals {
constexpr uint64_t operator""_KiB(unsigned long long n) { return n << 10; }
constexpr uint64_t operator""_MiB(unsigned long long n) { return n << 20; }
constexpr uint64_t operator""_GiB(unsigned long long n) { return n << 30; }
}  // namespace literals

/// Larger messages (key + value + headers) are dead letters.
inline constexpr uint64_t kMaxMessageBytes = 10_MiB;

}  // namespace kseek
