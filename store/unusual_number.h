// JSON numbers that the index can't tell by their digits: 1e3 is 1000, 41.99999999999999999999 is as good as 42. A
// block that has one in a value gets a term of its own, so that a search for a number finds its block in any case.
#pragma once

#include <string_view>

namespace kseek::store {

/// The term, below Field::kValue; no token is like it.
inline constexpr std::string_view kUnusualNumber = "\x01number";

/// Whether the digits of a decimal number settle what it equals: at most so many in all when it has a fraction …
inline constexpr size_t kMaxFractionDigits = 18;
/// … and without one.
inline constexpr size_t kMaxIntegerDigits = 19;

/// True for text that begins as a JSON object or array does.
[[nodiscard]] bool looks_like_json(std::string_view text);

/// True if the text, a JSON object or array, may hold a number with an exponent, or with more digits than that. Any
/// other text gets an answer that means nothing. About 1 GB/s.
[[nodiscard]] bool has_unusual_number(std::string_view json);

}  // namespace kseek::store
