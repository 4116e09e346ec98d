// Inside tokenizer/: finding one needle in many short texts. Any thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace kseek::tokenizer {

/// Compares two bytes of the needle at 16 places at once (W. Muła, "SIMD-friendly algorithms for substring searching"):
/// unlike memmem it prepares nothing per text and does not stumble over a frequent first byte.
class SubstringFinder {
 public:
  enum class Case : uint8_t {
    kExact,
    kAnyAscii,  ///< ASCII letters match in upper and lower case. REQUIRES: a needle without upper-case ones
  };

  SubstringFinder() = default;
  explicit SubstringFinder(std::string needle, Case letters = Case::kExact);

  [[nodiscard]] const std::string& needle() const { return needle_; }
  [[nodiscard]] Case letters() const { return letters_; }
  /// The first place from `from` on, or npos. An empty needle is everywhere.
  [[nodiscard]] size_t find(std::string_view text, size_t from = 0) const;

 private:
  class Lanes;
  [[nodiscard]] bool stands_at(const char* place) const;

  std::string needle_;
  Case letters_ = Case::kExact;
  // The places of the two bytes that are compared first.
  size_t rare_ = 0;
  size_t second_ = 0;
};

}  // namespace kseek::tokenizer
