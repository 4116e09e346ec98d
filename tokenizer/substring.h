// Inside tokenizer/: finding one needle in many short texts. Any thread.
#pragma once

#include <string>
#include <string_view>

namespace kseek::tokenizer {

/// Compares two bytes of the needle at 16 places at once (W. Muła, "SIMD-friendly algorithms for substring searching"):
/// unlike memmem it prepares nothing per text and does not stumble over a frequent first byte.
class SubstringFinder {
 public:
  SubstringFinder() = default;
  explicit SubstringFinder(std::string needle);

  [[nodiscard]] const std::string& needle() const { return needle_; }
  /// The first place from `from` on, or npos. An empty needle is everywhere.
  [[nodiscard]] size_t find(std::string_view text, size_t from = 0) const;

 private:
  std::string needle_;
  size_t rare_ = 0;  // the place of the byte that is compared beside the last one
};

}  // namespace kseek::tokenizer
